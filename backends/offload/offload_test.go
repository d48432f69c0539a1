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

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/model"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) (backends.Backend, error) { return local(), nil })
	os.Exit(m.Run())
}

// local is the backend that runs the models: it takes no time, and its scores
// are a hash of the input.
func local() *backendtest.Backend { return backendtest.New("cpu1", nil) }

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

// serve starts a host on address and returns where it listens and how to stop
// it; the test's end stops it as well.
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

func models(v fixtures.Variant) []host.Model {
	return []host.Model{{Name: host.ModelName(v), Variant: v}}
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
	{Name: link.Direct},
	{Name: "ethernet", Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6},
	{Name: "radio", Latency: 29 * time.Millisecond, Up: 1e6, Down: 3.53e6},
	{Name: "5g", Latency: time.Millisecond, Up: 25.25e6, Down: 25.25e6},
	{Name: "rough", Latency: time.Millisecond, Jitter: link.Jitter{Distribution: model.Exponential, Mean: time.Millisecond}, Loss: link.Loss{Probability: 0.1, Retransmit: 5 * time.Millisecond}, Seed: 3},
}

func TestScoresOverEveryLinkEqualLocalOnesToTheBit(t *testing.T) {
	v := variant(t)
	want, _ := infer(t, local(), v, image(v))
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	for _, shape := range shapes {
		b := offload.New(offload.Host{Name: "lab", Address: address}, shape)
		if b.Name() != "offload-lab" {
			t.Errorf("the backend's name is %s", b.Name())
		}
		got, timing := infer(t, b, v, image(v))
		if !bytes.Equal(got, want) {
			t.Errorf("%s: scores %x, local %x", shape.Name, got, want)
		}
		if least := shape.Network(int64(len(image(v))), backendtest.Classes); timing.Total < least || timing.Network < least {
			t.Errorf("%s: total %v and network %v, less than the link's %v", shape.Name, timing.Total, timing.Network, least)
		}
		if timing.Exec != time.Millisecond || timing.Lost != 0 {
			t.Errorf("%s: timing %+v, want the host's exec of 1 ms and no lost request", shape.Name, timing)
		}
		if timing.Sent < int64(len(image(v))) || timing.Sent > int64(len(image(v)))+1000 || timing.Received < backendtest.Classes || timing.Received > 1000 {
			t.Errorf("%s: sent %d and received %d bytes", shape.Name, timing.Sent, timing.Received)
		}
	}
}

func TestEmbeddedHostServesAndEndsWithItsParent(t *testing.T) {
	v := variant(t)
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: models(v), Threads: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := self.Backend(link.Shape{Name: link.Direct})
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

func TestEmbeddedHostThatCannotStartSaysWhy(t *testing.T) {
	v := variant(t)
	twice := append(models(v), models(v)...)
	_, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: twice}, nil)
	if err == nil || !strings.Contains(err.Error(), "two models have the name") {
		t.Errorf("error: %v", err)
	}
}

func TestHostThatDiesAndComesBackCostsCountedRequests(t *testing.T) {
	v := variant(t)
	address, stop := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	s, err := offload.New(offload.Host{Name: "lab", Address: address}, link.Shape{Name: "5g", Latency: time.Millisecond}).Open(context.Background(), v)
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
				serve(t, address, host.Options{Models: models(v)})
			}()
			// A request to the dead host is lost; only then does it come back.
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

func TestInferenceInFlightWhenTheHostDiesIsAnsweredByTheNextOne(t *testing.T) {
	v := variant(t)
	hold, release := make(chan struct{}), make(chan struct{})
	stuck := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		close(hold)
		<-release
		return backends.Timing{}, errors.New("the host died")
	})
	s, relay := relayed(t, v, stuck)
	fresh, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
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

// breaks are the ways in which a connection ends between two inferences. After
// cut the next one mostly finds out; hangUp is noticed before it, and gRPC makes
// a new connection without a word.
var breaks = map[string]func(*relay){"cut": (*relay).cut, "hung up": (*relay).hangUp}

func TestHostThatComesBackWithAnotherFileIsRefused(t *testing.T) {
	for name, end := range breaks {
		t.Run(name, func(t *testing.T) {
			v := variant(t)
			s, relay := relayed(t, v, nil)
			retrained := v
			retrained.SHA256 = "def"
			other, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(retrained)})
			relay.to(other)
			end(relay)
			timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)})
			if err == nil || !strings.Contains(err.Error(), "another model") || timing.Lost != 1 {
				t.Errorf("timing %+v, error: %v; want one lost request and a refusal", timing, err)
			}
		})
	}
}

func TestHostThatComesBackBetweenTwoInferencesCostsARequest(t *testing.T) {
	for name, end := range breaks {
		t.Run(name, func(t *testing.T) {
			v := variant(t)
			s, relay := relayed(t, v, nil)
			fresh, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
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

func TestBusyHostIsNotStormed(t *testing.T) {
	f := &foreign{datatype: "UINT8", refuse: status.Error(codes.Unavailable, "the queue is full")}
	v := variant(t)
	s, err := offload.New(offload.Host{Name: "lab", Address: serveForeign(t, f)}, link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	timing, err := s.Infer(ctx, [][]byte{image(v)}, [][]byte{make([]byte, 3), make([]byte, 8)})
	// After 5, 10, 20, 40, 80 and 160 ms.
	if err == nil || timing.Lost < 2 || timing.Lost > 8 {
		t.Errorf("%d lost requests, %v; want at most 8 in 0.3 s, each later than the one before", timing.Lost, err)
	}
}

func TestUnreachableHostIsUnavailableWithAHint(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = offload.New(offload.Host{Name: "lab", Address: address, Timeout: 200 * time.Millisecond}, link.Shape{}).Open(context.Background(), variant(t))
	if u, ok := errors.AsType[*backends.UnavailableError](err); !ok || !strings.Contains(u.Error(), address) || !strings.Contains(u.Hint, "crossover host") {
		t.Errorf("error: %v", err)
	}
}

func TestUnknownModelIsUnavailableAndNamesTheNearest(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	v.Path = "/elsewhere/mobilenet_32_qp.tflite"
	_, err := offload.New(offload.Host{Name: "lab", Address: address}, link.Shape{}).Open(context.Background(), v)
	if u, ok := errors.AsType[*backends.UnavailableError](err); !ok || !strings.Contains(u.Error(), "mobilenet_32_pq") {
		t.Errorf("error: %v", err)
	}
}

func TestAnotherFileAtTheHostIsRefused(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	v.SHA256 = "def"
	if _, err := offload.New(offload.Host{Name: "lab", Address: address}, link.Shape{}).Open(context.Background(), v); err == nil || !strings.Contains(err.Error(), "another file") {
		t.Errorf("error: %v", err)
	}
}

func TestDeadlineOfTheCallerEndsAnInference(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	s, err := offload.New(offload.Host{Name: "lab", Address: address}, link.Shape{Latency: 50 * time.Millisecond}).Open(context.Background(), v)
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

func TestWrongSizesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	v := variant(t)
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v)})
	s, err := offload.New(offload.Host{Name: "lab", Address: address}, link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ in, out [][]byte }{
		{[][]byte{make([]byte, 3)}, [][]byte{make([]byte, backendtest.Classes)}},
		{nil, [][]byte{make([]byte, backendtest.Classes)}},
		{[][]byte{image(v)}, [][]byte{make([]byte, 3)}},
	} {
		if _, err := s.Infer(context.Background(), c.in, c.out); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%d inputs, %d outputs: %v", len(c.in), len(c.out), err)
		}
	}
	s.Close()
	if _, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)}); err == nil {
		t.Error("a closed session inferred")
	}
}

// foreign is a server that is not ours: it takes float32, answers with typed
// elements and says nothing of its times.
type foreign struct {
	oip.UnimplementedGRPCInferenceServiceServer
	datatype string
	got      []byte
	refuse   error // what every inference is answered; nil for scores
}

func (f *foreign) ModelMetadata(context.Context, *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	return &oip.ModelMetadataResponse{
		Name:    "m",
		Inputs:  []*oip.ModelMetadataResponse_TensorMetadata{{Name: "x", Datatype: f.datatype, Shape: []int64{-1, 32, 32, 3}}},
		Outputs: []*oip.ModelMetadataResponse_TensorMetadata{{Name: "a", Datatype: "INT8", Shape: []int64{-1, 3}}, {Name: "b", Datatype: "FP32", Shape: []int64{-1, 2}}},
	}, nil
}

func (f *foreign) ModelInfer(_ context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	f.got = req.RawInputContents[0]
	return &oip.ModelInferResponse{Outputs: []*oip.ModelInferResponse_InferOutputTensor{
		{Name: "b", Datatype: "FP32", Shape: []int64{1, 2}, Contents: &oip.InferTensorContents{Fp32Contents: []float32{1, -2}}},
		{Name: "a", Datatype: "INT8", Shape: []int64{1, 3}, Contents: &oip.InferTensorContents{IntContents: []int32{-128, 0, 127}}},
	}}, nil
}

func serveForeign(t *testing.T, f *foreign) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	oip.RegisterGRPCInferenceServiceServer(s, f)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func TestTypedOutputsOfAForeignServerAreReadByName(t *testing.T) {
	f := &foreign{datatype: "UINT8"}
	v := variant(t)
	s, err := offload.New(offload.Host{Name: "lab", Address: serveForeign(t, f)}, link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := make([]byte, 3), make([]byte, 8)
	timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, []byte{0x80, 0, 0x7f}) || !bytes.Equal(b, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) {
		t.Errorf("outputs %x and %x", a, b)
	}
	if !bytes.Equal(f.got, image(v)) {
		t.Error("the server did not get the image")
	}
	if timing.Exec != 0 || timing.Network != 0 || timing.Total == 0 {
		t.Errorf("timing %+v: a server that tells no times has no execution and no network time", timing)
	}
}

// relay passes connections on to a host that may be exchanged.
type relay struct {
	l     net.Listener
	mu    sync.Mutex
	host  string
	conns []net.Conn     // to clients
	open  sync.WaitGroup // one for each whose client has not hung up
}

// relayed opens a session at a host behind a relay.
func relayed(t *testing.T, v fixtures.Variant, b backends.Backend) (backends.Session, *relay) {
	t.Helper()
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models(v), Backend: b})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{l: l, host: address}
	go r.run()
	s, err := offload.New(offload.Host{Name: "lab", Address: l.Addr().String()}, link.Shape{Name: link.Direct}).Open(context.Background(), v)
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

// hangUp ends the connections as a host does that goes away in good order, and
// returns when the client has hung up too.
func (r *relay) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.(*net.TCPConn).CloseWrite()
	}
	r.open.Wait()
}

// to passes the connections that come from now on to another host.
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
