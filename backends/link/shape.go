// Package link makes a connection behave like a declared link. A program dials
// through a Dialer; what comes back is a net.Conn whose two directions are
// paced, at this end alone:
//
//  1. every write is given a departure on a virtual clock, max(now, last
//     departure) + bytes/rate, and an arrival, departure + propagation delay;
//  2. a thread of its own hands the bytes to the real connection at their
//     arrival, so that the peer sees them when the link would have delivered
//     them;
//  3. what the peer sends is stamped when it comes in, gets its arrival by the
//     same rule, and is released to the reader then;
//  4. how late each hand-over was is recorded (Meter), since an emulator that
//     cannot say how wrong it was is no instrument.
//
// A request of s_in bytes and its answer of s_out bytes so take
//
//	RTT + s_in/up + s_out/down
//
// more than over the bare connection, which is equation 2.2 of Frennborn and
// Oliv, "Neural Networks, Edge Computing or Offloading", Chalmers 2022. Waiting
// is a clock_nanosleep to an absolute time that ends 250 µs early and a spin
// for the rest: timers of the Go runtime overshoot by a millisecond.
//
// Shape{} is the link "direct": it paces nothing and costs a byte count.
//
// For root on a kernel that has it, Netem builds the same profile out of a
// network namespace and the kernel's own netem and TBF queues.
package link

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// A Shape is what a link does to the bytes on it, seen from the device: up is
// from the device to the host. The zero value shapes nothing.
type Shape struct {
	Name    string
	Latency time.Duration // propagation delay, one way
	Up      float64       // bytes per second; 0 is no limit
	Down    float64       // bytes per second; 0 is no limit
	Jitter  Jitter
	Loss    Loss
	Seed    uint64 // of jitter and loss: the same seed draws the same delays
}

// Direct is the name of the link that shapes nothing.
const Direct = "direct"

// Distribution names how a link's jitter is distributed.
type Distribution string

// The distributions of jitter.
const (
	Uniform     Distribution = "uniform"     // between 0 and twice the scale
	Normal      Distribution = "normal"      // of standard deviation scale around the latency
	Exponential Distribution = "exponential" // of mean scale on top of the latency
)

// Jitter varies the propagation delay of each write. Order is kept: a delay
// that would let bytes overtake earlier ones is cut short by waiting for them.
type Jitter struct {
	Distribution Distribution
	Scale        time.Duration // 0 is no jitter
}

// Loss is the chance that a packet is lost. TCP repairs a loss, so what an
// application sees of it is a delay: Retransmit for the first loss of a packet,
// doubled for each further loss of the same packet (RFC 6298, section 5.5).
type Loss struct {
	Probability float64       // of each packet of 1448 bytes, 0 to below 1
	Retransmit  time.Duration // 0 stands for the round trip plus 200 ms, Linux's least timeout
}

// segment is the payload of a full TCP segment on an Ethernet of 1500 bytes
// with timestamps.
const segment = 1448

// maxBackoff bounds the doubling of the retransmission timeout, as Linux does.
const maxBackoff = 120 * time.Second

// Shapes reports whether the link does anything at all.
func (s Shape) Shapes() bool {
	return s.Latency != 0 || s.Up != 0 || s.Down != 0 || s.Jitter.Scale != 0 || s.Loss.Probability != 0
}

// RTT returns the round trip's propagation delay, equation 2.1.
func (s Shape) RTT() time.Duration { return 2 * s.Latency }

// Network returns the time that the link adds to a request of up bytes and its
// answer of down bytes, without jitter and loss: equation 2.2.
func (s Shape) Network(up, down int64) time.Duration {
	return s.RTT() + transmission(int(up), s.Up) + transmission(int(down), s.Down)
}

// LatenessBound is the lateness above which a sample over this link is marked:
// 1 % of the round trip, but no less than 100 µs, which is what waking a thread
// costs on a virtual machine.
func (s Shape) LatenessBound() time.Duration {
	return max(s.RTT()/100, 100*time.Microsecond)
}

// Validate says which field of the shape makes no sense.
func (s Shape) Validate() error {
	switch {
	case s.Latency < 0:
		return fmt.Errorf("link %s: latency is %v; want 0 or more", s.Name, s.Latency)
	case !(s.Up >= 0) || math.IsInf(s.Up, 0):
		return fmt.Errorf("link %s: up is %g B/s; want 0 (no limit) or more", s.Name, s.Up)
	case !(s.Down >= 0) || math.IsInf(s.Down, 0):
		return fmt.Errorf("link %s: down is %g B/s; want 0 (no limit) or more", s.Name, s.Down)
	case s.Jitter.Scale < 0:
		return fmt.Errorf("link %s: jitter is %v; want 0 or more", s.Name, s.Jitter.Scale)
	case !(s.Loss.Probability >= 0 && s.Loss.Probability < 1):
		return fmt.Errorf("link %s: loss is %g; want 0 or more and less than 1", s.Name, s.Loss.Probability)
	case s.Loss.Retransmit < 0:
		return fmt.Errorf("link %s: retransmission delay is %v; want 0 or more", s.Name, s.Loss.Retransmit)
	}
	if s.Jitter.Scale == 0 {
		return nil
	}
	switch s.Jitter.Distribution {
	case Uniform, Normal, Exponential:
		return nil
	}
	return fmt.Errorf("link %s: jitter has the distribution %q; want %s, %s or %s",
		s.Name, s.Jitter.Distribution, Uniform, Normal, Exponential)
}

// transmission returns how long n bytes take at rate bytes per second.
func transmission(n int, rate float64) time.Duration {
	if rate == 0 {
		return 0
	}
	return time.Duration(math.Round(float64(n) / rate * 1e9))
}

// A schedule is the virtual clock of one direction.
type schedule struct {
	latency, retransmit time.Duration
	rate                float64
	jitter              Jitter
	loss                float64
	random              *rand.Rand

	departed, arrived instant // of the bytes before
}

// newSchedule returns the clock of direction way (0 up, 1 down) of the link's
// connection number conn; the two say where in the seed's stream it draws.
func newSchedule(s Shape, rate float64, conn, way uint64) schedule {
	c := schedule{latency: s.Latency, rate: rate, jitter: s.Jitter, loss: s.Loss.Probability, retransmit: s.Loss.Retransmit}
	if c.retransmit == 0 {
		c.retransmit = s.RTT() + 200*time.Millisecond
	}
	if c.jitter.Scale != 0 || c.loss != 0 {
		c.random = rand.New(rand.NewPCG(s.Seed, conn<<1|way))
	}
	return c
}

// arrival puts n bytes handed over at now on the link and returns when the last
// of them comes out at the other end.
func (c *schedule) arrival(now instant, n int) instant {
	c.departed = max(now, c.departed).add(transmission(n, c.rate))
	c.arrived = max(c.arrived, c.departed.add(c.delay(n)))
	return c.arrived
}

// delay draws the propagation delay of n bytes.
func (c *schedule) delay(n int) time.Duration {
	d := c.latency
	if c.random == nil {
		return d
	}
	if scale := float64(c.jitter.Scale); scale != 0 {
		switch c.jitter.Distribution {
		case Uniform:
			d += time.Duration(2 * scale * c.random.Float64())
		case Normal:
			d += time.Duration(scale * c.random.NormFloat64())
		case Exponential:
			d += time.Duration(scale * c.random.ExpFloat64())
		}
		d = max(d, 0)
	}
	if c.loss != 0 {
		// The application sees a write when its last missing packet is
		// there, so the slowest packet counts.
		var slowest time.Duration
		for range (n + segment - 1) / segment {
			var wait time.Duration
			for timeout := c.retransmit; c.random.Float64() < c.loss; timeout = min(2*timeout, maxBackoff) {
				wait += timeout
			}
			slowest = max(slowest, wait)
		}
		d += slowest
	}
	return d
}
