package suite

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
)

// TestAgreementIsTakenOnTheRightFiles relies on quantization alone keeping the
// scores, which pruning of random weights does not.
func TestAgreementIsTakenOnTheRightFiles(t *testing.T) {
	s := tinySuite(t, Hooks{})
	of := func(compression string) float64 {
		a, err := s.Agreement(t.Context(), names.Variant("model=tiny/input=32/compression="+compression))
		if err != nil || a == nil {
			t.Fatalf("%s: %v, %v", compression, a, err)
		}
		if a.Images != 32 || a.Agreed < 0 || a.Agreed > 32 || !(a.Cosine >= -1 && a.Cosine <= 1) ||
			a.Weights != "random seed 1" {
			t.Errorf("%s: %+v", compression, a)
		}
		return a.Cosine
	}
	if q, pq := of("q"), of("pq"); q < 0.95 || pq > q {
		t.Errorf("cosine of the quantized variant %.3f, of the pruned one %.3f; want the first near 1 and above", q, pq)
	}
	if a, err := s.Agreement(t.Context(), "model=tiny/input=32/compression=none"); a != nil || err != nil {
		t.Errorf("the uncompressed variant agrees with itself: %v, %v", a, err)
	}
}

func tensorsOf(s backends.Session) (in, out [][]byte) {
	return backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
}

// TestSuiteOpensVariantsOneAfterTheOtherInConstantMemory opens and closes every
// variant of the tiny grid many times, so that what a closed one leaves behind adds
// up.
func TestSuiteOpensVariantsOneAfterTheOtherInConstantMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read on Linux alone")
	}
	s := tinySuite(t, Hooks{})
	pass := func() {
		for _, c := range s.Work {
			if !c.Backend.IsLocal() {
				continue
			}
			v, err := s.Variant(c.Variant)
			if err != nil {
				t.Fatal(err)
			}
			b, ok := tflite.ForName(c.Backend)
			if !ok {
				t.Fatalf("no backend %s", c.Backend)
			}
			session, err := b.Open(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			in, out := tensorsOf(session)
			if _, err := session.Infer(context.Background(), in, out); err != nil {
				t.Fatal(err)
			}
			if err := session.Close(); err != nil {
				t.Fatal(err)
			}
		}
		debug.FreeOSMemory()
	}
	pass()
	before := machine.ResidentBytes()
	const passes = 30
	for range passes {
		pass()
	}
	// 180 models of 50 to 76 KB, each with an interpreter of several times that.
	if grown := machine.ResidentBytes() - before; grown > 4<<20 {
		t.Errorf("after %d passes over the grid the process has grown by %d KiB", passes, grown>>10)
	}
}
