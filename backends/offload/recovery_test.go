package offload_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

func TestSessionCountsRequestsLostWhileTheHostIsDown(t *testing.T) {
	v := variant(t)
	address, stop := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	s, err := lab(address, link.Shape{Name: "5g", Latency: time.Millisecond}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want, _ := infer(t, local(), v, image(v))
	answered := 0
	for i := range 20 {
		if i == 10 {
			stop()
			down := make(chan struct{})
			go func() {
				<-down
				serve(t, address, host.Options{Models: host.Serve(v)})
			}()
			// The host returns only after a request to the dead one was lost.
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			timing, err := s.Infer(ctx, [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)})
			cancel()
			if err == nil || timing.Lost == 0 || timing.Total == 0 {
				t.Errorf("an inference on the dead host: %+v, %v; want an error and the lost requests", timing, err)
			}
			close(down)
		}
		out := make([]byte, backendtest.Classes)
		timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{out})
		if err != nil {
			t.Fatal(err)
		}
		answered++
		if !bytes.Equal(out, want) {
			t.Errorf("inference %d: scores %x, want %x", i, out, want)
		}
		if timing.Lost > 0 && i != 10 {
			t.Errorf("inference %d lost %d requests though the host lived", i, timing.Lost)
		}
	}
	if answered != 20 {
		t.Errorf("%d of 20 inferences were answered", answered)
	}
}

func TestSessionRepeatsARequestInFlightWhenTheHostDies(t *testing.T) {
	v := variant(t)
	hold, release := make(chan struct{}), make(chan struct{})
	stuck := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		close(hold)
		<-release
		return backends.Timing{}, errors.New("the host died")
	})
	s, relay := relayed(t, v, stuck)
	fresh, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	go func() {
		<-hold
		relay.to(fresh)
		relay.cut()
		close(release)
	}()
	out := make([]byte, backendtest.Classes)
	timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{out})
	if err != nil || timing.Lost != 1 {
		t.Fatalf("timing %+v, %v; want one lost request and an answer", timing, err)
	}
	if want, _ := infer(t, local(), v, image(v)); !bytes.Equal(out, want) {
		t.Errorf("scores %x, want %x", out, want)
	}
}

// breaks are the ways in which a connection ends between two inferences. After cut,
// the next inference usually fails. gRPC notices hangUp before it and silently
// makes a new connection.
var breaks = map[string]func(*relay){"cut": (*relay).cut, "hung up": (*relay).hangUp}

func TestSessionRefusesAHostThatReturnsWithAnotherFile(t *testing.T) {
	for name, end := range breaks {
		t.Run(name, func(t *testing.T) {
			v := variant(t)
			s, relay := relayed(t, v, nil)
			retrained := v
			retrained.SHA256 = "def"
			other, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(retrained)})
			relay.to(other)
			end(relay)
			timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)})
			if err == nil || !strings.Contains(err.Error(), "another model") || timing.Lost != 1 {
				t.Errorf("timing %+v, error: %v; want one lost request and a refusal", timing, err)
			}
		})
	}
}

func TestSessionCountsAConnectionLostBetweenInferences(t *testing.T) {
	for name, end := range breaks {
		t.Run(name, func(t *testing.T) {
			v := variant(t)
			s, relay := relayed(t, v, nil)
			fresh, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
			relay.to(fresh)
			end(relay)
			want, _ := infer(t, local(), v, image(v))
			for _, lost := range []int{1, 0} {
				out := make([]byte, backendtest.Classes)
				timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{out})
				if err != nil || timing.Lost != lost || !bytes.Equal(out, want) {
					t.Errorf("timing %+v, error: %v, scores %x; want %d lost requests and %x", timing, err, out, lost, want)
				}
			}
		})
	}
}

// relay forwards connections to a host that a test may replace.
type relay struct {
	l     net.Listener
	mu    sync.Mutex
	host  string
	conns []net.Conn     // to clients
	open  sync.WaitGroup // counts those that the client has not closed
}

// relayed opens a session at a host behind a relay.
func relayed(t *testing.T, v fixtures.Variant, b backends.Backend) (backends.Session, *relay) {
	t.Helper()
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v), Backend: b})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{l: l, host: address}
	go r.run()
	s, err := lab(l.Addr().String(), link.Shape{Name: names.LinkDirect}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, r
}

func (r *relay) run() {
	for {
		c, err := r.l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		h, err := net.Dial("tcp", r.host)
		if err != nil {
			c.Close()
		} else {
			r.conns = append(r.conns, c)
			r.open.Go(func() { pass(h, c) })
			go pass(c, h)
		}
		r.mu.Unlock()
	}
}

// cut breaks the connections and does not wait for the client to notice.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
}

// hangUp closes the connections as a stopping host does, and returns when the
// client has closed them too.
func (r *relay) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.(*net.TCPConn).CloseWrite()
	}
	r.open.Wait()
}

// to forwards future connections to another host.
func (r *relay) to(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.host = host
}

func pass(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
