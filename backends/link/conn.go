package link

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

// linger is how long a closed connection continues to deliver what was written before, in addition
// to the time that the link needs for it.
const linger = 5 * time.Second

// A counted connection counts and stamps what passes this end.
type counted struct {
	net.Conn
	counter *Counter
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.counter.haveRead(n)
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	c.counter.writing(len(b))
	n, err := c.Conn.Write(b)
	c.counter.sent.Add(int64(n - len(b)))
	return n, err
}

func (c *counted) CloseWrite() error { return closeWrite(c.Conn) }

// A pacedConn is a connection shaped like a link, at this end only. It behaves as net.Conn
// specifies, including deadlines. Close returns at once; what was written before is still delivered
// when the link would deliver it.
type pacedConn struct {
	net.Conn
	up, down *direction

	closing sync.Once
	pumped  chan struct{} // closed when the pump has ended
	mu      sync.Mutex
	broken  error // that ended the pump
}

// pace shapes c by s and owns it. number selects the random stream of a link with jitter or loss,
// so that its connections differ.
func pace(c net.Conn, s Shape, counter *Counter, number uint64) *pacedConn {
	w := &pacedConn{
		Conn: c, pumped: make(chan struct{}),
		up:   newDirection(newSchedule(s, s.Up, number, 0), &counter.up),
		down: newDirection(newSchedule(s, s.Down, number, 1), &counter.down),
	}
	go w.pump()
	go w.pull()
	return w
}

// pump sends what is due up. It has a thread to itself, so that its spinning delays no other
// goroutine.
func (w *pacedConn) pump() {
	runtime.LockOSThread() // never unlocked: the thread's timers are changed, so it must end with the goroutine
	defer close(w.pumped)
	sharpenTimers()
	if err := w.up.pump(w.Conn); err != nil {
		w.mu.Lock()
		w.broken = err
		w.mu.Unlock()
		w.up.close()
		return
	}
	if !w.down.isClosed() && closeWrite(w.Conn) != nil {
		w.Conn.Close() // a connection without halves closes as a whole
	}
}

// pull stamps what the peer sends on receipt.
func (w *pacedConn) pull() {
	buf := make([]byte, 64<<10)
	for {
		n, err := w.Conn.Read(buf)
		if n > 0 {
			if _, perr := w.down.put(buf[:n], false); perr != nil {
				return
			}
		}
		if err != nil {
			w.down.end(err)
			return
		}
	}
}

func (d *direction) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// Read returns bytes that the link has delivered.
func (w *pacedConn) Read(b []byte) (int, error) {
	n, err := w.down.read(b)
	return n, w.opError("read", err)
}

// Write puts b on the link and returns when the link has taken it, which is before the peer has.
func (w *pacedConn) Write(b []byte) (int, error) {
	n, err := w.up.put(b, true)
	if errors.Is(err, net.ErrClosed) {
		w.mu.Lock()
		if w.broken != nil && !w.down.isClosed() {
			err = w.broken
		}
		w.mu.Unlock()
	}
	return n, w.opError("write", err)
}

// opError wraps err as net.Conn's errors are.
func (w *pacedConn) opError(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return err
	}
	return &net.OpError{Op: op, Net: w.LocalAddr().Network(), Source: w.LocalAddr(), Addr: w.RemoteAddr(), Err: err}
}

func (w *pacedConn) Close() error {
	err := net.ErrClosed
	w.closing.Do(func() {
		err = nil
		w.down.close()
		w.up.end(io.EOF)
		// The real connection closes when the link has delivered what was written, but a peer that
		// does not read cannot keep it open.
		patience := time.After(w.up.drained() + linger)
		go func() {
			select {
			case <-w.pumped:
			case <-patience:
			}
			w.up.close()
			w.Conn.Close()
		}()
	})
	return w.opError("close", err)
}

// drained returns how long the link needs to deliver what it has accepted.
func (d *direction) drained() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(d.schedule.arrived.sub(now()), 0)
}

// CloseWrite closes the sending half: the peer reads the end of the stream after what was written,
// when the link delivers it.
func (w *pacedConn) CloseWrite() error {
	if w.down.isClosed() {
		return w.opError("close", net.ErrClosed)
	}
	w.up.end(io.EOF)
	return nil
}

func (w *pacedConn) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}

func (w *pacedConn) SetReadDeadline(t time.Time) error { return w.bound(w.down, t) }

func (w *pacedConn) SetWriteDeadline(t time.Time) error { return w.bound(w.up, t) }

func (w *pacedConn) bound(d *direction, t time.Time) error {
	if w.down.isClosed() {
		return w.opError("set", net.ErrClosed)
	}
	d.setDeadline(t)
	return nil
}

func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return &net.OpError{Op: "close", Net: c.LocalAddr().Network(), Addr: c.RemoteAddr(), Err: os.ErrInvalid}
}
