package host

import (
	"net"
	"sync"

	"github.com/crossover-bench/crossover/backends/link"
)

// A witness is a listener that stamps when bytes pass the host's end of its connections, on the
// machine's monotonic clock. The emulated link is at the client's end, so the stamps check what the
// emulator reports of itself.
type witness struct {
	net.Listener
	conns sync.Map // *witnessed by the peer's address
}

type witnessed struct {
	net.Conn
	of *witness
	// read is when bytes last arrived, departed when bytes last left before those. What leaves
	// while a request is running, such as an acknowledgement of settings, is not the departure of
	// an answer.
	mu                    sync.Mutex
	read, wrote, departed int64
}

// stamps returns when the last bytes from peer were read and when the last bytes to it were written
// before those.
func (w *witness) stamps(peer net.Addr) (arrived, departed int64) {
	found, ok := w.conns.Load(peer.String())
	if !ok {
		return 0, 0
	}
	c := found.(*witnessed)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read, c.departed
}

func (w *witness) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	seen := &witnessed{Conn: c, of: w}
	w.conns.Store(c.RemoteAddr().String(), seen)
	return seen, nil
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
	c.of.conns.Delete(c.RemoteAddr().String())
	return c.Conn.Close()
}
