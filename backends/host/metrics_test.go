package host_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// page returns a page for those who watch the host.
func page(s *host.Server, path string) (status int, text string) {
	w := httptest.NewRecorder()
	s.Observation().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// watched starts a host of the model "a", and returns it, a client, and a function that stops it.
func watched(t *testing.T, o host.Options) (*host.Server, oip.GRPCInferenceServiceClient, func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tflite")
	if err := os.WriteFile(path, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Models = host.Serve(fixtures.Variant{Name: "model=a", Path: path})
	o.Backend = backendtest.New("cpu1", backendtest.Sleep(2*time.Millisecond))
	ctx, cancel := context.WithCancel(context.Background())
	s, err := host.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		conn.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, oip.NewGRPCInferenceServiceClient(conn), stop
}

func TestObservationCountsInferences(t *testing.T) {
	s, client, stop := watched(t, host.Options{})
	_, before := page(s, "/metrics")
	if !strings.Contains(before, `crossover_host_requests_total{code="OK",model="a"} 0`) {
		t.Error("a model that nobody asked for has no series: a rate over its first request would be missing")
	}
	ctx := context.Background()
	infer := func(model string, payload int) {
		_, _ = client.ModelInfer(ctx, &oip.ModelInferRequest{
			ModelName: model, RawInputContents: [][]byte{make([]byte, payload)},
			Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "input", Datatype: "FP32", Shape: []int64{1, 16}}},
		})
	}
	infer("a", 64)
	infer("a", 64)
	infer("a", 3)
	infer("b\"evil", 64)
	infer("c", 64)
	if _, err := client.ModelInfer(ctx, &oip.ModelInferRequest{ModelName: "a"}); err == nil {
		t.Error("a request without inputs was answered")
	}
	status, text := page(s, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for _, want := range []string{
		`crossover_host_requests_total\{code="OK",model="a"\} 2`,
		`crossover_host_requests_total\{code="InvalidArgument",model="a"\} 2`,
		`crossover_host_requests_total\{code="NotFound",model="unknown"\} 2`,
		`crossover_host_request_seconds_count\{model="a",part="exec"\} 2`,
		`crossover_host_request_seconds_sum\{model="a",part="exec"\} 0\.(00[4-9]|0[1-9]|[1-9])`,
		`crossover_host_request_seconds_bucket\{model="a",part="queue",le="\+Inf"\} 2`,
		`crossover_host_message_bytes_total\{direction="received"\} [1-9]`,
		`crossover_host_message_bytes_total\{direction="sent"\} [1-9]`,
		`crossover_host_requests_in_progress\{model="a"\} 0`,
		`crossover_host_queue_length\{model="a"\} 0`,
		`crossover_host_model_loaded\{model="a"\} 1`,
		`crossover_host_model_unavailable\{model="a"\} 0`,
		`crossover_host_refused_total\{reason="credentials"\} 0`,
		`process_open_fds [1-9]`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Contains(text, "evil") {
		t.Error("a client chose a label")
	}
	if status, text := page(s, "/healthz"); status != http.StatusOK || text != "ok\n" {
		t.Errorf("health %d %q", status, text)
	}
	stop()
	if status, _ := page(s, "/healthz"); status != http.StatusServiceUnavailable {
		t.Errorf("a stopped host has the health %d", status)
	}
	if status, _ := page(s, "/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("another page has status %d", status)
	}
}

func TestObservationCountsRequestsWithoutCredentials(t *testing.T) {
	s, client, _ := watched(t, host.Options{Token: "secret"})
	if _, err := client.ModelInfer(context.Background(), &oip.ModelInferRequest{ModelName: "a"}); err == nil {
		t.Error("a request without a token was answered")
	}
	_, text := page(s, "/metrics")
	for _, want := range []string{
		`crossover_host_refused_total{reason="credentials"} 1`, `crossover_host_requests_total{code="OK",model="a"} 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
}

// The dashboard asks only for what a host tells.
func TestDashboardKnowsTheMetrics(t *testing.T) {
	dashboard, err := os.ReadFile(filepath.Join("..", "..", "docs", "grafana-host.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Fatal("the dashboard is not JSON")
	}
	s, _, _ := watched(t, host.Options{})
	_, text := page(s, "/metrics")
	asked := regexp.MustCompile(`(crossover_host|process)_[a-z_]+`).FindAllString(string(dashboard), -1)
	if len(asked) < 10 {
		t.Errorf("the dashboard asks for %q only", asked)
	}
	for _, name := range asked {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("the dashboard asks for %s, which no host tells", name)
		}
	}
}
