package measure_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
)

var variant = fixtures.Variant{
	Name:  "model=mobilenet/input=32/compression=pq",
	Image: &fixtures.Image{Height: 32, Width: 32},
}

// series is a backend on a simulated clock: inference i takes latency(i), and
// nothing else takes time.
type series struct {
	*backendtest.Backend
	now time.Duration
}

func newSeries(latency func(i int) time.Duration) *series {
	s := &series{}
	s.Backend = backendtest.New("cpu1", func(_ fixtures.Variant, i int) (backends.Timing, error) {
		d := latency(i)
		s.now += d
		return backends.Timing{Total: d, Exec: d}, nil
	})
	return s
}

func (s *series) clock() time.Duration { return s.now }

// take measures a block of steady samples for d of simulated time.
func (s *series) take(t *testing.T, d time.Duration, cfg measure.Config) results.Block {
	t.Helper()
	cfg.Clock = s.clock
	r, err := measure.Begin(context.Background(), s, variant, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(d, 0); err != nil {
		t.Fatal(err)
	}
	b, err := r.End()
	if err != nil {
		t.Fatal(err)
	}
	if _, still := s.Opened(); still != 0 {
		t.Errorf("%d sessions are still open", still)
	}
	return b
}

func count(b results.Block, phase results.Phase) (n int) {
	for _, s := range b.Samples {
		if s.Phase == phase {
			n++
		}
	}
	return n
}

// noisy returns level with a relative spread, drawn from a seeded source.
func noisy(level time.Duration, spread float64) func() time.Duration {
	rng := rand.New(rand.NewPCG(1, 2))
	return func() time.Duration {
		return time.Duration(float64(level) * math.Exp(spread*rng.NormFloat64()))
	}
}

func TestLevelLatencySettlesInThreeWindows(t *testing.T) {
	for _, c := range []struct {
		latency time.Duration
		runs    int
	}{
		{300 * time.Microsecond, 3 * 334}, // windows of 100 ms
		{10 * time.Millisecond, 3 * 10},
		{300 * time.Millisecond, 3 * 5}, // windows of 5 runs: 4.5 s, not minutes
		{3 * time.Second, 3 * 5},        // beyond the bound, within which nothing could tell
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

func TestAWarmupTooSlowToSettleIsBoundedAllTheSame(t *testing.T) {
	b := newSeries(func(int) time.Duration { return 25 * time.Second }).take(t, time.Second, measure.Config{})
	if b.Warmup.Settled || b.Warmup.Runs != 3 || !strings.Contains(b.Warmup.Reason, "not settled") {
		t.Errorf("warm-up %+v; want an end after a minute", b.Warmup)
	}
}

func TestABlockSaysHowHotItEnded(t *testing.T) {
	level := newSeries(func(int) time.Duration { return 10 * time.Millisecond })
	hot := func() (float64, bool) { return 71.5, true }
	if b := level.take(t, time.Second, measure.Config{Thermometer: hot}); b.Celsius == nil || *b.Celsius != 71.5 {
		t.Errorf("temperature %v", b.Celsius)
	}
	blind := func() (float64, bool) { return 0, false }
	if b := level.take(t, time.Second, measure.Config{Thermometer: blind}); b.Celsius != nil {
		t.Errorf("temperature %v without a thermometer", *b.Celsius)
	}
}

func TestWarmupThatSettlesLateCountsOnlyWhatFollows(t *testing.T) {
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

func TestWarmupThatNeverSettlesSaysSo(t *testing.T) {
	// Each window of 100 ms is a tenth slower or faster than the one before.
	unsteady := func(level time.Duration) func(int) time.Duration {
		var spent time.Duration
		return func(int) time.Duration {
			d := level
			if spent/(100*time.Millisecond)%2 == 1 {
				d += level / 10
			}
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
		b := newSeries(unsteady(time.Millisecond)).take(t, time.Second, measure.Config{Settle: c.settle})
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

func TestSlowDriftDoesNotPassAsSettled(t *testing.T) {
	// 0.7 % slower each window: two neighbours agree within 1 %, three do not.
	b := newSeries(func(i int) time.Duration {
		return time.Duration(float64(time.Millisecond) * math.Pow(1.007, float64(i)/100))
	}).take(t, time.Second, measure.Config{Settle: measure.Settle{MaxTime: 5 * time.Second}})
	if b.Warmup.Settled {
		t.Errorf("warm-up %+v settled on a drift", b.Warmup)
	}
}

func TestStepInTheMiddleIsWarmedOverOrReported(t *testing.T) {
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
	if b.Warmup.Runs > 400 {
		t.Errorf("a step after 800 runs: warm-up %+v, want settled before it", b.Warmup)
	}
	if math.Abs(b.Drift-0.3) > 0.02 {
		t.Errorf("a step of 30 %% within the steady part is told as a drift of %v", b.Drift)
	}
}

func TestHeavyTailAndTwoModesSettleAtOnce(t *testing.T) {
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
		t.Errorf("a drift was told in %d of 100 level series", seen)
	}
}

// script is a Probe that answers from a list.
type script struct {
	pulses []machine.Pulse
	reads  int
	err    error
}

func (p *script) Read() (machine.Pulse, error) {
	i := min(p.reads, len(p.pulses)-1)
	p.reads++
	return p.pulses[i], p.err
}

func TestSamplesBetweenTwoReadingsAreMarked(t *testing.T) {
	const ms = time.Millisecond
	quiet := machine.Pulse{Busy: 100 * ms, Own: 100 * ms}
	for _, c := range []struct {
		name  string
		after machine.Pulse
		want  results.Mark
	}{
		{"nothing happened", machine.Pulse{Busy: 200 * ms, Own: 200 * ms}, 0},
		{"a throttle counter rose", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Throttles: 1}, results.MarkThrottled},
		{"a tick was stolen", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Stolen: 10 * ms}, results.MarkStolen},
		{"two foreign ticks are counting error", machine.Pulse{Busy: 220 * ms, Own: 200 * ms}, 0},
		{"a third of a processor was foreign", machine.Pulse{Busy: 240 * ms, Own: 200 * ms}, results.MarkForeignLoad},
		{"more own time than busy time is counting error", machine.Pulse{Busy: 180 * ms, Own: 200 * ms}, 0},
	} {
		s := newSeries(func(int) time.Duration { return 10 * ms })
		// Readings: at the start, after 10 samples, after 20, at the end. What
		// happened lies between the second and the third.
		probe := &script{pulses: []machine.Pulse{quiet, quiet, c.after}}
		b := s.take(t, 300*ms, measure.Config{Probe: probe})
		steady, _ := b.Steady(0)
		if len(steady) != 30 || probe.reads != 4 {
			t.Fatalf("%s: %d samples, %d readings; want 30 and 4", c.name, len(steady), probe.reads)
		}
		for i, sample := range steady {
			want := results.Mark(0)
			if i >= 10 && i < 20 {
				want = c.want
			}
			if sample.Mark != want {
				t.Errorf("%s: sample %d has the mark %q, want %q", c.name, i, sample.Mark, want)
			}
		}
		if _, left := b.Steady(^results.Mark(0)); c.want != 0 && left != 10 {
			t.Errorf("%s: %d samples left out, want 10", c.name, left)
		}
	}
}

func TestCoolingDeviceAtWorkMarksThoughNothingCounts(t *testing.T) {
	probe := &script{pulses: []machine.Pulse{{}, {Throttled: true}, {}, {}}}
	b := newSeries(func(int) time.Duration { return 10 * time.Millisecond }).
		take(t, 300*time.Millisecond, measure.Config{Probe: probe})
	steady, _ := b.Steady(0)
	for i, s := range steady {
		if want := i < 20; (s.Mark == results.MarkThrottled) != want {
			t.Errorf("sample %d: mark %q, throttled: %v", i, s.Mark, want)
		}
	}
}

func TestLateLinkAndLostRequestsAreMarked(t *testing.T) {
	timings := []backends.Timing{
		{Total: 10 * time.Millisecond, Lateness: 90 * time.Microsecond},
		{Total: 10 * time.Millisecond, Lateness: 110 * time.Microsecond},
		{Total: time.Millisecond, Lateness: 40 * time.Microsecond},
		{Total: time.Millisecond, Lost: 1},
	}
	want := []results.Mark{0, results.MarkLateLink, 0, results.MarkLost}
	n := -1
	b := backendtest.New("offload-lab", func(_ fixtures.Variant, i int) (backends.Timing, error) {
		if n < 0 {
			return backends.Timing{Total: 10 * time.Millisecond}, nil
		}
		n++
		return timings[n-1], nil
	})
	r, err := measure.Begin(context.Background(), b, variant, measure.Config{Link: "radio"})
	if err != nil {
		t.Fatal(err)
	}
	n = 0
	if err := r.Run(0, len(timings)); err != nil {
		t.Fatal(err)
	}
	block, err := r.End()
	if err != nil {
		t.Fatal(err)
	}
	steady, _ := block.Steady(0)
	var got []results.Mark
	for _, s := range steady {
		got = append(got, s.Mark)
	}
	if !slices.Equal(got, want) {
		t.Errorf("marks %q, want %q", got, want)
	}
	if name := block.Combination.Name(); !strings.HasSuffix(name, "backend=offload-lab/link=radio") {
		t.Errorf("the block is of %s", name)
	}
}

func TestInferenceThatFailsLeavesWhatWasMeasured(t *testing.T) {
	broken := errors.New("the delegate hung up")
	b := backendtest.New("npu", func(_ fixtures.Variant, i int) (backends.Timing, error) {
		if i == 50 {
			return backends.Timing{}, broken
		}
		return backends.Timing{Total: 10 * time.Millisecond}, nil
	})
	r, err := measure.Begin(context.Background(), b, variant, measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(0, 1000); !errors.Is(err, broken) || !strings.Contains(err.Error(), "inference 51") || !strings.Contains(err.Error(), string(variant.Name)) {
		t.Errorf("error %v, want the cause with combination and inference", err)
	}
	block, err := r.End()
	if err != nil {
		t.Fatal(err)
	}
	if got := count(block, results.PhaseSteady); got != 50-1-block.Warmup.Runs {
		t.Errorf("%d steady samples were kept of those before the failure", got)
	}
	if _, still := b.Opened(); still != 0 {
		t.Error("the session is still open")
	}
}

func TestBeginThatFailsLeavesNothingOpen(t *testing.T) {
	broken := errors.New("no such op")
	b := backendtest.New("cpu1", func(_ fixtures.Variant, i int) (backends.Timing, error) {
		return backends.Timing{Total: time.Millisecond}, broken
	})
	if _, err := measure.Begin(context.Background(), b, variant, measure.Config{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if _, still := b.Opened(); still != 0 {
		t.Error("the session is still open after the first inference failed")
	}
	b = backendtest.New("cpu1", nil)
	if _, err := measure.Begin(context.Background(), b, variant, measure.Config{Probe: &script{pulses: []machine.Pulse{{}}, err: broken}}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if _, still := b.Opened(); still != 0 {
		t.Error("the session is still open after the probe failed")
	}
	b = backendtest.Unavailable("npu", "the delegate's library", "install it")
	_, err := measure.Begin(context.Background(), b, variant, measure.Config{})
	if u, ok := errors.AsType[*backends.UnavailableError](err); !ok || u.Backend != "npu" {
		t.Errorf("error %v, want an UnavailableError", err)
	}
}

func TestInterruptEndsTheRun(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	n := 0
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		if n++; n == 60 {
			stop()
		}
		return backends.Timing{Total: 10 * time.Millisecond}, nil
	})
	r, err := measure.Begin(ctx, b, variant, measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(time.Hour, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if block, err := r.End(); err != nil || count(block, results.PhaseSteady) == 0 {
		t.Errorf("the interrupted block has %d steady samples, error %v", count(block, results.PhaseSteady), err)
	}
}

// idle is a session that does nothing: what is left is the Runner's own cost.
type idle struct{}

func (idle) Name() string { return "idle" }
func (idle) Open(context.Context, fixtures.Variant) (backends.Session, error) {
	return idle{}, nil
}

func (idle) Inputs() []fixtures.Tensor {
	return []fixtures.Tensor{{Name: "in", Type: "uint8", Shape: []int{1, 32, 32, 3}}}
}
func (idle) Outputs() []fixtures.Tensor { return nil }
func (idle) Infer(context.Context, [][]byte, [][]byte) (backends.Timing, error) {
	return backends.Timing{Total: time.Microsecond}, nil
}
func (idle) Close() error { return nil }

func TestSampleAllocatesNothing(t *testing.T) {
	r, err := measure.Begin(context.Background(), idle{}, variant, measure.Config{SteadyTime: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if err := r.Sample(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a sample", n)
	}
	if _, err := r.End(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSampleOverhead is what Sample costs besides the inference, in blocks
// of 100 000.
func BenchmarkSampleOverhead(b *testing.B) {
	b.ReportAllocs()
	var r *measure.Runner
	for n := 0; b.Loop(); n++ {
		if n%100_000 == 0 {
			b.StopTimer()
			var err error
			if r, err = measure.Begin(context.Background(), idle{}, variant, measure.Config{SteadyTime: 100 * time.Millisecond}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if err := r.Sample(); err != nil {
			b.Fatal(err)
		}
	}
}
