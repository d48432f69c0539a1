package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestRepositoryClosesTheLeastRecentlyUsedModel(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	c, _ := start(t, Options{Models: folder(t, "a", "b", "c"), Backend: b, Memory: 250})
	ready := func() string {
		i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var loaded []string
		for _, m := range i.Models {
			if m.Reason == "" {
				loaded = append(loaded, m.Name)
			}
		}
		return strings.Join(loaded, " ")
	}
	for _, step := range []struct{ use, loaded string }{
		{"a", "a"}, {"b", "a b"}, {"a", "a b"}, {"c", "a c"}, {"b", "b c"},
	} {
		if _, err := c.ModelInfer(context.Background(), request(step.use)); err != nil {
			t.Fatal(err)
		}
		if got := ready(); got != step.loaded {
			t.Errorf("after %s: loaded %q, want %q", step.use, got, step.loaded)
		}
	}
}

// large is a backend whose sessions say that they take 1000 bytes.
type large struct{ *backendtest.Backend }

type largeSession struct{ backends.Session }

func (l large) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	s, err := l.Backend.Open(ctx, v)
	return largeSession{s}, err
}

func (largeSession) MemoryBytes() int64 { return 1000 }

func TestRepositoryRefusesAModelAboveTheLimit(t *testing.T) {
	for name, o := range map[string]Options{
		"by its file":    {Memory: 99, Backend: backendtest.New("cpu1", nil)},
		"once it loaded": {Memory: 500, Backend: large{backendtest.New("cpu1", nil)}},
	} {
		o.Models = folder(t, "a")
		c, _ := start(t, o)
		_, err := c.ModelInfer(context.Background(), request("a"))
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "memory limit") {
			t.Errorf("%s: %v", name, err)
		}
		r, err := c.ModelReady(context.Background(), &oip.ModelReadyRequest{Name: "a"})
		if err != nil || r.Ready {
			t.Errorf("%s: the model is ready: %v, %v", name, r, err)
		}
	}
}

func TestRepositorySaysWhyAModelDoesNotLoadAndRetries(t *testing.T) {
	broken := true
	b := backendtest.New("cpu1", nil)
	b.OpenErr = func(fixtures.Variant) error {
		if broken {
			return &backends.UnavailableError{Backend: "cpu1", Missing: "the plug-in"}
		}
		return nil
	}
	c, _ := start(t, Options{Models: folder(t, "a"), Backend: b})
	_, err := c.ModelInfer(context.Background(), request("a"))
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "the plug-in") {
		t.Errorf("error: %v", err)
	}
	i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
	if err != nil || i.Models[0].State != "UNAVAILABLE" || !strings.Contains(i.Models[0].Reason, "the plug-in") {
		t.Errorf("index: %v, %v", i, err)
	}
	i, err = c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{Ready: true})
	if err != nil || len(i.Models) != 0 {
		t.Errorf("index of the ready ones: %v, %v", i, err)
	}
	broken = false
	if _, err := c.ModelInfer(context.Background(), request("a")); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}

func TestRepositorySharesInterpretersAmongClients(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	s, address := serve(t, Options{Models: folder(t, "a", "b"), Backend: b, Interpreters: 2, Memory: 150})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	var busy atomic.Int64
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for i := range 25 {
				_, err := c.ModelInfer(context.Background(), request([]string{"a", "b"}[(k+i)%2]))
				// With room for one of the two, a busy one cannot be closed.
				switch status.Code(err) {
				case codes.OK:
				case codes.ResourceExhausted:
					busy.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := refused(s, byMemory); n != int(busy.Load()) {
		t.Errorf("%d requests for a model without room are counted, want %d", n, busy.Load())
	}
}

func TestPreloadKeepsWhatItCannotLoadAsUnavailable(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	start(t, Options{Models: folder(t, "a", "b"), Backend: b, Preload: true})
	if n, _ := b.Opened(); n != 2 {
		t.Errorf("%d of 2 models are loaded", n)
	}
	bad := backendtest.New("cpu1", nil)
	bad.OpenErr = func(v fixtures.Variant) error {
		if strings.HasSuffix(v.Path, "b.tflite") {
			return errors.New(v.Path + ": broken file")
		}
		return nil
	}
	models := folder(t, "a", "b")
	c, _ := start(t, Options{Models: models, Backend: bad, Preload: true})
	i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
	if err != nil || i.Models[0].State != "READY" || i.Models[1].State != "UNAVAILABLE" ||
		i.Models[1].Reason != "b.tflite: broken file" {
		t.Errorf("index: %v, %v", i, err)
	}
	_, err = New(context.Background(), Options{Models: models[1:], Backend: bad, Preload: true})
	if err == nil || !strings.Contains(err.Error(), `no model can be loaded: model "b": b.tflite: broken file`) {
		t.Errorf("error: %v", err)
	}
}

func TestFolderWithoutModelsIsAnError(t *testing.T) {
	if _, err := Folder(t.TempDir(), fixtures.Default(), nil); err == nil {
		t.Error("an empty folder gave models")
	}
	if _, err := Folder(filepath.Join(t.TempDir(), "nowhere"), fixtures.Default(), nil); err == nil {
		t.Error("a missing folder gave models")
	}
}
