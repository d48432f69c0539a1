package model

import (
	"errors"
	"fmt"
)

// TCP describes an open connection that has paused: its congestion window is back at its initial
// size and doubles with every round trip (slow start, RFC 5681), so a payload larger than the
// window waits for acknowledgements. The model assumes that the link loses nothing and that the
// receiver acknowledges every segment at once. There is no handshake, because the client keeps its
// connection.
type TCP struct {
	// InitialWindow is the congestion window after a pause, in segments: 10 by RFC 6928, to which
	// Linux returns if tcp_slow_start_after_idle is set.
	InitialWindow int
	Segment       Bytes // payload of one segment (MSS)
}

// DefaultTCP is a connection over Ethernet frames of 1500 bytes: a window of 10 segments of 1460
// bytes.
func DefaultTCP() *TCP { return &TCP{InitialWindow: 10, Segment: 1460} }

// Validate returns an error that names every field that is out of its bounds.
func (t TCP) Validate() error {
	errs := []error{positive("tcp: segment", t.Segment)}
	if t.InitialWindow < 1 {
		errs = append(errs, fmt.Errorf("tcp: initial window: want at least 1 segment, got %d", t.InitialWindow))
	}
	return errors.Join(errs...)
}

// SlowStart is the time beyond size/rate that it takes to send size bytes, because the sender waits
// for acknowledgements. After window k of W_k bytes it pauses until the acknowledgement of the
// window's first segment arrives, one round trip and one segment's transmission time after the
// window began:
//
//	sum over every window but the last of max(0, t_RTT + (MSS - W_k) / B),  W_k = 2^k * W_0
//
// It is the latency formula for static windows in Kurose and Ross, Computer Networking, chapter 3,
// without the handshake.
func (t TCP) SlowStart(size Bytes, rate BytesPerSecond, rtt Seconds) Seconds {
	var stalled Seconds
	window := Bytes(t.InitialWindow) * t.Segment
	for sent := window; sent < size; sent += window {
		stall := rtt + t.Segment.At(rate) - window.At(rate)
		if stall <= 0 {
			break // the window covers the path: the sender no longer waits
		}
		stalled += stall
		window *= 2
	}
	return stalled
}
