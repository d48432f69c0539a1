package host

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// folder returns the models of a folder of 100-byte files with the given names.
func folder(t testing.TB, names ...string) []Served {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(dir, n+".tflite"), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	models, err := Folder(dir, fixtures.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return models
}

// start serves on loopback until the test ends and returns a client and its
// connection.
func start(t testing.TB, o Options) (oip.GRPCInferenceServiceClient, *grpc.ClientConn) {
	t.Helper()
	_, address := serve(t, o)
	c := dial(t, address)
	return oip.NewGRPCInferenceServiceClient(c), c
}

// dial returns a connection to a host without TLS.
func dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(1<<30)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// serve serves on loopback until the test ends and returns the address. Nothing of the budget may be
// missing then, and no session be open.
func serve(t testing.TB, o Options) (*Server, string) {
	t.Helper()
	if o.Backend == nil {
		o.Backend = backendtest.New("cpu1", nil)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		until(t, "the budget comes back", func() bool { return s.budget.used.Load() == 0 })
		if b, ok := o.Backend.(*backendtest.Backend); ok {
			if _, open := b.Opened(); open != 0 {
				t.Errorf("%d sessions are open after the host stopped", open)
			}
		}
	})
	return s, l.Addr().String()
}

// request returns an inference request for a model of the fake backend: 16 float32.
func request(model string) *oip.ModelInferRequest {
	return &oip.ModelInferRequest{
		ModelName: model, Id: "7",
		Inputs: []*oip.ModelInferRequest_InferInputTensor{
			{Name: "input", Datatype: "FP32", Shape: []int64{1, 16}},
		},
		RawInputContents: [][]byte{make([]byte, 64)},
	}
}

func TestServerAnswersHealthMetadataAndReflection(t *testing.T) {
	c, conn := start(t, Options{Models: folder(t, "a"), Version: "v1"})
	ctx := context.Background()
	if r, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); err != nil || !r.Live {
		t.Errorf("live: %v, %v", r, err)
	}
	if r, err := c.ServerReady(ctx, &oip.ServerReadyRequest{}); err != nil || !r.Ready {
		t.Errorf("ready: %v, %v", r, err)
	}
	if r, err := c.ModelReady(ctx, &oip.ModelReadyRequest{Name: "a"}); err != nil || !r.Ready {
		t.Errorf("model ready: %v, %v", r, err)
	}
	about, err := c.ServerMetadata(ctx, &oip.ServerMetadataRequest{})
	if err != nil || about.Name != "crossover" || about.Version != "v1" {
		t.Errorf("server: %v, %v", about, err)
	}
	var header metadata.MD
	r, err := c.ModelMetadata(ctx, &oip.ModelMetadataRequest{Name: "a"}, grpc.Header(&header))
	if err != nil || len(r.Inputs) != 1 || r.Inputs[0].Datatype != "FP32" ||
		r.Outputs[0].Datatype != "INT8" || fmt.Sprint(r.Outputs[0].Shape) != "[1 10]" {
		t.Errorf("model: %v, %v", r, err)
	}
	if d := header.Get(oip.MetadataDetails); len(d) != 1 || !strings.Contains(d[0], `"zero_point":-128`) {
		t.Errorf("details: %v", d)
	}
	h := healthpb.NewHealthClient(conn)
	for _, service := range []string{"", "inference.GRPCInferenceService"} {
		r, err := h.Check(ctx, &healthpb.HealthCheckRequest{Service: service})
		if err != nil || r.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", service, r, err)
		}
	}
	s, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	list := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
	if err := s.Send(list); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recv(); err != nil || !strings.Contains(r.String(), "inference.GRPCInferenceService") {
		t.Errorf("reflection: %v, %v", r, err)
	}
}

func TestTokenIsRequiredForEveryCall(t *testing.T) {
	c, conn := start(t, Options{Models: folder(t, "a"), Token: "secret"})
	if _, err := c.ServerLive(context.Background(), &oip.ServerLiveRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer wrong")
	if _, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with a wrong token: %v", err)
	}
	ctx = metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer secret")
	if _, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); err != nil {
		t.Errorf("with the token: %v", err)
	}
	s, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(context.Background())
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection without a token: %v", err)
	}
}

// everywhere is a listener with an address that other machines reach.
type everywhere struct{ net.Listener }

func (everywhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8001} }

func TestServerDoesNotListenBeyondThisMachineUnguarded(t *testing.T) {
	secure := &tls.Config{Certificates: []tls.Certificate{{}}}
	for name, test := range map[string]struct {
		options Options
		want    string // in the error; empty if it may listen
	}{
		"open":                    {Options{}, "--insecure"},
		"open, said so":           {Options{Insecure: true}, ""},
		"TLS alone":               {Options{TLS: secure}, "--insecure"},
		"TLS and a token":         {Options{TLS: secure, Token: "t"}, ""},
		"a token in clear text":   {Options{Token: "t"}, "clear text"},
		"that, and said insecure": {Options{Token: "t", Insecure: true}, "clear text"},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		test.options.Backend = backendtest.New("cpu1", nil)
		s, err := New(ctx, test.options)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Serve(ctx, everywhere{l})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", name, err, test.want)
		}
	}
}
