package offload_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) backends.Backend { return local() })
	os.Exit(m.Run())
}

// local is the backend that runs the models: it takes no time, and its scores
// are a hash of the input.
func local() *backendtest.Backend { return backendtest.New("cpu1", backendtest.Sleep(0)) }

// variant returns a catalog variant whose file exists.
func variant(t testing.TB) fixtures.Variant {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mobilenet_32_pq.tflite")
	if err := os.WriteFile(path, []byte("a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fixtures.Variant{
		Name: "model=mobilenet/input=32/compression=pq", Title: "Mobilenet PQ 32", Path: path, SHA256: "abc",
		Image: &fixtures.Image{Height: 32, Width: 32, Preprocessing: "tf"},
	}
}

// serve starts a host on address and returns the address that it listens on and a
// function that stops it; otherwise the end of the test does.
func serve(t testing.TB, address string, o host.Options) (string, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if o.Backend == nil {
		o.Backend = local()
	}
	s, err := host.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// lab returns the backend of the host at an address.
func lab(address string, shape link.Shape) backends.Backend {
	return offload.New(offload.Host{Name: "lab", Address: address}, shape)
}

// infer opens v on b and runs one inference of the image in.
func infer(t testing.TB, b backends.Backend, v fixtures.Variant, in []byte) ([]byte, backends.Timing) {
	t.Helper()
	s, err := b.Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out := make([]byte, backendtest.Classes)
	timing, err := s.Infer(context.Background(), [][]byte{in}, [][]byte{out})
	if err != nil {
		t.Fatal(err)
	}
	return out, timing
}

func image(v fixtures.Variant) []byte {
	b := make([]byte, v.Image.Bytes())
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

var shapes = []link.Shape{
	{Name: names.LinkDirect},
	{Name: "ethernet", Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6},
	{Name: "radio", Latency: 29 * time.Millisecond, Up: 1e6, Down: 3.53e6},
	{Name: "5g", Latency: time.Millisecond, Up: 25.25e6, Down: 25.25e6},
	{
		Name: "rough", Latency: time.Millisecond, Seed: 3,
		Jitter: link.Jitter{Distribution: model.Exponential, Mean: time.Millisecond},
		Loss:   link.Loss{Probability: 0.1, Retransmit: 5 * time.Millisecond},
	},
}

func TestSessionScoresEqualLocalOnesOverEveryLink(t *testing.T) {
	v := variant(t)
	want, _ := infer(t, local(), v, image(v))
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	for _, shape := range shapes {
		b := lab(address, shape)
		if b.Name() != "offload-lab" {
			t.Errorf("the backend's name is %s", b.Name())
		}
		got, timing := infer(t, b, v, image(v))
		if !bytes.Equal(got, want) {
			t.Errorf("%s: scores %x, local %x", shape.Name, got, want)
		}
		least := shape.Network(int64(len(image(v))), backendtest.Classes)
		if timing.Total < least || timing.Network < least {
			t.Errorf("%s: total %v and network %v, less than the link's %v", shape.Name, timing.Total, timing.Network, least)
		}
		if timing.Exec <= 0 || timing.Exec > timing.Total || timing.Lost != 0 {
			t.Errorf("%s: timing %+v, want the host's exec of 1 ms and no lost request", shape.Name, timing)
		}
		if n := int64(len(image(v))); timing.Sent < n || timing.Sent > n+1000 ||
			timing.Received < backendtest.Classes || timing.Received > 1000 {
			t.Errorf("%s: sent %d and received %d bytes", shape.Name, timing.Sent, timing.Received)
		}
	}
}

func TestSelfServesAndEndsWithItsParent(t *testing.T) {
	v := variant(t)
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: host.Serve(v), Threads: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := self.Backend(link.Shape{Name: names.LinkDirect})
	if b.Name() != "offload-self" {
		t.Errorf("the backend's name is %s", b.Name())
	}
	want, _ := infer(t, local(), v, image(v))
	if got, _ := infer(t, b, v, image(v)); !bytes.Equal(got, want) {
		t.Errorf("scores %x, local %x", got, want)
	}
	if err := self.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", self.Host().Address); err == nil {
		c.Close()
		t.Error("the embedded host still listens after Close")
	}
}

func TestSelfThatCannotStartSaysWhy(t *testing.T) {
	v := variant(t)
	twice := append(host.Serve(v), host.Serve(v)...)
	_, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: twice}, nil)
	if err == nil || !strings.Contains(err.Error(), "two models have the name") {
		t.Errorf("error: %v", err)
	}
}

func TestOpenOfAnUnreachableHostIsUnavailableWithAHint(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	h := offload.Host{Name: "lab", Address: address, Timeout: 200 * time.Millisecond}
	_, err = offload.New(h, link.Shape{}).Open(context.Background(), variant(t))
	if u, ok := errors.AsType[*backends.UnavailableError](err); !ok || !strings.Contains(u.Error(), address) ||
		!strings.Contains(u.Hint, "crossover host") {
		t.Errorf("error: %v", err)
	}
}

func TestOpenOfAnUnknownModelNamesTheNearest(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	v.Path = "/elsewhere/mobilenet_32_qp.tflite"
	_, err := lab(address, link.Shape{}).Open(context.Background(), v)
	if u, ok := errors.AsType[*backends.UnavailableError](err); !ok || !strings.Contains(u.Error(), "mobilenet_32_pq") {
		t.Errorf("error: %v", err)
	}
}

func TestOpenRefusesAnotherFileAtTheHost(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	v.SHA256 = "def"
	_, err := lab(address, link.Shape{}).Open(context.Background(), v)
	if err == nil || !strings.Contains(err.Error(), "another file") {
		t.Errorf("error: %v", err)
	}
}

func TestSessionObeysTheDeadlineOfTheCaller(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	s, err := lab(address, link.Shape{Latency: 50 * time.Millisecond}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Infer(ctx, [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)}); err == nil {
		t.Error("an inference of 100 ms met a deadline of 20 ms")
	}
}

func TestSessionRefusesWrongSizes(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	s, err := lab(address, link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ in, out [][]byte }{
		{[][]byte{make([]byte, 3)}, [][]byte{make([]byte, backendtest.Classes)}},
		{nil, [][]byte{make([]byte, backendtest.Classes)}},
		{[][]byte{image(v)}, [][]byte{make([]byte, 3)}},
	} {
		if _, err := s.Infer(context.Background(), c.in, c.out); err == nil || !strings.Contains(err.Error(), "given") {
			t.Errorf("%d inputs, %d outputs: %v", len(c.in), len(c.out), err)
		}
	}
	s.Close()
	out := [][]byte{make([]byte, backendtest.Classes)}
	if _, err := s.Infer(context.Background(), [][]byte{image(v)}, out); err == nil {
		t.Error("a closed session inferred")
	}
}

// detailed is a local backend whose sessions have details.
type detailed struct{ backends.Backend }

type detailedSession struct{ backends.Session }

func (b detailed) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	s, err := b.Backend.Open(ctx, v)
	return detailedSession{s}, err
}

func (detailedSession) Details() backends.Details {
	return backends.Details{Runtime: "2.21.0", Delegate: "xnnpack", Threads: 4, Nodes: 9, Delegated: 8}
}

func TestSessionHasTheDetailsOfTheHosts(t *testing.T) {
	v := variant(t)
	for _, c := range []struct {
		backend backends.Backend
		want    backends.Details
	}{{detailed{local()}, detailedSession{}.Details()}, {local(), backends.Details{}}} {
		address, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v), Backend: c.backend})
		s, err := lab(address, link.Shape{}).Open(context.Background(), v)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.(backends.Detailed).Details(); got != c.want {
			t.Errorf("details %+v, want %+v", got, c.want)
		}
		s.Close()
	}
}
