package summary

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

func combination(compression string) names.Combination {
	return names.Combination{
		Variant: names.Variant("model=mobilenet/input=32/compression=" + compression),
		Backend: "cpu1", Link: names.LinkNone,
	}
}

// block returns a block of n steady inferences that take latency and up to 6 microseconds more.
func block(compression string, round, n int, latency time.Duration) results.Block {
	b := results.Block{
		Combination: combination(compression), Round: round, Start: time.Unix(int64(round), 0),
		Open: 29 * time.Millisecond, Warmup: results.Warmup{Settled: true, Reason: "settled"},
		Samples: []results.Sample{{Phase: results.PhaseFirst, Total: 2 * latency}},
	}
	for i := range n {
		b.Samples = append(b.Samples, results.Sample{
			Phase: results.PhaseSteady, Total: latency + time.Duration(i%7)*time.Microsecond,
			Exec: latency - time.Microsecond,
		})
	}
	return b
}

// rounds returns n blocks of 100 steady samples, those of round i about latency*(1+i%3/100).
func rounds(compression string, n int, latency time.Duration) []results.Block {
	var blocks []results.Block
	for i := range n {
		blocks = append(blocks, block(compression, i, 100, latency+latency*time.Duration(i%3)/100))
	}
	return blocks
}

func TestSummaryPercentilesNeedEnoughInferencesARound(t *testing.T) {
	s := OfBlocks(rounds("none", 7, time.Millisecond), nil, 0)[0]
	if s.P90 == nil || s.P99 != nil {
		t.Errorf("7 rounds of 100 inferences give p90 %v, p99 %v; want a p90 only", s.P90, s.P99)
	}
	if s.P90Lo == nil || *s.P90Lo > *s.P90 || s.P90Hi == nil || *s.P90Hi < *s.P90 {
		t.Errorf("p90 %v is not between its bounds %v and %v", *s.P90, s.P90Lo, s.P90Hi)
	}
	blocks := rounds("none", 7, time.Millisecond)
	blocks[3].Samples = blocks[3].Samples[:20] // a slow round has fewer
	if s := OfBlocks(blocks, nil, 0)[0]; s.P90 != nil || s.Median == nil {
		t.Errorf("a p90 of 6 of 7 rounds, %v: the round that is too short was dropped", s.P90)
	}
}

func TestSummaryLeavesOutWhatTheMachineDisturbedAndKeepsLosses(t *testing.T) {
	b := block("none", 0, 10, time.Millisecond)
	b.Samples[3].Mark, b.Samples[3].Total = results.MarkLost, 2*time.Second
	for i := 7; i < 11; i++ {
		b.Samples[i].Total, b.Samples[i].Mark = time.Second, results.MarkThrottled
	}
	s := OfBlocks([]results.Block{b}, nil, results.LeaveOut(false))[0]
	if s.Samples != 6 || s.LeftOut != 4 || s.Marked != 5 || s.Lost != 1 || *s.Median > 0.0011 {
		t.Errorf("burst: %+v", s)
	}
	if s.Longest != 2 || *s.Mean < 0.3 {
		t.Errorf("longest %v s, mean %v s: a lost request counts with all the time it took", s.Longest, *s.Mean)
	}
	if s.Marks["throttled"] != 4 || s.Marks["lost"] != 1 {
		t.Errorf("marks %v", s.Marks)
	}
	if s = OfBlocks([]results.Block{b}, nil, results.LeaveOut(true))[0]; s.Samples != 10 || s.LeftOut != 0 {
		t.Errorf("sustained: %+v", s)
	}
	for i := range b.Samples {
		b.Samples[i].Mark = results.MarkForeignLoad
	}
	s = OfBlocks([]results.Block{b}, nil, results.LeaveOut(false))[0]
	if s.Median != nil || s.MedianOfAll == nil || s.Samples != 0 || s.LeftOut != 10 || s.Rounds != 0 {
		t.Errorf("all disturbed: %+v", s)
	}
}

func TestSummarySaysWhenWhatWasLeftOutMatters(t *testing.T) {
	blocks := rounds("none", 9, time.Millisecond)
	for i := range blocks {
		for k := range blocks[i].Samples[:60] {
			blocks[i].Samples[k].Mark |= results.MarkStolen
		}
	}
	if s := OfBlocks(blocks, nil, results.LeaveOut(false))[0]; s.MedianOfAll != nil {
		t.Errorf("alike with and without, yet the median of all is shown: %v beside %v", *s.MedianOfAll, *s.Median)
	}
	for i := range blocks {
		for k := range blocks[i].Samples[:60] {
			blocks[i].Samples[k].Total *= 2
		}
	}
	if s := OfBlocks(blocks, nil, results.LeaveOut(false))[0]; s.MedianOfAll == nil || *s.MedianOfAll < 0.0019 {
		t.Errorf("median %v, of all %v; want about 2 ms", *s.Median, s.MedianOfAll)
	}
}

func TestSummaryIsOfATypicalRound(t *testing.T) {
	s := OfBlocks(rounds("none", 9, time.Millisecond), nil, 0)[0]
	if s.Interval != stats.ByOrder || s.Rounds != 9 || len(s.RoundMedians) != 9 || s.Origin != names.Measured {
		t.Errorf("%+v", s)
	}
	if s.Lo == nil || math.Abs(*s.Lo-0.001003) > 1e-9 || math.Abs(*s.Hi-0.001023) > 1e-9 ||
		math.Abs(*s.Median-0.001013) > 1e-9 {
		t.Errorf("median %v in [%v, %v], want that of the rounds' medians", *s.Median, *s.Lo, *s.Hi)
	}
	if s := OfBlocks([]results.Block{block("none", 0, 300, time.Millisecond)}, nil, 0)[0]; s.Lo != nil || s.Hi != nil {
		t.Errorf("one round bounds the median: %+v", s)
	}
}

func TestSummaryNamesWhatTheRoundsShow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var groups, trend []results.Block
	for i := range 24 {
		level := time.Millisecond
		if i%3 == 0 {
			level = 1300 * time.Microsecond
		}
		noise := func(d time.Duration) time.Duration {
			return time.Duration(float64(d) * math.Exp(0.01*rng.NormFloat64()))
		}
		groups = append(groups, block("none", i, 50, noise(level)))
		trend = append(trend, block("none", i, 50, noise(time.Millisecond+time.Duration(i)*20*time.Microsecond)))
	}
	if s := OfBlocks(groups, nil, 0)[0]; len(s.Pattern) != 1 || s.Pattern[0] != "2 groups" {
		t.Errorf("two groups of rounds: %q", s.Pattern)
	}
	s := OfBlocks(trend, nil, 0)[0]
	if len(s.Pattern) != 1 || s.Pattern[0] != "trend" || s.Interval != stats.ByOrderCorrelated {
		t.Errorf("a trend: %q, %s", s.Pattern, s.Interval)
	}
	if s := OfBlocks(trend[:12], nil, 0)[0]; s.DependenceVisible {
		t.Error("12 rounds cannot show dependence, and the summary does not say so")
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
	own := block("none", 0, 10, time.Millisecond)
	own.Combination.Variant = "model=net"
	blocks = append(blocks, own)
	order := []names.Combination{combination("pq"), combination("w"), combination("none")}
	all := OfBlocks(blocks, order, 0)
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
	s := OfBlocks(blocks, nil, 0)[0]
	if s.Unsettled != 1 || s.Drifting != 1 || s.Open <= 0 || s.First <= 0 {
		t.Errorf("%+v", s)
	}
}

func TestSummaryTemperaturesAreThoseOfTheBlocksThatHaveOne(t *testing.T) {
	blocks := rounds("none", 4, time.Millisecond)
	if s := OfBlocks(blocks, nil, 0)[0]; s.Coolest != nil || s.Hottest != nil {
		t.Errorf("without a thermometer: %v to %v", s.Coolest, s.Hottest)
	}
	for i, celsius := range []float64{66, 71, 64} {
		blocks[1+i].Celsius = &celsius
	}
	if s := OfBlocks(blocks, nil, 0)[0]; s.Coolest == nil || *s.Coolest != 64 || *s.Hottest != 71 {
		t.Errorf("%v to %v, want 64 to 71", s.Coolest, s.Hottest)
	}
}

// The medians that benchstat takes over a run's lines are those of the summary.
func TestSummaryEqualsTheMediansOfTheBenchmarkLines(t *testing.T) {
	w, err := results.Create(t.TempDir(), results.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 9 {
		b := block("none", i, 400, time.Duration(float64(time.Millisecond)*math.Exp(0.05*rng.NormFloat64())))
		for k := range b.Samples {
			switch {
			case i == 4, k%50 == 0: // a round is disturbed throughout
				b.Samples[k].Mark = results.MarkForeignLoad
			case k%30 == 0:
				b.Samples[k].Mark, b.Samples[k].Total = results.MarkLost, time.Second
			}
		}
		if err := w.AppendBlock(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(true, nil); err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(w.Dir(), "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string][]float64{}
	for r := benchfmt.NewReader(f, "bench.txt"); r.Scan(); {
		if rec, ok := r.Result().(*benchfmt.Result); ok {
			for _, v := range rec.Values {
				// benchfmt turns ns/op into sec/op
				lines[v.Unit] = append(lines[v.Unit], v.Value)
			}
		}
	}
	s := Summarize(run)[0]
	for unit, want := range map[string]*float64{
		"sec/op": s.Mean, "p50-sec": s.Median, "p90-sec": s.P90, "p99-sec": s.P99, "exec-sec/op": s.Exec,
	} {
		got := stats.Median(lines[unit])
		if len(lines[unit]) != 8 || want == nil || math.Abs(got / *want - 1) > 1e-3 { // the lines have four digits
			t.Errorf("%s: %d lines with the median %s, the summary has %v",
				unit, len(lines[unit]), strconv.FormatFloat(got, 'g', 6, 64), want)
		}
	}
}

func TestPairTakesEquallyManyInferencesOfBothSides(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	many, few := []results.Block{}, []results.Block{}
	for i := range 15 {
		draw := func(c string, n int) results.Block {
			b := block(c, i, n, time.Millisecond)
			for k := range b.Samples {
				b.Samples[k].Total = time.Duration(float64(time.Millisecond) * math.Exp(0.3*rng.NormFloat64()))
			}
			return b
		}
		many, few = append(many, draw("none", 900)), append(few, draw("pq", 60))
	}
	p := PairOf(Side{many, results.Latency}, Side{few, results.Latency}, results.P90, 0)
	if len(p.Logs) != 15 || p.A.Samples != 15*60 || p.B.Samples != 15*60 {
		t.Fatalf("%d rounds of %d and %d inferences", len(p.Logs), p.A.Samples, p.B.Samples)
	}
	r, err := stats.TypicalAtMost(p.Logs, 0, 0.05)
	if err != nil || r.Decision != stats.Inconclusive {
		t.Errorf("the same distribution on both sides: %+v (%v)", r, err)
	}
	if p := PairOf(Side{many, results.Latency}, Side{few, results.Latency}, results.P99, 0); p.B.Short != 15 {
		t.Errorf("60 inferences carry a p99: %+v", p.B)
	}
}

func TestResolutionIsWhatACombinationDiffersFromItself(t *testing.T) {
	one := SeriesOf(rounds("none", 1, time.Millisecond), results.Latency, results.Median, 0)
	if r := Resolution(1, &one); !math.IsInf(r, 1) {
		t.Errorf("one round resolves %v", r)
	}
	s := SeriesOf(rounds("none", 12, time.Millisecond), results.Latency, results.Median, 0)
	if few, many := Resolution(6, &s), Resolution(48, &s); !(many < few) || few > 0.025 {
		t.Errorf("6 rounds resolve %v, 48 %v", few, many)
	}
}

func TestNoiseFloorComesFromTheRunsOwnRounds(t *testing.T) {
	run := &results.Run{
		Dir: "results/x", Meta: results.Meta{Config: map[string]string{"machine": "m"}},
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
