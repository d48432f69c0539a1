package link

import (
	"sync/atomic"
	"time"
)

// A Counter counts the bytes of the TCP streams of one Dialer, framing included. It is safe for
// concurrent use.
type Counter struct {
	sent, received atomic.Int64
	wrote, read    atomic.Int64 // when the last bytes passed, by Monotonic
	up, down       worst
}

// Sent returns the bytes written so far.
func (c *Counter) Sent() int64 { return c.sent.Load() }

// Received returns the bytes read so far.
func (c *Counter) Received() int64 { return c.received.Load() }

// LastWrite returns when the last bytes were handed to the link, by Monotonic; 0 before the first.
// Like LastRead it is stamped at this end, outside the emulation, so that a validation of the
// emulator can use it.
func (c *Counter) LastWrite() int64 { return c.wrote.Load() }

// LastRead returns when the last bytes were read from the link; see LastWrite.
func (c *Counter) LastRead() int64 { return c.read.Load() }

func (c *Counter) writing(n int) {
	c.wrote.Store(Monotonic())
	c.sent.Add(int64(n)) // before the write, because the answer may arrive before it returns
}

func (c *Counter) haveRead(n int) {
	c.read.Store(Monotonic())
	c.received.Add(int64(n))
}

// TakeLateness returns how late the emulator was since the previous call: the worst hand-over up
// plus the worst down. It is an upper bound for one request and its answer between two calls.
func (c *Counter) TakeLateness() time.Duration { return c.up.take() + c.down.take() }

// worst holds the longest duration recorded since the last take.
type worst struct{ ns atomic.Int64 }

func (w *worst) record(d time.Duration) {
	for {
		old := w.ns.Load()
		if int64(d) <= old || w.ns.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

func (w *worst) take() time.Duration { return time.Duration(w.ns.Swap(0)) }
