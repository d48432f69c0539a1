package link

import (
	"sync/atomic"
	"time"
)

// A Meter counts the bytes of the TCP streams of one Dialer, framing included. It is safe for
// concurrent use.
type Meter struct {
	sent, received atomic.Int64
	wrote, read    atomic.Int64 // when the last bytes passed, by Monotonic
	up, down       worst
}

// Sent returns the bytes written so far.
func (m *Meter) Sent() int64 { return m.sent.Load() }

// Received returns the bytes read so far.
func (m *Meter) Received() int64 { return m.received.Load() }

// LastWrite returns when the last bytes were handed to the link, by Monotonic; 0 before the first.
// Like LastRead it is stamped at this end, outside the emulation, so that a validation of the
// emulator can use it.
func (m *Meter) LastWrite() int64 { return m.wrote.Load() }

// LastRead returns when the last bytes were read from the link; see LastWrite.
func (m *Meter) LastRead() int64 { return m.read.Load() }

func (m *Meter) writing(n int) {
	m.wrote.Store(Monotonic())
	m.sent.Add(int64(n)) // before the write, because the answer may arrive before it returns
}

func (m *Meter) haveRead(n int) {
	m.read.Store(Monotonic())
	m.received.Add(int64(n))
}

// TakeLateness returns how late the emulator was since the previous call: the worst hand-over up
// plus the worst down. It is an upper bound for one request and its answer between two calls.
func (m *Meter) TakeLateness() time.Duration { return m.up.take() + m.down.take() }

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
