// Package link makes a connection behave like a declared link. A program dials through a Dialer and
// gets a net.Conn whose two directions are paced, at this end only:
//
//  1. Every write gets a departure on a virtual clock, max(now, last departure) + bytes/rate, and
//     an arrival, departure + propagation delay.
//  2. A dedicated thread hands the bytes to the real connection at their arrival, so the peer sees
//     them when the link would have delivered them.
//  3. What the peer sends is stamped on receipt, gets its arrival by the same rule, and is released
//     to the reader then.
//  4. The Counter records how late each hand-over was, because an emulator must know its own error to
//     be an instrument.
//
// A request of s_in bytes and its answer of s_out bytes thus take
//
//	RTT + s_in/up + s_out/down
//
// longer than over the bare connection, which is equation 2.2 of Frennborn and Oliv, "Neural
// Networks, Edge Computing or Offloading", Chalmers 2022. A wait is a clock_nanosleep to an
// absolute time that ends 250 µs early, and a spin for the rest: timers of the Go runtime overshoot
// by a millisecond.
//
// Shape{} is the link "direct": it shapes nothing and only counts bytes.
//
// The emulation Netem builds the same profile from a network namespace and the kernel's netem and
// TBF queues. It needs root and a kernel that has them.
package link

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

// A Shape is what a link does to the bytes on it, seen from the device: up is from the device to
// the host. The zero value shapes nothing.
type Shape struct {
	Name    names.Link
	Latency time.Duration // propagation delay, one way
	Up      float64       // bytes per second; 0 means unlimited
	Down    float64       // bytes per second; 0 means unlimited
	Jitter  Jitter
	Loss    Loss
	Seed    uint64 // of jitter and loss: the same seed gives the same delays

	Emulation Emulation // what does the shaping
}

// An Emulation is a way to shape connections.
type Emulation string

// The emulations.
const (
	InProcess Emulation = ""      // this package, at the device's end
	Netem     Emulation = "netem" // the kernel's queues between namespaces; needs root
)

// Jitter is a random delay added to each write, with the distributions of model.Jitter. Order is
// preserved: bytes that would overtake earlier ones wait for them.
type Jitter struct {
	Distribution string        // model.Uniform (0 to twice the mean) or model.Exponential
	Mean         time.Duration // 0 means no jitter
}

// Loss is the loss of a write. TCP retransmits it, so an application sees a delay: Retransmit for
// each time that the same write is lost.
type Loss struct {
	Probability float64 // of one transmission, 0 to below 1
	Retransmit  time.Duration
}

// FromModel returns the shape of a link of the cost model, with the seed of its jitter and loss.
func FromModel(l model.Link, seed uint64) (Shape, error) {
	if err := l.Validate(); err != nil {
		return Shape{}, err
	}
	s := Shape{Name: names.Link(l.Name), Latency: duration(l.OneWay), Up: float64(l.Up), Down: float64(l.Down), Seed: seed}
	if j := l.Jitter; j != nil {
		s.Jitter = Jitter{Distribution: j.Distribution, Mean: duration(j.Mean)}
	}
	if o := l.Loss; o != nil {
		s.Loss = Loss{Probability: o.Probability, Retransmit: duration(o.Retransmit)}
	}
	return s, s.Validate()
}

func duration(s model.Seconds) time.Duration { return time.Duration(math.Round(float64(s) * 1e9)) }

// Shapes reports whether the link has any effect.
func (s Shape) Shapes() bool {
	return s.Latency != 0 || s.Up != 0 || s.Down != 0 || s.Jitter.Mean != 0 || s.Loss.Probability != 0
}

// RTT returns the propagation delay of a round trip, equation 2.1.
func (s Shape) RTT() time.Duration { return 2 * s.Latency }

// Network returns the time that the link adds to a request of up bytes and its answer of down
// bytes, without jitter and loss: equation 2.2.
func (s Shape) Network(up, down int64) time.Duration {
	return s.RTT() + transmission(int(up), s.Up) + transmission(int(down), s.Down)
}

// Validate returns an error that names the first invalid field.
func (s Shape) Validate() error {
	switch {
	case s.Emulation != InProcess && s.Emulation != Netem:
		return fmt.Errorf("link %s: emulation %q is unknown; want %q, or nothing for the one in this process",
			s.Name, s.Emulation, Netem)
	case s.Latency < 0:
		return fmt.Errorf("link %s: latency is %v; want 0 or more", s.Name, s.Latency)
	case !(s.Up >= 0) || math.IsInf(s.Up, 0):
		return fmt.Errorf("link %s: up is %g B/s; want 0 (unlimited) or more", s.Name, s.Up)
	case !(s.Down >= 0) || math.IsInf(s.Down, 0):
		return fmt.Errorf("link %s: down is %g B/s; want 0 (unlimited) or more", s.Name, s.Down)
	case s.Jitter.Mean < 0:
		return fmt.Errorf("link %s: jitter is %v; want 0 or more", s.Name, s.Jitter.Mean)
	case !(s.Loss.Probability >= 0 && s.Loss.Probability < 1):
		return fmt.Errorf("link %s: loss is %g; want 0 or more and less than 1", s.Name, s.Loss.Probability)
	case s.Loss.Retransmit < 0:
		return fmt.Errorf("link %s: retransmission delay is %v; want 0 or more", s.Name, s.Loss.Retransmit)
	}
	if s.Jitter.Mean != 0 && !slices.Contains(model.Distributions(), s.Jitter.Distribution) {
		return fmt.Errorf("link %s: jitter has the distribution %q; want %s",
			s.Name, s.Jitter.Distribution, strings.Join(model.Distributions(), " or "))
	}
	return nil
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
	Shape
	rate   float64
	random *rand.Rand // nil without jitter and loss

	departed, arrived instant // of the previous bytes
}

// newSchedule returns the clock of direction way (0 up, 1 down) of the link's connection number
// conn, which together select its random stream.
func newSchedule(s Shape, rate float64, conn, way uint64) schedule {
	c := schedule{Shape: s, rate: rate}
	if s.Jitter.Mean != 0 || s.Loss.Probability != 0 {
		c.random = rand.New(rand.NewPCG(s.Seed, conn<<1|way))
	}
	return c
}

// arrival puts n bytes on the link at now and returns when the last of them arrives at the other
// end.
func (c *schedule) arrival(now instant, n int) instant {
	c.departed = max(now, c.departed).add(transmission(n, c.rate))
	c.arrived = max(c.arrived, c.departed.add(c.delay()))
	return c.arrived
}

// delay draws the propagation delay of one write.
func (c *schedule) delay() time.Duration {
	d := c.Latency
	if c.random == nil {
		return d
	}
	if mean := float64(c.Jitter.Mean); mean != 0 {
		switch c.Jitter.Distribution {
		case model.Uniform:
			d += time.Duration(2 * mean * c.random.Float64())
		case model.Exponential:
			d += time.Duration(mean * c.random.ExpFloat64())
		}
	}
	for c.random.Float64() < c.Loss.Probability {
		d += c.Loss.Retransmit
	}
	return d
}
