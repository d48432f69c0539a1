package results

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// rounds returns n blocks of 100 steady samples, those of round i about
// latency*(1+i%3/100).
func rounds(compression string, n int, latency time.Duration) []Block {
	var blocks []Block
	for i := range n {
		b := testBlock(compression, i, 100, latency+latency*time.Duration(i%3)/100)
		b.Samples[5].Mark = 0
		blocks = append(blocks, b)
	}
	return blocks
}

func TestSummaryPercentilesNeedEnoughSamples(t *testing.T) {
	if p90, p99 := MinSamples(0.9), MinSamples(0.99); p90 != 64 || p99 != 662 || MinSamples(0.5) != 1 {
		t.Errorf("p90 needs %d samples and p99 %d, want 64 and 662", p90, p99)
	}
	s := SummarizeBlocks(rounds("none", 1, time.Millisecond), nil, 0)[0]
	if s.P90 == nil || s.P99 != nil {
		t.Errorf("100 samples give p90 %v, p99 %v; want a p90 alone", s.P90, s.P99)
	}
	if s.P90Lo != nil || s.P90Hi != nil {
		t.Error("one round bounds a percentile, and says nothing of how rounds differ")
	}
	if s = SummarizeBlocks(rounds("none", 7, time.Millisecond), nil, 0)[0]; s.P99 == nil {
		t.Error("700 samples give no p99")
	}
	if s.P90Lo == nil || *s.P90Lo > *s.P90 || s.P90Hi != nil && *s.P90Hi < *s.P90 {
		t.Errorf("p90 %v is not between its bounds %v and %v", *s.P90, s.P90Lo, s.P90Hi)
	}
}

func TestSummaryLeavesMarkedSamplesOutAndSaysHowMany(t *testing.T) {
	b := testBlock("none", 0, 10, time.Millisecond)
	for i := 6; i < 10; i++ {
		b.Samples[i].Total, b.Samples[i].Mark = time.Second, MarkThrottled
	}
	s := SummarizeBlocks([]Block{b}, nil, ^Mark(0))[0]
	if s.Samples != 5 || s.LeftOut != 5 || s.Marked != 5 || s.Median > 0.0011 || s.AllMarked {
		t.Errorf("burst: %+v", s)
	}
	if s.Marks["throttled"] != 4 || s.Marks["foreign"] != 1 || s.Marks["lost"] != 1 {
		t.Errorf("marks %v", s.Marks)
	}
	sustained := Meta{Sustained: true}
	s = SummarizeBlocks([]Block{b}, nil, sustained.LeaveOut())[0]
	if s.Samples != 9 || s.LeftOut != 1 || s.Marked != 5 {
		t.Errorf("sustained: %+v", s)
	}
	for i := range b.Samples {
		b.Samples[i].Mark = MarkForeignLoad
	}
	s = SummarizeBlocks([]Block{b}, nil, ^Mark(0))[0]
	if !s.AllMarked || s.Samples != 10 || s.LeftOut != 0 {
		t.Errorf("all marked: %+v", s)
	}
}

func TestSummaryTellsRoundsApart(t *testing.T) {
	s := SummarizeBlocks(rounds("none", 9, time.Millisecond), nil, 0)[0]
	if s.Interval != stats.FromRounds || s.Rounds != 9 || len(s.RoundMedians) != 9 || s.Origin != names.Measured {
		t.Errorf("%+v", s)
	}
	if s.Lo == nil || math.Abs(*s.Lo-0.001003) > 1e-9 || math.Abs(*s.Hi-0.001023) > 1e-9 ||
		math.Abs(s.Median-0.001013) > 1e-9 {
		t.Errorf("median %v in [%v, %v], want that of the rounds' medians", s.Median, *s.Lo, *s.Hi)
	}
	if w := (*s.Hi - *s.Lo) / s.Median; math.Abs(w-0.02/1.013) > 1e-6 {
		t.Errorf("width %v", w)
	}
	b := testBlock("none", 0, 3, time.Millisecond)
	if s := SummarizeBlocks([]Block{b}, nil, 0)[0]; s.Lo != nil || s.Hi != nil {
		t.Errorf("three samples bound the median: %+v", s)
	}
}

func TestSummarySpeedComparesRoundByRound(t *testing.T) {
	blocks := append(rounds("none", 7, 2*time.Millisecond), rounds("pq", 7, time.Millisecond)...)
	// A round in which the machine was twice as slow for both.
	for i := range blocks {
		if blocks[i].Round == 4 {
			for j := range blocks[i].Samples {
				blocks[i].Samples[j].Total *= 2
			}
		}
	}
	own := testBlock("none", 0, 10, time.Millisecond)
	own.Combination.Variant = "model=net"
	blocks = append(blocks, own)
	order := []names.Combination{combination("pq"), combination("w"), combination("none")}
	all := SummarizeBlocks(blocks, order, 0)
	if len(all) != 3 || all[0].Combination != combination("pq") || all[2].Combination != own.Combination {
		t.Fatalf("order of the summaries: %+v", all)
	}
	v := all[0].Speed
	if v == nil || math.Abs(v.Value-2) > 0.01 || v.Lo == nil || *v.Lo < 1.99 || *v.Hi > 2.01 {
		t.Errorf("speed %+v, want 2 in every round", v)
	}
	if base := all[1].Speed; base == nil || base.Value != 1 {
		t.Errorf("the uncompressed one's own speed is %+v", base)
	}
	if all[2].Speed != nil {
		t.Errorf("a variant without compression has the speed %+v", all[2].Speed)
	}
}

func TestSummaryCountsUnsettledAndDriftingBlocks(t *testing.T) {
	blocks := rounds("none", 3, time.Millisecond)
	blocks[1].Warmup.Settled = false
	blocks[2].Drift = 0.3
	s := SummarizeBlocks(blocks, nil, 0)[0]
	if s.Unsettled != 1 || s.Drifting != 1 || s.Open <= 0 || s.First <= 0 {
		t.Errorf("%+v", s)
	}
}

func TestSummaryTemperaturesAreThoseOfTheBlocksThatHaveOne(t *testing.T) {
	blocks := rounds("none", 4, time.Millisecond)
	if s := SummarizeBlocks(blocks, nil, 0)[0]; s.Coolest != nil || s.Hottest != nil {
		t.Errorf("without a thermometer: %v to %v", s.Coolest, s.Hottest)
	}
	for i, celsius := range []float64{66, 71, 64} {
		blocks[1+i].Celsius = &celsius
	}
	if s := SummarizeBlocks(blocks, nil, 0)[0]; s.Coolest == nil || *s.Coolest != 64 || *s.Hottest != 71 {
		t.Errorf("%v to %v, want 64 to 71", s.Coolest, s.Hottest)
	}
}

func TestNoiseFloorComesFromTheRunsOwnRounds(t *testing.T) {
	run := &Run{
		Dir: "results/x", Meta: Meta{Config: map[string]string{"machine": "m"}},
		Blocks: rounds("none", 10, time.Millisecond),
	}
	// Round i is i%3 percent slower: neighbours differ by 1, 1 and 2 %.
	n, err := NoiseFloor(run, Summarize(run))
	if err != nil || n.Pairs != 9 || n.Machine != "m" || n.Ratio < 0.025 || n.Ratio > 0.04 {
		t.Errorf("%+v (%v)", n, err)
	}
	run.Blocks = run.Blocks[:3]
	if _, err := NoiseFloor(run, Summarize(run)); !errors.Is(err, machine.ErrFewPairs) {
		t.Errorf("three rounds: %v", err)
	}
}
