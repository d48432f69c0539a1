package backendtest_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/fixtures"
)

var image = fixtures.Variant{
	Name:  "model=tiny/input=8/compression=none",
	Image: &fixtures.Image{Height: 8, Width: 8, Preprocessing: "tf"},
}

func TestBackendFollowsTheScriptWithoutWaiting(t *testing.T) {
	b := backendtest.New("cpu1", func(v fixtures.Variant, i int) (backends.Timing, error) {
		return backendtest.Constant([]time.Duration{30 * time.Hour, 20 * time.Hour}[min(i, 1)])(v, i)
	})
	s, err := b.Open(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	in, out := [][]byte{make([]byte, image.Image.Bytes())}, [][]byte{make([]byte, backendtest.Classes)}
	for i, want := range []time.Duration{30 * time.Hour, 20 * time.Hour, 20 * time.Hour} {
		timing, err := s.Infer(t.Context(), in, out)
		if err != nil || timing.Total != want || timing.Exec != want {
			t.Errorf("inference %d: %+v, %v; want %v", i, timing, err, want)
		}
	}
	if _, still := b.Opened(); still != 1 {
		t.Errorf("%d sessions open before Close; want 1", still)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, still := b.Opened(); still != 0 {
		t.Errorf("%d sessions open after Close; want 0", still)
	}
}

func TestBackendOutputsDependOnTheInputAlone(t *testing.T) {
	infer := func(fill byte) []byte {
		s, err := backendtest.New("cpu1", nil).Open(t.Context(), image)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		in := [][]byte{bytes.Repeat([]byte{fill}, image.Image.Bytes())}
		out := [][]byte{make([]byte, backendtest.Classes)}
		if _, err := s.Infer(t.Context(), in, out); err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	if !bytes.Equal(infer(1), infer(1)) || bytes.Equal(infer(1), infer(2)) {
		t.Error("equal inputs must give equal outputs, and others different ones")
	}
}

func TestBackendReturnsErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := backendtest.New("cpu1", nil).Open(ctx, image)
	if err != nil {
		t.Fatal(err)
	}
	in, out := [][]byte{make([]byte, image.Image.Bytes())}, [][]byte{make([]byte, backendtest.Classes)}
	if _, err := s.Infer(ctx, [][]byte{{1}}, out); err == nil {
		t.Error("a short input was accepted")
	}
	if _, err := s.Infer(ctx, in, nil); err == nil {
		t.Error("a missing output was accepted")
	}
	cancel()
	if _, err := s.Infer(ctx, in, out); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_, err = backendtest.Unavailable("npu", "no driver", "install it").Open(t.Context(), image)
	if _, ok := errors.AsType[*backends.UnavailableError](err); !ok {
		t.Errorf("unavailable: %v", err)
	}
}
