package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// isolated returns options of a host whose models run in child processes that misbehave as their input
// says.
func isolated(models []Served, l child.Limits) Options {
	b := backendtest.New("cpu1", nil)
	return Options{Models: models, Backend: b, Isolated: child.New("fragile", b, nil, l), Private: true}
}

// misbehaving is a request whose input says what goes wrong.
func misbehaving(model string, how byte) *oip.ModelInferRequest {
	r := request(model)
	r.RawInputContents[0][0] = how
	return r
}

func TestCrashCostsTheRequestThatCausedItAndDelaysItsModel(t *testing.T) {
	s, address := serve(t, isolated(folder(t, "a", "b"), child.Limits{}))
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	ctx := context.Background()
	for _, model := range []string{"a", "b"} {
		if _, err := c.ModelInfer(ctx, request(model)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.ModelInfer(ctx, misbehaving("a", backendtest.Crash))
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "was killed by SIGKILL") {
		t.Errorf("the request that crashed it: %v", err)
	}
	_, err = c.ModelInfer(ctx, request("a"))
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "restarting") {
		t.Errorf("the next request: %v", err)
	}
	i, err := c.RepositoryIndex(ctx, &oip.RepositoryIndexRequest{})
	if err != nil || i.Models[0].State != "UNAVAILABLE" || !strings.Contains(i.Models[0].Reason, "SIGKILL") {
		t.Errorf("index: %v, %v", i, err)
	}
	for name, want := range map[string]int{
		`crossover_host_requests_total{code="Internal",model="a"}`:    1,
		`crossover_host_requests_total{code="Unavailable",model="a"}`: 1,
		`crossover_host_process_deaths_total{model="a"}`:              1,
		`crossover_host_process_deaths_total{model="b"}`:              0,
		`crossover_host_model_loaded{model="a"}`:                      0,
		`crossover_host_model_loaded{model="b"}`:                      1,
		`crossover_host_model_unavailable{model="a"}`:                 1,
		`crossover_host_refused_total{reason="restarting"}`:           1,
		`crossover_host_request_seconds_count{model="a",part="exec"}`: 1,
	} {
		if got := metric(s, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	until(t, "the model is back", func() bool {
		if _, err := c.ModelInfer(ctx, request("b")); err != nil {
			t.Fatalf("another model: %v", err)
		}
		_, err := c.ModelInfer(ctx, request("a"))
		return err == nil
	})
}

func TestEndlessInferenceIsKilledAndItsQueueGetsUnavailable(t *testing.T) {
	s, address := serve(t, isolated(folder(t, "a", "b"), child.Limits{First: time.Second}))
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	ctx := context.Background()
	if _, err := c.ModelInfer(ctx, request("b")); err != nil {
		t.Fatal(err)
	}
	results := make(map[codes.Code]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	infer := func(r *oip.ModelInferRequest) {
		_, err := c.ModelInfer(ctx, r)
		mu.Lock()
		results[status.Code(err)]++
		mu.Unlock()
	}
	wg.Go(func() { infer(misbehaving("a", backendtest.Hang)) })
	until(t, "the model runs", func() bool {
		s.repository.mu.Lock()
		defer s.repository.mu.Unlock()
		i := s.repository.models["a"].instance
		return i != nil && len(i.sessions) == 0
	})
	for range 5 {
		wg.Go(func() { infer(request("a")) })
	}
	for range 50 {
		if _, err := c.ModelInfer(ctx, request("b")); err != nil {
			t.Errorf("another model: %v", err)
		}
	}
	wg.Wait()
	if results[codes.Internal] != 1 || results[codes.Unavailable] != 5 {
		t.Errorf("results %v; want 1 Internal and 5 Unavailable", results)
	}
}

func TestFileThatChangesWhileServedChangesNothing(t *testing.T) {
	for _, isolate := range []bool{false, true} {
		models := folder(t, "a")
		o := isolated(models, child.Limits{})
		if !isolate {
			o.Isolated = nil
		}
		c, _ := start(t, o)
		want, err := c.ModelInfer(context.Background(), request("a"))
		if err != nil {
			t.Fatal(err)
		}
		path := models[0].Variant.Path
		for what, change := range map[string]func() error{
			"truncated":   func() error { return os.Truncate(path, 0) },
			"overwritten": func() error { return os.WriteFile(path, []byte("something else"), 0o600) },
			"removed":     func() error { return os.Remove(path) },
		} {
			_ = os.WriteFile(path, make([]byte, 100), 0o600)
			if err := change(); err != nil {
				t.Fatal(err)
			}
			got, err := c.ModelInfer(context.Background(), request("a"))
			if err != nil || string(got.RawOutputContents[0]) != string(want.RawOutputContents[0]) {
				t.Errorf("%s, isolated %t: %v, %v", what, isolate, got, err)
			}
		}
	}
}

func TestBrokenModelIsAFailedPreconditionWithoutPaths(t *testing.T) {
	models := folder(t, "a", "b")
	if err := os.WriteFile(models[0].Variant.Path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log syncBuffer
	o := isolated(models, child.Limits{})
	o.Log = log.logger()
	c, _ := start(t, o)
	_, err := c.ModelInfer(context.Background(), request("a"))
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "a.tflite: not a model") ||
		strings.Contains(err.Error(), "/") {
		t.Errorf("error: %v", err)
	}
	if _, err := c.ModelInfer(context.Background(), request("b")); err != nil {
		t.Errorf("another model: %v", err)
	}
	if !strings.Contains(log.String(), "/proc/") {
		t.Errorf("the log does not tell the path:\n%s", log.String())
	}
}

func TestFolderKeepsWhatItCannotServeAsUnavailable(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside.tflite")
	write := func(path string) {
		if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(outside)
	write(filepath.Join(dir, "good.tflite"))
	write(filepath.Join(dir, "caf\xe9.tflite"))
	link("nowhere", "dangling.tflite")
	link("good.tflite", "inside.tflite")
	link(outside, "out.tflite")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.tflite"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.tflite"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"good": "", "inside": "", "caf\uFFFD": "not UTF-8", "dangling": "leads nowhere", "out": "out of the folder",
		"pipe": "not a regular file", "folder": "not a regular file",
	}
	models, err := Folder(dir, fixtures.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, Options{Models: models, Preload: true})
	i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
	if err != nil || len(i.Models) != len(want) {
		t.Fatalf("index: %v, %v", i, err)
	}
	for _, m := range i.Models {
		reason, ok := want[m.Name]
		if !ok || (reason == "") != (m.State == "READY") || !strings.Contains(m.Reason, reason) {
			t.Errorf("model %q: %s, %q; want %q", m.Name, m.State, m.Reason, reason)
		}
		ready, err := c.ModelReady(context.Background(), &oip.ModelReadyRequest{Name: m.Name})
		if err != nil || ready.Ready != (reason == "") {
			t.Errorf("model %q: ready %v, %v", m.Name, ready, err)
		}
		_, err = c.ModelInfer(context.Background(), request(m.Name))
		if code := status.Code(err); reason == "" && err != nil || reason != "" && code != codes.FailedPrecondition {
			t.Errorf("model %q: %v", m.Name, err)
		}
	}
}

func TestLoadingHonoursDeadlinesCountsInTheQueueAndDelaysNoOtherModel(t *testing.T) {
	release := make(chan struct{})
	b := backendtest.New("cpu1", nil)
	b.OpenErr = func(v fixtures.Variant) error {
		if strings.HasSuffix(v.Path, "a.tflite") {
			<-release
		}
		return nil
	}
	defer close(release)
	s, address := serve(t, Options{Models: folder(t, "a", "b"), Backend: b, Queue: 4})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.ModelInfer(short, request("a")); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a deadline passes while the model is loaded: %v", err)
	}
	until(t, "nobody waits any more", func() bool { return s.accepted.Load() == 0 })
	results := make(chan codes.Code, 20)
	for range cap(results) {
		go func() {
			long, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := c.ModelInfer(long, request("a"))
			results <- status.Code(err)
		}()
	}
	for range 20 {
		if _, err := c.ModelInfer(context.Background(), request("b")); err != nil {
			t.Errorf("another model: %v", err)
		}
	}
	got := make(map[codes.Code]int)
	for range cap(results) {
		got[<-results]++
	}
	if got[codes.DeadlineExceeded] != 4 || got[codes.ResourceExhausted] != 16 {
		t.Errorf("results %v; want 4 that wait and 16 refused", got)
	}
}
