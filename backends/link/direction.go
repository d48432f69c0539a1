package link

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// inFlight bounds the bytes that one direction holds: those on the link and those that wait to
// depart. Beyond it a writer blocks, as at a full socket buffer. The highest bandwidth-delay
// product of the built-in profiles is 0.2 MB.
const inFlight = 8 << 20

// A chunk is the bytes of one write, due at their arrival, or the end of the stream if err is set.
type chunk struct {
	due  instant
	buf  []byte
	off  int // bytes of buf already read
	err  error
	seen bool // its lateness was recorded
}

// A direction holds the bytes on their way in one direction, in order.
type direction struct {
	mu       sync.Mutex
	changed  sync.Cond
	schedule schedule
	late     *worst

	queue  []chunk // from queue[head]
	head   int
	bytes  int
	free   [][]byte    // buffers to reuse
	alarm  *time.Timer // wakes a goroutine that waits until the head is due
	closed bool        // nothing more is taken: puts and reads fail
	shut   bool        // nothing more is put: puts fail, what is queued is delivered

	deadline deadline
}

// A deadline ends a blocking put or read, as net.Conn specifies.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newDirection(s schedule, late *worst) *direction {
	d := &direction{schedule: s, late: late}
	d.changed.L = &d.mu
	d.alarm = time.AfterFunc(time.Hour, d.wake)
	d.alarm.Stop()
	return d
}

func (d *direction) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed.Broadcast()
}

// setDeadline bounds the blocking calls at this end.
func (d *direction) setDeadline(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deadline.timer != nil {
		d.deadline.timer.Stop()
	}
	d.deadline.at = t
	if !t.IsZero() {
		d.deadline.timer = time.AfterFunc(time.Until(t), d.wake)
	}
	d.changed.Broadcast()
}

// put sends b and returns when the direction has accepted all of it. The deadline bounds it if wait
// is set.
func (d *direction) put(b []byte, wait bool) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		switch {
		case d.closed || d.shut:
			return n, net.ErrClosed
		case wait && d.deadline.passed():
			return n, os.ErrDeadlineExceeded
		case len(b) == 0:
			return n, nil
		}
		room := inFlight - d.bytes
		if room <= 0 {
			d.changed.Wait()
			continue
		}
		part := b[:min(len(b), room)]
		c := chunk{due: d.schedule.arrival(now(), len(part)), buf: append(d.buffer(), part...)}
		d.push(c)
		n += len(part)
		b = b[len(part):]
	}
}

// end puts the end of the stream behind what is queued. The reader then gets err.
func (d *direction) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return
	}
	d.shut = true
	d.push(chunk{due: d.schedule.arrival(now(), 0), err: err})
}

// close drops what is queued and wakes all waiting goroutines.
func (d *direction) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.alarm.Stop()
	if d.deadline.timer != nil {
		d.deadline.timer.Stop()
	}
	d.changed.Broadcast()
}

func (d *direction) push(c chunk) {
	if d.head > 0 && len(d.queue) == cap(d.queue) {
		d.queue = d.queue[:copy(d.queue, d.queue[d.head:])]
		d.head = 0
	}
	d.queue = append(d.queue, c)
	d.bytes += len(c.buf)
	d.changed.Broadcast()
}

// pop removes the head and keeps its buffer for reuse.
func (d *direction) pop() {
	c := &d.queue[d.head]
	if c.err != nil {
		return // the end stays, because every further read gets it
	}
	d.bytes -= len(c.buf)
	if len(d.free) < 8 {
		d.free = append(d.free, c.buf[:0])
	}
	*c = chunk{}
	d.head++
	if d.head == len(d.queue) {
		d.queue, d.head = d.queue[:0], 0
	}
	d.changed.Broadcast()
}

func (d *direction) buffer() []byte {
	if n := len(d.free); n > 0 {
		b := d.free[n-1]
		d.free = d.free[:n-1]
		return b
	}
	return nil
}

// wait blocks until the head is due and returns it; d.mu is held on entry and on return. It returns
// an error if the direction was closed or, if bounded is set, the deadline passed.
func (d *direction) wait(bounded bool) (*chunk, error) {
	waited := false
	for {
		switch {
		case d.closed:
			return nil, net.ErrClosed
		case bounded && d.deadline.passed():
			return nil, os.ErrDeadlineExceeded
		case d.head == len(d.queue):
			waited = true
			d.changed.Wait()
			continue
		}
		c := &d.queue[d.head]
		left := c.due.sub(now())
		if left <= 0 {
			// The emulator did not delay a reader that comes after the bytes have arrived.
			if !c.seen && c.err == nil && (waited || !bounded) {
				d.late.record(-left)
			}
			c.seen = true
			return c, nil
		}
		waited = true
		if left > coarse {
			d.alarm.Reset(left - coarse)
			d.changed.Wait()
			continue
		}
		due := c.due
		if bounded && !d.deadline.at.IsZero() {
			due = min(due, now().add(time.Until(d.deadline.at)))
		}
		d.mu.Unlock()
		waitUntil(due)
		d.mu.Lock()
	}
}

func (d *direction) read(b []byte) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	c, err := d.wait(true)
	for err == nil {
		if c.err != nil {
			return n, c.err
		}
		m := copy(b[n:], c.buf[c.off:])
		n += m
		if c.off += m; c.off < len(c.buf) {
			return n, nil
		}
		d.pop()
		// Return what else has arrived, but do not wait for more.
		if d.head == len(d.queue) || n == len(b) {
			return n, nil
		}
		if c = &d.queue[d.head]; c.err != nil || c.due > now() {
			return n, nil
		}
		c.seen = true
	}
	return n, err
}

// pump writes each chunk to w when it is due, until the end of the stream, an error, or close. It
// returns the error that ended it; nil for the end.
func (d *direction) pump(w io.Writer) error {
	for {
		d.mu.Lock()
		c, err := d.wait(false)
		if err != nil {
			d.mu.Unlock()
			return err
		}
		if c.err != nil {
			d.mu.Unlock()
			return nil
		}
		buf := c.buf
		d.mu.Unlock()
		if _, err := w.Write(buf); err != nil {
			return err
		}
		d.mu.Lock()
		d.pop()
		d.mu.Unlock()
	}
}
