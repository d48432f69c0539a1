package host

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A listener bounds the connections, in total and from one address. When a bound is reached, the
// oldest connection without an accepted request makes room for the new one, so silent connections
// keep nobody out.
type listener struct {
	net.Listener
	total, perAddress int
	patience          time.Duration // for a peer that does not read
	note              func(event)
	refuse            func(reason)

	mu    sync.Mutex
	conns []*conn // by age
	from  map[string]*address
}

// An address is where connections come from.
type address struct {
	name   string
	count  int // connections, guarded by listener.mu
	client *client
}

// An event is something to log about a peer.
type event struct {
	what string
	peer string
	err  error
}

// A conn is an accepted connection.
type conn struct {
	net.Conn
	listener *listener
	from     *address
	client   *client // of its certificate; used under the connection's lock alone

	ready  atomic.Bool // the handshake is done
	proven atomic.Bool // a request was accepted
	denied atomic.Int32
	slow   atomic.Int64 // nothing is read before, in nanoseconds since origin
	writes atomic.Int64 // when the write that runs began, likewise; 0 if none runs

	once   sync.Once
	closed chan struct{}

	mu   sync.Mutex
	owed map[*admission]struct{} // whose answers are not written; nil once closed
}

// A peerAddr leads from the address that grpc tells to the connection.
type peerAddr struct {
	net.Addr
	conn *conn
}

// connOf returns the connection with that address, nil if it is not a listener's.
func connOf(a net.Addr) *conn {
	if p, ok := a.(*peerAddr); ok {
		return p.conn
	}
	return nil
}

// origin is the zero of a conn's times.
var origin = time.Now()

func sinceOrigin() int64 { return int64(time.Since(origin)) }

// Accept returns the next connection within the bounds.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.note(event{what: "accepting a connection failed", err: err})
			}
			return nil, err
		}
		c, evicted := l.add(inner)
		if evicted != nil {
			evicted.drop(byRoom, "made room for a new one, having sent no valid request")
		}
		if c != nil {
			return c, nil
		}
		l.refuse(byConnections)
		l.note(event{what: "connection refused: too many", peer: inner.RemoteAddr().String()})
		inner.Close()
	}
}

// add counts a connection. It returns the one that must make room for it, and no connection if none
// can.
func (l *listener) add(inner net.Conn) (c, evicted *conn) {
	name := inner.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.from[name]
	if from == nil {
		l.forget()
		from = &address{name: name, client: &client{name: name}}
	}
	if from.count >= l.perAddress || len(l.conns) >= l.total {
		i := slices.IndexFunc(l.conns, func(o *conn) bool {
			return !o.proven.Load() && (o.from == from || from.count < l.perAddress)
		})
		if i < 0 {
			return nil, nil
		}
		evicted = l.conns[i]
		l.remove(i)
	}
	c = &conn{
		Conn: inner, listener: l, from: from, closed: make(chan struct{}), owed: make(map[*admission]struct{}),
	}
	from.count++
	l.from[name] = from
	l.conns = append(l.conns, c)
	return c, evicted
}

// remove takes a connection off the counts.
func (l *listener) remove(i int) {
	l.conns[i].from.count--
	l.conns = slices.Delete(l.conns, i, i+1)
}

// manyAddresses is how many addresses are remembered before those without connections are forgotten.
const manyAddresses = 4096

// forget drops the addresses without connections, unless their client still holds budget.
func (l *listener) forget() {
	if len(l.from) < manyAddresses {
		return
	}
	for name, a := range l.from {
		if a.count == 0 && a.client.used.Load() == 0 {
			delete(l.from, name)
		}
	}
}

// hangUp closes the connections whose handshake is not done, for which grpc would wait when it stops,
// or all.
func (l *listener) hangUp(all bool) {
	l.mu.Lock()
	conns := slices.Clone(l.conns)
	l.mu.Unlock()
	for _, c := range conns {
		if all || !c.ready.Load() {
			c.once.Do(func() { _ = c.close() })
		}
	}
}

// count returns the number of connections.
func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// RemoteAddr returns an address by which connOf finds the connection.
func (c *conn) RemoteAddr() net.Addr { return &peerAddr{c.Conn.RemoteAddr(), c} }

// SetDeadline sets the deadline of both directions. grpc has one during the handshake only.
func (c *conn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.ready.Store(true)
	}
	return c.Conn.SetDeadline(t)
}

// stuck is how long a write may take before nothing more is read from the peer, whose requests would
// queue answers without bound.
const stuck = int64(time.Second)

func (c *conn) Read(b []byte) (int, error) {
	for {
		wait := time.Duration(0)
		if until := c.slow.Load(); until != 0 {
			wait = time.Duration(until - sinceOrigin())
		}
		if since := c.writes.Load(); since != 0 {
			blocked := sinceOrigin() - since
			if blocked > int64(c.listener.patience) {
				c.drop(byUnread, "did not take an answer in time")
			} else if blocked > stuck {
				wait = max(wait, 50*time.Millisecond)
			}
		}
		if wait <= 0 {
			return c.Conn.Read(b)
		}
		select {
		case <-time.After(wait):
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
}

func (c *conn) Write(b []byte) (int, error) {
	c.writes.Store(sinceOrigin())
	n, err := c.Conn.Write(b)
	c.writes.Store(0)
	return n, err
}

// A peer without valid credentials waits denial after its first request, twice as long after the
// second, and so on, and loses its connection after maxDenials.
const (
	denial     = 50 * time.Millisecond
	maxDenials = 8
)

// deny slows the peer down. It does not block.
func (c *conn) deny(last bool) {
	n := c.denied.Add(1)
	c.slow.Store(sinceOrigin() + int64(n)*int64(denial))
	c.listener.note(event{what: "authentication failed", peer: c.from.name})
	if n == maxDenials || last && n == 1 {
		time.AfterFunc(2*denial, func() { c.drop(byDenials, "sent too many requests without valid credentials") })
	}
}

// drop closes the connection, counts the reason and notes why.
func (c *conn) drop(by reason, why string) {
	c.once.Do(func() {
		c.listener.refuse(by)
		c.listener.note(event{what: "connection closed", peer: c.from.name, err: errors.New(why)})
		c.close()
	})
}

// Close closes the connection. grpc does so if the handshake fails.
func (c *conn) Close() (err error) {
	c.once.Do(func() {
		if !c.ready.Load() {
			c.listener.refuse(byHandshake)
		}
		err = c.close()
	})
	return err
}

// owe notes that an answer is about to be written. It returns false if the connection is closed.
func (c *conn) owe(a *admission) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owed == nil {
		return false
	}
	c.owed[a] = struct{}{}
	return true
}

// settled says that an answer is written or will not be.
func (c *conn) settled(a *admission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.owed, a)
}

// close closes the connection and ends the requests whose answers are not written, which grpc forgets.
func (c *conn) close() error {
	close(c.closed)
	c.mu.Lock()
	owed := c.owed
	c.owed = nil
	c.mu.Unlock()
	for a := range owed {
		a.finish()
	}
	l := c.listener
	l.mu.Lock()
	if i := slices.Index(l.conns, c); i >= 0 {
		l.remove(i)
	}
	l.mu.Unlock()
	return c.Conn.Close()
}
