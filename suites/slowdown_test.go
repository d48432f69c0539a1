package suites

import (
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// TestSlowdownTakesTime shows that the hook really makes inferences slower, since a
// made-up figure would not slow a benchmark's loop, and that it reaches only the
// combination that it names.
func TestSlowdownTakesTime(t *testing.T) {
	c := names.Combination{Variant: "model=tiny/input=32/compression=none", Backend: "cpu1", Link: names.LinkNone}
	t.Setenv("CROSSOVER_TEST_SLOWDOWN", c.Name()+" 3")
	catalog, models, err := fixtures.Tiny()
	if err != nil {
		t.Fatal(err)
	}
	v, err := catalog.Variant(string(c.Variant), models)
	if err != nil {
		t.Fatal(err)
	}
	other := c
	other.Backend = "cpu2"
	if b, err := slowdown(other, tflite.New(2)); err != nil || b.Name() != "cpu2" {
		t.Errorf("another combination: %v, %v", b, err)
	} else if _, slow := b.(slowed); slow {
		t.Error("another combination is slowed as well")
	}
	b, err := slowdown(c, tflite.New(1))
	if err != nil {
		t.Fatal(err)
	}
	session, err := b.Open(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	in, out := backends.Buffers(session.Inputs()), backends.Buffers(session.Outputs())
	const runs = 200
	var total, exec time.Duration
	begin := time.Now()
	for range runs {
		timing, err := session.Infer(t.Context(), in, out)
		if err != nil {
			t.Fatal(err)
		}
		total += timing.Total
		exec += timing.Exec
	}
	if wall := time.Since(begin); wall < total {
		t.Errorf("the inferences claim %v of %v", total, wall)
	}
	if exec < total*2/3 {
		t.Errorf("of %v in all, %v are execution; want at least two thirds", total, exec)
	}
	if d := session.(backends.Detailed).Details(); d.Threads != 1 {
		t.Errorf("details are lost: %+v", d)
	}
	for _, wrong := range []string{"0.5", "twice", "NaN"} {
		t.Setenv("CROSSOVER_TEST_SLOWDOWN", c.Name()+" "+wrong)
		if _, err := slowdown(c, tflite.New(1)); err == nil {
			t.Errorf("a slowdown of %q is accepted", wrong)
		}
	}
}
