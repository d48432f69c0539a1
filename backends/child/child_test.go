package child_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestMain(m *testing.M) {
	child.Run("fragile", backendtest.OpenFragile)
	os.Exit(m.Run())
}

// open opens a session in a child process with those limits, of a file with that content.
func open(t *testing.T, l child.Limits, content string) (backends.Session, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	b := child.New("fragile", backendtest.New("cpu1", nil), nil, l)
	s, err := b.Open(context.Background(), fixtures.Variant{Name: "model=m", Path: path})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// infer runs an inference whose input begins with a byte.
func infer(s backends.Session, first byte) ([]byte, error) {
	in, out := backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
	in[0][0] = first
	_, err := s.Infer(context.Background(), in, out)
	return out[0], err
}

func TestSessionAnswersLikeOneInThisProcess(t *testing.T) {
	s, err := open(t, child.Limits{}, "model")
	if err != nil {
		t.Fatal(err)
	}
	local, err := backendtest.New("cpu1", nil).Open(context.Background(), fixtures.Variant{})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	for _, first := range []byte{0, 7, 8} {
		want, err := infer(local, first)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := infer(s, first); err != nil || !bytes.Equal(got, want) {
			t.Errorf("input %d: %x, %v; want %x", first, got, err, want)
		}
	}
	if s.(backends.Sized).MemoryBytes() <= 0 {
		t.Error("the session does not know what its process takes")
	}
}

func TestSessionSaysHowItsProcessDied(t *testing.T) {
	for name, test := range map[string]struct {
		first  byte
		limits child.Limits
		want   string
	}{
		"crash": {backendtest.Crash, child.Limits{}, "was killed by SIGKILL"},
		"hang": {
			backendtest.Hang, child.Limits{First: 50 * time.Millisecond}, "took longer than 50ms for its first inference",
		},
	} {
		s, err := open(t, test.limits, "model")
		if err != nil {
			t.Fatal(err)
		}
		_, err = infer(s, test.first)
		died, ok := errors.AsType[*child.DiedError](err)
		if !ok || !strings.Contains(died.How, test.want) {
			t.Errorf("%s: %v; want %q", name, err, test.want)
		}
		if name == "crash" && died.Words != "fragile: dividing by zero" {
			t.Errorf("it printed %q", died.Words)
		}
		if _, err := infer(s, 0); err == nil {
			t.Errorf("%s: a session without a process answers", name)
		}
	}
}

func TestSessionKillEndsWhatRuns(t *testing.T) {
	s, err := open(t, child.Limits{}, "model")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := infer(s, backendtest.Hang)
		done <- err
	}()
	s.(child.Killer).Kill()
	if _, ok := errors.AsType[*child.DiedError](<-done); !ok {
		t.Error("no error after the kill")
	}
}

func TestOpenPassesOnWhatTheChildSays(t *testing.T) {
	_, err := open(t, child.Limits{}, "broken")
	if err == nil || !strings.Contains(err.Error(), "not a model") {
		t.Errorf("error: %v", err)
	}
	if _, ok := errors.AsType[*child.DiedError](err); ok {
		t.Error("a broken file counts as a crash")
	}
}

// BenchmarkInfer measures what a child process adds to an inference that takes no time: 3 KB in, 10 bytes
// out, twice over a pipe.
func BenchmarkInfer(b *testing.B) {
	path := filepath.Join(b.TempDir(), "m.tflite")
	if err := os.WriteFile(path, []byte("model"), 0o600); err != nil {
		b.Fatal(err)
	}
	v := fixtures.Variant{Name: "model=m", Path: path, Image: &fixtures.Image{Height: 32, Width: 32}}
	s, err := child.New("fragile", backendtest.New("cpu1", nil), nil, child.Limits{}).Open(context.Background(), v)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	in, out := backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
	for b.Loop() {
		if _, err := s.Infer(context.Background(), in, out); err != nil {
			b.Fatal(err)
		}
	}
}
