package link

import (
	"sync/atomic"
	"time"
)

// A Meter counts what went over the connections of one Dialer, as framed for
// the wire: the bytes of the TCP stream. It is safe for concurrent use.
type Meter struct {
	sent, received atomic.Int64
	wrote, read    atomic.Int64 // when the last bytes were, by Monotonic
	up, down       worst
}

// Sent returns the bytes written so far.
func (m *Meter) Sent() int64 { return m.sent.Load() }

// Received returns the bytes read so far.
func (m *Meter) Received() int64 { return m.received.Load() }

// LastWrite returns when the last bytes were handed to the link, LastRead when
// the last were taken from it, by Monotonic; 0 before there were any. Both are
// stamped at this end outside of the emulation, for whoever judges it.
func (m *Meter) LastWrite() int64 { return m.wrote.Load() }

// LastRead returns when the last bytes were read, see LastWrite.
func (m *Meter) LastRead() int64 { return m.read.Load() }

func (m *Meter) writing(n int) {
	m.wrote.Store(Monotonic())
	m.sent.Add(int64(n)) // before the write: the answer may be here before it returns
}

func (m *Meter) haveRead(n int) {
	m.read.Store(Monotonic())
	m.received.Add(int64(n))
}

// TakeLateness returns by how much the emulator missed its schedule since the
// call before: the worst of the hand-overs up plus the worst of those down. One
// request and its answer between two calls were late by no more.
func (m *Meter) TakeLateness() time.Duration { return m.up.take() + m.down.take() }

// worst keeps the longest of the durations recorded since it was last taken.
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
