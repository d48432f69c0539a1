package host

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// An admission is the context of a stream, from the tap until its answer is written. It holds a part
// of the budget:
//
//  1. The tap takes the size of the largest message. That is given back when the stream ends.
//  2. Once the message is decoded, begin keeps its real size, which the handler's end gives back.
//  3. An answer keeps it until the bytes are written (codec.Marshal) or the connection is closed.
//
// One timer bounds the first and the last of these.
type admission struct {
	context.Context
	server *Server
	client *client
	conn   *conn // nil if the listener is not the host's

	unary  bool
	state  atomic.Int32
	held   atomic.Int64 // bytes of the budget
	late   atomic.Bool  // the receive timeout passed
	cancel context.CancelFunc
	stop   func() bool // of what gives the budget back when the stream ends
	timer  *time.Timer
	// dropped gives the budget back if the answer's memory is collected without having been written.
	dropped   atomic.Pointer[runtime.Cleanup]
	collected atomic.Bool // memory was collected once before the answer counts as not read
}

// The states of a request.
const (
	receiving int32 = iota
	running
	answering
	finished
)

type admissionKey struct{}

// admissionOf returns the admission that a handler's context belongs to.
func admissionOf(ctx context.Context) *admission {
	r, _ := ctx.Value(admissionKey{}).(*admission)
	return r
}

// admit makes the context of an accepted stream, which holds n bytes of the budget.
func (s *Server) admit(ctx context.Context, client *client, c *conn, n int64, unary bool) *admission {
	inner, cancel := context.WithCancel(ctx)
	r := &admission{Context: inner, server: s, client: client, conn: c, cancel: cancel, unary: unary}
	r.held.Store(n)
	if unary {
		s.accepted.Add(1)
	}
	r.timer = time.AfterFunc(s.limits.Receive, r.expire)
	r.stop = context.AfterFunc(ctx, r.finish)
	return r
}

// Value finds the admission itself beside what grpc keeps in the context.
func (r *admission) Value(key any) any {
	if key == (admissionKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// Err returns DeadlineExceeded for a request that was not complete in time, so that its client gets
// that status.
func (r *admission) Err() error {
	err := r.Context.Err()
	if err != nil && r.late.Load() {
		return context.DeadlineExceeded
	}
	return err
}

// expire ends a request that is not complete, or the connection of one whose answer is not read.
func (r *admission) expire() {
	switch r.state.Load() {
	case receiving:
		r.late.Store(true)
		r.server.metrics.refuse(byHalfSent)
		r.cancel()
	case answering:
		if !r.collected.Swap(true) { // the answer may be of a stream that was reset
			r.server.collect()
			r.timer.Reset(time.Second)
			return
		}
		if r.conn != nil {
			r.conn.drop(byUnread, "did not take an answer in time")
		}
	}
}

// collect collects memory, at most once a second.
func (s *Server) collect() {
	now := time.Now().UnixNano()
	if last := s.collectedAt.Load(); now-last > int64(time.Second) && s.collectedAt.CompareAndSwap(last, now) {
		runtime.GC()
	}
}

// begin says that the message is decoded and has n bytes, for which the request now holds twice as
// much: the message and what is made of it. It returns false if the stream has ended.
func (r *admission) begin(n int64) bool {
	if !r.state.CompareAndSwap(receiving, running) || !r.stop() {
		return false
	}
	r.timer.Stop()
	r.keep(2 * n)
	return true
}

// keep changes what the request holds to n bytes if that is less.
func (r *admission) keep(n int64) {
	if held := r.held.Load(); held > n {
		r.held.Store(n)
		r.server.budget.give(r.client, held-n)
	}
}

// take takes n more bytes. It returns false if the budget does not have them.
func (r *admission) take(n int64) bool {
	if !r.server.budget.take(r.client, n) {
		return false
	}
	r.held.Add(n)
	return true
}

// answer says that the answer of n bytes is about to be written.
func (r *admission) answer(n int64) {
	r.keep(n)
	r.state.Store(answering)
	r.timer.Reset(r.server.limits.Answer)
	if r.conn != nil && !r.conn.owe(r) {
		r.finish()
	}
}

// finish gives everything back. Only the first call counts.
func (r *admission) finish() {
	switch r.state.Swap(finished) {
	case finished:
		return
	case receiving:
		if r.unary && !r.late.Load() {
			r.server.metrics.refuse(byIncomplete)
		}
	}
	r.timer.Stop()
	if r.conn != nil {
		r.conn.settled(r)
	}
	r.server.budget.give(r.client, r.held.Swap(0))
	if r.unary {
		r.server.accepted.Add(-1)
	}
}
