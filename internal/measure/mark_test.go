package measure_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

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

// readings returns a probe's answers: n readings in which nothing happens, and from then on after.
func readings(n int, after machine.Pulse) *script {
	quiet := machine.Pulse{Busy: 100 * time.Millisecond, Own: 100 * time.Millisecond}
	return &script{pulses: append(slices.Repeat([]machine.Pulse{quiet}, n), after)}
}

func TestMarkWindowsOfASecond(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		after machine.Pulse
		want  results.Mark
	}{
		{"nothing happened", machine.Pulse{Busy: 200 * ms, Own: 200 * ms}, 0},
		{"a throttle counter rose", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Throttles: 1}, results.MarkThrottled},
		{"a tick was stolen", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Stolen: 10 * ms}, 0},
		{"nine ticks were stolen", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Stolen: 90 * ms}, 0},
		{"a tenth was stolen", machine.Pulse{Busy: 200 * ms, Own: 200 * ms, Stolen: 100 * ms}, results.MarkStolen},
		{"little was foreign", machine.Pulse{Busy: 490 * ms, Own: 200 * ms}, 0},
		{"a third of a processor was foreign", machine.Pulse{Busy: 520 * ms, Own: 200 * ms}, results.MarkForeignLoad},
		{"more own time than busy time is counting error", machine.Pulse{Busy: 180 * ms, Own: 200 * ms}, 0},
	} {
		s := newSeries(func(int) time.Duration { return 10 * ms })
		// Readings every tenth of a second, from 0. What happened lies between the 15th and the 16th,
		// and so in the second of three windows, and a half.
		probe := readings(16, c.after)
		b := s.take(t, 3500*ms, measure.Config{Probe: probe})
		steady, _ := b.Steady(0)
		if len(steady) != 350 || probe.reads != 36 {
			t.Fatalf("%s: %d samples, %d readings; want 350 and 36", c.name, len(steady), probe.reads)
		}
		for i, sample := range steady {
			want := results.Mark(0)
			if i >= 100 && i < 200 {
				want = c.want
			}
			if sample.Mark != want {
				t.Fatalf("%s: sample %d has the mark %q, want %q", c.name, i, sample.Mark, want)
			}
		}
	}
}

func TestMarkOfWhatIsLeftAfterTheLastWindow(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name         string
		at           int // the reading after which 120 ms were stolen
		wholeBlock   time.Duration
		first, after int // the marked samples
	}{
		{"in the rest, which is judged with the window before", 22, 2500 * ms, 200, 250},
		{"before the rest, of which the bound is a tenth of 1.5 s", 15, 2500 * ms, 100, 200},
		{"in a block shorter than a window", 3, 500 * ms, 0, 50},
	} {
		stolen := 120 * ms
		if c.first == 200 {
			stolen = 160 * ms
		}
		probe := readings(c.at, machine.Pulse{Busy: 100 * ms, Own: 100 * ms, Stolen: stolen})
		b := newSeries(func(int) time.Duration { return 10 * ms }).take(t, c.wholeBlock, measure.Config{Probe: probe})
		steady, _ := b.Steady(0)
		for i, s := range steady {
			if want := i >= c.first && i < c.after; (s.Mark == results.MarkStolen) != want {
				t.Fatalf("%s: sample %d of %d has the mark %q", c.name, i, len(steady), s.Mark)
			}
		}
	}
}

func TestMarkOfACoolingDeviceAtWorkWithoutACounter(t *testing.T) {
	// It works at one reading of 31, in the second window.
	probe := &script{pulses: make([]machine.Pulse, 40)}
	probe.pulses[15].Throttled = true
	b := newSeries(func(int) time.Duration { return 10 * time.Millisecond }).
		take(t, 3*time.Second, measure.Config{Probe: probe})
	steady, _ := b.Steady(0)
	for i, s := range steady {
		if want := i >= 100 && i < 200; (s.Mark == results.MarkThrottled) != want {
			t.Fatalf("sample %d: mark %q, throttled: %v", i, s.Mark, want)
		}
	}
}

// ticking is a probe of a machine that loses processor time in ticks of 10 ms.
type ticking struct {
	s    *series
	lost func(now time.Duration) time.Duration // since the beginning
}

func (p ticking) Read() (machine.Pulse, error) {
	return machine.Pulse{Stolen: p.lost(p.s.now).Truncate(10 * time.Millisecond)}, nil
}

// poisson returns the time lost to single ticks at random moments, so many a second.
func poisson(rng *rand.Rand, rate float64) func(time.Duration) time.Duration {
	next, lost := rng.ExpFloat64()/rate, time.Duration(0)
	return func(now time.Duration) time.Duration {
		for next < now.Seconds() {
			lost += 10 * time.Millisecond
			next += rng.ExpFloat64() / rate
		}
		return lost
	}
}

// What is left out must not depend on how long it took. When any tick within about 100 ms marked,
// 1.95 ticks of stolen time a second left out 98 % of the inferences of 2 s, and the mean of the
// others was 13 % low.
func TestMarkDoesNotSelectByLatency(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 13))
	// Some take four times as long as others, so that a choice by length would show in mean and median.
	latency := func(mean time.Duration) time.Duration {
		return time.Duration(float64(mean) * math.Exp(0.35*rng.NormFloat64()))
	}
	for _, c := range []struct {
		name   string
		lost   func() func(time.Duration) time.Duration
		lo, hi float64 // the share left out
	}{
		{"a trickle of ticks", func() func(time.Duration) time.Duration { return poisson(rng, 1.95) }, 0, 0.002},
		// 30 % of 20 s, then 40 s of trickle: a third is disturbed.
		{"long disturbances", func() func(time.Duration) time.Duration {
			trickle := poisson(rng, 1.95)
			return func(now time.Duration) time.Duration {
				minutes, rest := now/time.Minute, now%time.Minute
				return trickle(now) + (minutes*20*time.Second+min(rest, 20*time.Second))*3/10
			}
		}, 0.31, 0.39},
		// 60 % of 2 s in each 20 s.
		{"short disturbances", func() func(time.Duration) time.Duration {
			return func(now time.Duration) time.Duration {
				periods, rest := now/(20*time.Second), now%(20*time.Second)
				return (periods*2*time.Second + min(rest, 2*time.Second)) * 6 / 10
			}
		}, 0.08, 0.2},
	} {
		for _, mean := range []time.Duration{
			time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second,
		} {
			s := newSeries(func(int) time.Duration { return latency(mean) })
			cfg := measure.Config{Probe: ticking{s, c.lost()}, Settle: measure.Settle{MaxRuns: 1}}
			b := s.take(t, max(2*time.Minute, 10_000*mean), cfg)
			all, _ := b.Steady(0)
			kept, left := b.Steady(results.LeaveOut(false))
			share := float64(left) / float64(len(all))
			bias := func(of func([]float64) float64) float64 {
				return of(results.Latencies(kept))/of(results.Latencies(all)) - 1
			}
			meanBias, medianBias := bias(func(x []float64) float64 { return stat.Mean(x, nil) }), bias(stats.Median)
			if math.Abs(meanBias) > 0.01 || math.Abs(medianBias) > 0.01 || share < c.lo || share > c.hi {
				t.Errorf("%s, %v: %.1f %% left out (want %v to %v), mean off by %.2f %%, median by %.2f %%",
					c.name, mean, 100*share, c.lo, c.hi, 100*meanBias, 100*medianBias)
			}
			t.Logf("%s, %v: %d of %d (%.2f %%) left out, mean off by %.2f %%, median by %.2f %%",
				c.name, mean, left, len(all), 100*share, 100*meanBias, 100*medianBias)
		}
	}
}

func TestMarkOfASecondOfWhich30PercentAreStolen(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, latency := range []time.Duration{
		time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond, time.Second,
	} {
		marked := 0
		for range 20 {
			s := newSeries(func(int) time.Duration { return latency })
			begin := 5*time.Second + time.Duration(rng.Int64N(int64(time.Second)))
			lost := func(now time.Duration) time.Duration { return min(max(0, now-begin), time.Second) * 3 / 10 }
			b := s.take(t, 9*time.Second, measure.Config{Probe: ticking{s, lost}, Settle: measure.Settle{MaxRuns: 1}})
			if _, left := b.Steady(results.LeaveOut(false)); left > 0 {
				marked++
			}
		}
		if marked < 20 {
			t.Errorf("%v: marked in %d of 20 blocks", latency, marked)
		}
	}
}

func TestMarkLateLinkAndLostRequests(t *testing.T) {
	timings := []backends.Timing{
		{Total: 10 * time.Millisecond, Lateness: 90 * time.Microsecond},
		{Total: 10 * time.Millisecond, Lateness: 110 * time.Microsecond},
		{Total: time.Millisecond, Lateness: 40 * time.Microsecond},
		{Total: time.Millisecond, Lost: 2},
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
	if inferences, requests := block.Lost(); inferences != 1 || requests != 2 {
		t.Errorf("%d inferences lost %d requests, want 1 and 2", inferences, requests)
	}
	if _, left := block.Steady(results.LeaveOut(false)); left != 0 {
		t.Errorf("%d of %d samples are left out: lateness and losses are part of them", left, len(timings))
	}
	if name := block.Combination.Name(); !strings.HasSuffix(name, "backend=offload-lab/link=radio") {
		t.Errorf("the block is of %s", name)
	}
}
