package measure_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
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
// everything besides takes no time.
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
	return s.takeAtLeast(t, d, 0, cfg)
}

// takeAtLeast measures a block of at least count steady samples, and for d at least.
func (s *series) takeAtLeast(t *testing.T, d time.Duration, count int, cfg measure.Config) results.Block {
	t.Helper()
	cfg.Clock = s.clock
	r, err := measure.Begin(context.Background(), s, variant, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(d, count); err != nil {
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

func TestRunnerKeepsHowHotABlockEnded(t *testing.T) {
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

func TestRunnerKeepsWhatWasMeasuredBeforeAFailure(t *testing.T) {
	broken := errors.New("the delegate hung up")
	b := backendtest.New("npu", func(_ fixtures.Variant, i int) (backends.Timing, error) {
		if i == 80 {
			return backends.Timing{}, broken
		}
		return backends.Timing{Total: 10 * time.Millisecond}, nil
	})
	r, err := measure.Begin(context.Background(), b, variant, measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run(0, 1000)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "inference 81") ||
		!strings.Contains(err.Error(), string(variant.Name)) {
		t.Errorf("error %v, want the cause with combination and inference", err)
	}
	block, err := r.End()
	if err != nil {
		t.Fatal(err)
	}
	if got := count(block, results.PhaseSteady); got != 80-1-block.Warmup.Runs {
		t.Errorf("%d steady samples were kept of those before the failure", got)
	}
	if _, still := b.Opened(); still != 0 {
		t.Error("the session is still open")
	}
}

func TestRunnerThatCannotBeginLeavesNothingOpen(t *testing.T) {
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
	blind := measure.Config{Probe: &script{pulses: []machine.Pulse{{}}, err: broken}}
	if _, err := measure.Begin(context.Background(), b, variant, blind); !errors.Is(err, broken) {
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

func TestRunnerEndsAtAnInterrupt(t *testing.T) {
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

// idle is a backend whose session does nothing, so that only the Runner's own cost
// is left.
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

func TestRunnerSampleAllocatesNothing(t *testing.T) {
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

// BenchmarkSampleOverhead measures what Sample costs besides the inference, in
// blocks of 100 000.
func BenchmarkSampleOverhead(b *testing.B) {
	b.ReportAllocs()
	var r *measure.Runner
	config := measure.Config{SteadyTime: 100 * time.Millisecond}
	for n := 0; b.Loop(); n++ {
		if n%100_000 == 0 {
			b.StopTimer()
			var err error
			if r, err = measure.Begin(context.Background(), idle{}, variant, config); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if err := r.Sample(); err != nil {
			b.Fatal(err)
		}
	}
}

// detailed is a session that knows how it runs.
type detailed struct {
	backends.Session
	details backends.Details
}

func (s detailed) Details() backends.Details { return s.details }

type detailedBackend struct {
	*backendtest.Backend
	details backends.Details
}

func (b detailedBackend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	s, err := b.Backend.Open(ctx, v)
	return detailed{s, b.details}, err
}

func TestRunnerKeepsTheDetailsOfTheSession(t *testing.T) {
	known := results.Details{Runtime: "2.21.0", Threads: 4}
	for _, details := range []results.Details{known, {}} {
		b := detailedBackend{backendtest.New("cpu4", nil), backends.Details(details)}
		r, err := measure.Begin(t.Context(), b, variant, measure.Config{Settle: measure.Settle{MaxRuns: 1}})
		if err != nil {
			t.Fatal(err)
		}
		block, err := r.End()
		if err != nil {
			t.Fatal(err)
		}
		if details == known && (block.Details == nil || *block.Details != known) {
			t.Errorf("details %+v; want %+v", block.Details, known)
		}
		if details != known && block.Details != nil {
			t.Errorf("details %+v of a session that does not know them", block.Details)
		}
	}
}

func TestRunnerReachesACountOrTheLongestTime(t *testing.T) {
	for _, c := range []struct {
		count   int
		longest time.Duration
		want    int
	}{
		{0, time.Minute, 10}, // the time of the block was enough
		{10, time.Minute, 10},
		{300, time.Minute, 300},
		{300, 2 * time.Second, 20}, // counted from the first steady sample
	} {
		s := newSeries(func(int) time.Duration { return 100 * time.Millisecond })
		r, err := measure.Begin(t.Context(), s, variant, measure.Config{Clock: s.clock})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(time.Second, 0); err != nil {
			t.Fatal(err)
		}
		took, err := r.Reach(c.count, c.longest)
		if err != nil {
			t.Fatal(err)
		}
		block, err := r.End()
		if err != nil {
			t.Fatal(err)
		}
		if got := count(block, results.PhaseSteady); got != c.want || took != c.want-10 {
			t.Errorf("%d within %v: %d steady samples, %d of them further ones; want %d",
				c.count, c.longest, got, took, c.want)
		}
	}
}

// TestRunnerSendsAPictureAsJPEG measures with an image that has no fixed size: every
// inference gets the same one, which a decoder accepts.
func TestRunnerSendsAPictureAsJPEG(t *testing.T) {
	v := variant
	v.Image = &fixtures.Image{Height: 32, Width: 32, Channels: 3, Preprocessing: "0..1", Encoding: "jpeg"}
	s := newSeries(func(int) time.Duration { return time.Millisecond })
	r, err := measure.Begin(context.Background(), s, v, measure.Config{Clock: s.clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.End()
	if err := r.Run(0, 3); err != nil {
		t.Fatal(err)
	}
	in, _, _ := r.Tensors()
	f, err := fixtures.NewFiller(*v.Image, fixtures.Tensor{Type: "float32", Shape: []int{1, 32, 32, 3}})
	if err == nil {
		err = f.Fill(make([]byte, 4*v.Image.Bytes()), in[0])
	}
	if err != nil || len(in[0]) >= v.Image.Bytes() {
		t.Errorf("%d bytes: %v", len(in[0]), err)
	}
}
