package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// stopping starts a host and returns it with a client, a function that tells it to stop and what Serve
// returns.
func stopping(t *testing.T, o Options) (*Server, *grpc.ClientConn, context.CancelFunc, <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
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
	return s, dial(t, l.Addr().String()), cancel, done
}

// sleeping is a backend whose inferences take a while.
func sleeping(d time.Duration) *backendtest.Backend {
	return backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		time.Sleep(d)
		return backends.Timing{Exec: d}, nil
	})
}

func TestStopFinishesAcceptedRequestsDespiteSilentAndHangingOnes(t *testing.T) {
	models := folder(t, "a", "hangs")
	models[0].Variant.SHA256 = "known" // so it runs in this process
	o := isolated(models, child.Limits{})
	took, grace := 50*time.Millisecond, 2*time.Second
	if os.Getenv("CROSSOVER_SLOW") != "" {
		took, grace = 450*time.Millisecond, 10*time.Second
	}
	o.Backend, o.Interpreters, o.Private = sleeping(took), 2, false
	o.Limits.Grace = grace
	s, conn, stop, done := stopping(t, o)
	c := oip.NewGRPCInferenceServiceClient(conn)
	silent, err := net.Dial("tcp", conn.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	hanging := make(chan error, 1)
	go func() {
		_, err := c.ModelInfer(context.Background(), misbehaving("hangs", backendtest.Hang))
		hanging <- err
	}()
	answers := make(chan error, 20)
	for range cap(answers) {
		go func() {
			_, err := c.ModelInfer(context.Background(), request("a"))
			answers <- err
		}()
	}
	until(t, "all are accepted", func() bool { return s.accepted.Load() == int64(cap(answers))+1 || len(answers) > 0 })
	began := time.Now()
	stop()
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Errorf("an accepted request: %v", err)
		}
	}
	unfinished, ok := errors.AsType[*UnfinishedError](<-done)
	if !ok || unfinished.Requests != 1 {
		t.Errorf("the end: %v; want 1 unfinished request", unfinished)
	}
	if took := time.Since(began); took > o.Limits.Grace+time.Second {
		t.Errorf("stopping took %v with a grace period of %v", took, o.Limits.Grace)
	}
	if err := <-hanging; err == nil {
		t.Error("the hanging inference was answered")
	}
}

func TestStopIsNotDelayedByIdleAndSilentConnections(t *testing.T) {
	s, conn, stop, done := stopping(t, Options{Models: folder(t, "a"), Backend: backendtest.New("cpu1", nil)})
	if _, err := oip.NewGRPCInferenceServiceClient(conn).ModelInfer(context.Background(), request("a")); err != nil {
		t.Fatal(err)
	}
	newRawClient(t, conn.Target()) // never answers the last ping
	silent, err := net.Dial("tcp", conn.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	until(t, "three are connected", func() bool { return s.listener.count() == 3 })
	began := time.Now()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func TestDrainingHostServesButIsNotReady(t *testing.T) {
	s, conn, stop, done := stopping(t, Options{
		Models: folder(t, "a"), Backend: backendtest.New("cpu1", nil), Limits: Limits{Drain: time.Second},
	})
	c, ctx := oip.NewGRPCInferenceServiceClient(conn), context.Background()
	if _, err := c.ModelInfer(ctx, request("a")); err != nil {
		t.Fatal(err)
	}
	stop()
	until(t, "it drains", s.draining.Load)
	server, err := c.ServerReady(ctx, &oip.ServerReadyRequest{})
	model, modelErr := c.ModelReady(ctx, &oip.ModelReadyRequest{Name: "a"})
	_, inferErr := c.ModelInfer(ctx, request("a"))
	w := httptest.NewRecorder()
	s.Observation().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if s.stopping.Load() {
		t.Skip("this machine is too busy to look within a second")
	}
	if err != nil || server.Ready || modelErr != nil || model.Ready {
		t.Errorf("ready: %v, %v, model: %v, %v", server, err, model, modelErr)
	}
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("/healthz is %d while draining, want 503", w.Code)
	}
	if inferErr != nil {
		t.Errorf("an inference while draining: %v", inferErr)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := c.ModelInfer(ctx, request("a")); status.Code(err) != codes.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}
