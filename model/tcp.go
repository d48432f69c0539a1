package model

import (
	"errors"
	"fmt"
)

// TCP describes a connection that is warm but has paused: its congestion
// window has fallen back to the initial one and doubles with every round trip
// (slow start, RFC 5681), so a payload above the window waits for
// acknowledgements. Links are taken to lose nothing and receivers to
// acknowledge every segment at once; there is no handshake, since the client
// keeps its connection.
type TCP struct {
	// InitialWindow is the congestion window after a pause, in segments: 10 by
	// RFC 6928, and what Linux returns to with tcp_slow_start_after_idle.
	InitialWindow int
	// Segment is the payload of one segment (MSS).
	Segment Bytes
}

// DefaultTCP is a connection over Ethernet frames of 1500 bytes: windows of 10
// segments of 1460 bytes.
func DefaultTCP() *TCP { return &TCP{InitialWindow: 10, Segment: 1460} }

// Validate returns an error that names every field that is out of its bounds.
func (t TCP) Validate() error {
	errs := []error{positive("tcp: segment", t.Segment)}
	if t.InitialWindow < 1 {
		errs = append(errs, fmt.Errorf("tcp: initial window: want at least 1 segment, got %d", t.InitialWindow))
	}
	return errors.Join(errs...)
}

// SlowStart is the time that sending size bytes at the rate takes beyond
// size/rate, because the sender must wait for acknowledgements. After window k
// of W_k bytes it stands still until the first segment's acknowledgement is
// back, which is a round trip and one segment's own time after it began:
//
//	sum over every window but the last of max(0, t_RTT + (MSS - W_k) / B),  W_k = 2^k * W_0
//
// It is the latency formula for static windows in Kurose and Ross, Computer
// Networking, chapter 3, without the handshake.
func (t TCP) SlowStart(size Bytes, rate BytesPerSecond, rtt Seconds) Seconds {
	var stalled Seconds
	window := Bytes(t.InitialWindow) * t.Segment
	for sent := window; sent < size; sent += window {
		stall := rtt + t.Segment.At(rate) - window.At(rate)
		if stall <= 0 {
			break // the window covers the path: nothing waits from here on
		}
		stalled += stall
		window *= 2
	}
	return stalled
}

// RoundTrips is the number of times that a sender of size bytes waits for an
// acknowledgement on a path that is long against its windows.
func (t TCP) RoundTrips(size Bytes) int {
	n := 0
	window := Bytes(t.InitialWindow) * t.Segment
	for sent := window; sent < size; sent += window {
		n++
		window *= 2
	}
	return n
}
