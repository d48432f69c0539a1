package measure_test

import (
	"context"
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

func TestMarkSamplesBetweenTwoReadings(t *testing.T) {
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

func TestMarkOfACoolingDeviceAtWorkWithoutACounter(t *testing.T) {
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

func TestMarkLateLinkAndLostRequests(t *testing.T) {
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
