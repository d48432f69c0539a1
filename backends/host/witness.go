package host

import (
	"net"
	"sync"

	"github.com/crossover-bench/crossover/backends/link"
)

// A witness stamps when bytes pass the host's end of its connections, on the
// machine's monotonic clock. The emulated link is at the client's end, so the
// stamps check what the emulator reports of itself.
type witness struct {
	mu    sync.Mutex
	conns map[string]*witnessed // by the peer's address
}

type witnessed struct {
	net.Conn
	of *witness
	// read is when bytes last arrived, departed when bytes last left before those.
	// What leaves while a request is running, such as an acknowledgement of
	// settings, is not the departure of an answer.
	mu                    sync.Mutex
	read, wrote, departed int64
}

func newWitness() *witness { return &witness{conns: make(map[string]*witnessed)} }

// stamps returns when the last bytes from peer were read and when the last bytes
// to it were written before those.
func (w *witness) stamps(peer net.Addr) (arrived, departed int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.conns[peer.String()]; c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.read, c.departed
	}
	return 0, 0
}

func (w *witness) listen(l net.Listener) net.Listener { return witnessListener{l, w} }

type witnessListener struct {
	net.Listener
	w *witness
}

func (l witnessListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	wc := &witnessed{Conn: c, of: l.w}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.conns[c.RemoteAddr().String()] = wc
	return wc, nil
}

func (c *witnessed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.mu.Lock()
		c.read, c.departed = link.Monotonic(), c.wrote
		c.mu.Unlock()
	}
	return n, err
}

// Write stamps first, because the peer may answer before the write returns.
func (c *witnessed) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.wrote = link.Monotonic()
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *witnessed) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c.RemoteAddr().String())
	c.of.mu.Unlock()
	return c.Conn.Close()
}
