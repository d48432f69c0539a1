package host

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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
	c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if b, ok := o.Backend.(*backendtest.Backend); ok {
			if _, open := b.Opened(); open != 0 {
				t.Errorf("%d sessions are open after the host stopped", open)
			}
		}
	})
	return oip.NewGRPCInferenceServiceClient(c), c
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

func TestServerWarnsWhenReachableFromOtherMachines(t *testing.T) {
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := New(ctx, Options{Backend: backendtest.New("cpu1", nil), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ctx, everywhere{l}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "listening beyond this machine") {
		t.Errorf("log:\n%s", log.String())
	}
}
