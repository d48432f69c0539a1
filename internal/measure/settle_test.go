package measure_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestSettleLevelLatencyInHalfASecondOr15Runs(t *testing.T) {
	for _, c := range []struct {
		latency time.Duration
		runs    int
	}{
		{300 * time.Microsecond, 1667},
		{10 * time.Millisecond, 50},
		{300 * time.Millisecond, 15}, // 4.5 s, not minutes
		{3 * time.Second, 15},        // beyond the bound of time, which holds too few runs
	} {
		b := newSeries(func(int) time.Duration { return c.latency }).take(t, time.Second, measure.Config{})
		if !b.Warmup.Settled || b.Warmup.Reason != "settled" || b.Warmup.Runs != c.runs {
			t.Errorf("%v: warm-up %+v, want settled after %d runs", c.latency, b.Warmup, c.runs)
		}
		if got := count(b, results.PhaseFirst); got != 1 {
			t.Errorf("%v: %d first inferences", c.latency, got)
		}
		if got := count(b, results.PhaseWarmup); got != b.Warmup.Runs {
			t.Errorf("%v: %d warm-up samples, but the warm-up says %d", c.latency, got, b.Warmup.Runs)
		}
		if want := int(math.Ceil(float64(time.Second) / float64(c.latency))); count(b, results.PhaseSteady) != want {
			t.Errorf("%v: %d steady samples in a second, want %d", c.latency, count(b, results.PhaseSteady), want)
		}
	}
}

func TestSettleBoundsAWarmupTooSlowToSettle(t *testing.T) {
	b := newSeries(func(int) time.Duration { return 25 * time.Second }).take(t, time.Second, measure.Config{})
	if b.Warmup.Settled || b.Warmup.Runs != 3 || !strings.Contains(b.Warmup.Reason, "not settled") {
		t.Errorf("warm-up %+v; want an end after a minute", b.Warmup)
	}
}

func TestSettleLateCountsOnlyWhatFollows(t *testing.T) {
	// Twice as slow at first, decaying with a time constant of 500 inferences.
	noise := noisy(time.Millisecond, 0.02)
	b := newSeries(func(i int) time.Duration {
		return time.Duration(float64(noise()) * (1 + math.Exp(-float64(i)/500)))
	}).take(t, time.Second, measure.Config{})
	if !b.Warmup.Settled {
		t.Fatalf("warm-up %+v did not settle", b.Warmup)
	}
	if b.Warmup.Runs < 1500 || b.Warmup.Runs > 4000 {
		t.Errorf("settled after %d runs, want 1500 to 4000: there the decay is between 5 %% and 0.03 %%", b.Warmup.Runs)
	}
	steady, _ := b.Steady(0)
	for i, s := range steady {
		if s.Total > 1200*time.Microsecond {
			t.Errorf("steady sample %d took %v: it belongs to the warm-up", i, s.Total)
		}
	}
	if b.Drift != 0 {
		t.Errorf("drift %v in a level part", b.Drift)
	}
}

func TestSettleReportsAWarmupThatNeverSettles(t *testing.T) {
	// Every tenth of a second it is 2 % slower.
	slower := func(level time.Duration) func(int) time.Duration {
		var spent time.Duration
		return func(int) time.Duration {
			d := time.Duration(float64(level) * math.Pow(1.02, spent.Seconds()*10))
			spent += d
			return d
		}
	}
	for _, c := range []struct {
		settle measure.Settle
		want   string
	}{
		{measure.Settle{}, "not settled within the bound of 10s"},
		{measure.Settle{MaxTime: 2 * time.Second}, "not settled within the bound of 2s"},
		{measure.Settle{MaxRuns: 500}, "not settled within the bound of 500 runs"},
	} {
		b := newSeries(slower(time.Millisecond)).take(t, time.Second, measure.Config{Settle: c.settle})
		if b.Warmup.Settled || b.Warmup.Reason != c.want {
			t.Errorf("warm-up %+v, want %q", b.Warmup, c.want)
		}
		if b.Warmup.Time > 11*time.Second {
			t.Errorf("the warm-up took %v, beyond its bound", b.Warmup.Time)
		}
		if count(b, results.PhaseSteady) == 0 {
			t.Error("no steady samples: a warm-up that hit its bound is followed by the steady part")
		}
	}
}

func TestSettleDoesNotTakeSlowDriftForSettled(t *testing.T) {
	// 0.7 % slower each tenth of a second.
	b := newSeries(func(i int) time.Duration {
		return time.Duration(float64(time.Millisecond) * math.Pow(1.007, float64(i)/100))
	}).take(t, time.Second, measure.Config{Settle: measure.Settle{MaxTime: 5 * time.Second}})
	if b.Warmup.Settled {
		t.Errorf("warm-up %+v settled on a drift", b.Warmup)
	}
}

func TestSettleWaitsOutAnEarlyStepAndReportsALateOne(t *testing.T) {
	noise := noisy(time.Millisecond, 0.02)
	step := func(at int) func(int) time.Duration {
		return func(i int) time.Duration {
			d := noise()
			if i >= at {
				d = d * 13 / 10
			}
			return d
		}
	}
	b := newSeries(step(150)).take(t, time.Second, measure.Config{})
	if !b.Warmup.Settled || b.Warmup.Runs < 350 {
		t.Errorf("a step after 150 runs: warm-up %+v, want settled after it", b.Warmup)
	}
	if b.Drift != 0 {
		t.Errorf("a step within the warm-up: the steady part drifts by %v", b.Drift)
	}
	b = newSeries(step(800)).take(t, time.Second, measure.Config{})
	if b.Warmup.Runs > 600 {
		t.Errorf("a step after 800 runs: warm-up %+v, want settled before it", b.Warmup)
	}
	if math.Abs(b.Drift-0.3) > 0.02 {
		t.Errorf("a step of 30 %% within the steady part is reported as a drift of %v", b.Drift)
	}
}

func TestSettleHeavyTailAndTwoModesSoon(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, latency := range map[string]func(int) time.Duration{
		"heavy tail": func(int) time.Duration { // Pareto with index 1.5: no variance
			return time.Duration(float64(time.Millisecond) * math.Pow(rng.Float64(), -1/1.5))
		},
		"bimodal": func(int) time.Duration {
			d := float64(time.Millisecond)
			if rng.IntN(2) == 0 {
				d *= 2
			}
			return time.Duration(d * math.Exp(0.01*rng.NormFloat64()))
		},
	} {
		settled := 0
		for range 50 {
			b := newSeries(latency).take(t, 100*time.Millisecond, measure.Config{})
			if b.Warmup.Settled && b.Warmup.Time < time.Second {
				settled++
			}
		}
		if settled < 48 {
			t.Errorf("%s: %d of 50 level series settled within a second", name, settled)
		}
	}
}

func TestDriftIsSeldomSeenInLevelSeries(t *testing.T) {
	noise := noisy(time.Millisecond, 0.2)
	seen := 0
	for range 100 {
		if newSeries(func(int) time.Duration { return noise() }).take(t, 100*time.Millisecond, measure.Config{}).Drift != 0 {
			seen++
		}
	}
	if seen > 3 {
		t.Errorf("a drift was reported in %d of 100 level series", seen)
	}
}
