package rounds

import (
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestPlanMakesFewerLongerBlocksOfExpensiveOpening(t *testing.T) {
	c := names.Combination{Variant: "model=m", Backend: "npu", Link: names.LinkNone}
	for _, k := range []struct {
		opening, block time.Duration
		rounds         int
		wantBlock      time.Duration
		wantRounds     int
	}{
		{100 * time.Millisecond, 500 * time.Millisecond, 10, 500 * time.Millisecond, 10}, // cheap: as asked
		{2 * time.Second, 500 * time.Millisecond, 20, time.Second, 10},
		{time.Minute, 500 * time.Millisecond, 10, 833 * time.Millisecond, 6}, // never below minRounds
		{time.Minute, 500 * time.Millisecond, 3, 500 * time.Millisecond, 3},
	} {
		p := plan(c, cost{opening: k.opening}, Settings{Block: k.block}, k.rounds)
		if p.Block != k.wantBlock || p.Rounds != k.wantRounds {
			t.Errorf("opening %v, %d x %v: got %d x %v, want %d x %v",
				k.opening, k.rounds, k.block, p.Rounds, p.Block, k.wantRounds, k.wantBlock)
		}
	}
}

func TestPlanDoesNotTakeASlowWarmUpForExpensiveOpening(t *testing.T) {
	slow := cost{opening: time.Millisecond, warmup: 10 * time.Second}
	if p := plan(names.Combination{}, slow, Settings{Block: 500 * time.Millisecond}, 10); p.Rounds != 10 {
		t.Errorf("%d rounds, want 10", p.Rounds)
	}
}

func TestPlanSpreadsFewerRoundsOverTheRun(t *testing.T) {
	for rounds := 1; rounds <= 20; rounds++ {
		p := Item{Rounds: rounds, Of: 20}
		var in []int
		for round := range 40 {
			if p.in(round) {
				in = append(in, round)
			}
		}
		if len(in) != rounds {
			t.Fatalf("%d rounds of 20: %v", rounds, in)
		}
		for i := 1; i < len(in); i++ {
			if gap := in[i] - in[i-1]; gap < 20/rounds || gap > 20/rounds+1 {
				t.Errorf("%d rounds of 20 are not spread evenly: %v", rounds, in)
			}
		}
	}
}

func TestPlanGivesABlockAsManySamplesAsItNeeds(t *testing.T) {
	c := names.Combination{Variant: "model=m", Backend: "cpu1", Link: names.LinkNone}
	for _, k := range []struct {
		latency, longest time.Duration
		asked            int
		want             int           // least samples
		takes            time.Duration // a block
	}{
		{time.Millisecond, 0, 0, 15, 601 * time.Millisecond}, // the block's time decides: half a second and a fifth
		{time.Millisecond, 0, 300, 300, 601 * time.Millisecond},
		{time.Millisecond, 0, 5000, 5000, 5001 * time.Millisecond},
		{50 * time.Millisecond, 0, 0, 15, 16 * 50 * time.Millisecond},     // enough to show a drift
		{50 * time.Millisecond, 0, 300, 300, 301 * 50 * time.Millisecond}, // enough for a p99
		{300 * time.Millisecond, 0, 300, 200, 201 * 300 * time.Millisecond},
		{300 * time.Millisecond, 90 * time.Second, 300, 300, 301 * 300 * time.Millisecond},
		{time.Second, 0, 0, 6, 7 * time.Second},
		{10 * time.Second, time.Second, 300, 1, 20 * time.Second},
		{0, 0, 300, 300, 0}, // computed
	} {
		s := Settings{
			Block: 500 * time.Millisecond, Longest: k.longest, Samples: map[names.Combination]int{c: k.asked},
		}
		if p := plan(c, cost{latency: k.latency}, s, 10); p.Samples != k.want || p.each() != k.takes {
			t.Errorf("%v, %d asked for within %v: %d samples in %v, want %d in %v",
				k.latency, k.asked, s.longest(), p.Samples, p.each(), k.want, k.takes)
		}
	}
}

func TestPlanOfSamplesReachesTheProcessThatMeasures(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 2, Samples: map[names.Combination]int{combination("a"): 40}})
	if _, err := d.Run(t.Context(), combinations("a", "b")); err != nil {
		t.Fatal(err)
	}
	check := func(blocks int, a, b int) {
		t.Helper()
		if len(n.blocks) != blocks {
			t.Errorf("%d blocks, want %d", len(n.blocks), blocks)
		}
		for _, block := range n.blocks[max(0, blocks-4):] {
			want := map[string]int{"model=a": a, "model=b": b}[string(block.Combination.Variant)]
			if kept, _ := block.Steady(0); len(kept) != want {
				t.Errorf("%s has %d steady samples, want %d", block.Combination.Variant, len(kept), want)
			}
		}
	}
	check(4, 40, steadySamples)
	if p := n.planned[0]; p.Samples != 40 {
		t.Errorf("planned %+v", p)
	}
	d.Settings.Samples[combination("a")] = 70 // a percentile needs more
	if _, err := d.Extend(t.Context(), combinations("a", "b"), 2); err != nil {
		t.Fatal(err)
	}
	check(8, 70, steadySamples)
}

func TestPlanAboveTheBudgetIsRefusedBeforeMeasuring(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 10, Block: 2 * time.Second, Budget: 30 * time.Second})
	d.Now = stopped
	out, err := d.Run(t.Context(), combinations("a", "fail", "b"))
	checkError(t, err, exit.Usage, "6 would fit", "model=a")
	if len(n.blocks) != 0 || out.Finished {
		t.Errorf("%d blocks measured all the same, finished %v", len(n.blocks), out.Finished)
	}
}

func TestPlanCountsASlowInferenceWhole(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 2, Budget: time.Minute})
	if _, err := d.Run(t.Context(), combinations("slow")); err != nil {
		t.Fatal(err)
	}
	// The first inference is shorter than a later one here; two more fit into the 6 s that a slow
	// model's steady part may take to show a drift.
	if want := 2 * (23*time.Millisecond + 9*time.Second); n.plan.Duration() != want {
		t.Errorf("the plan says %v, want %v", n.plan.Duration(), want)
	}
}

func TestBudgetCountsTheProbeAndNotTheReadying(t *testing.T) {
	for _, c := range []struct {
		probe, ready time.Duration
		want         exit.Code
	}{
		{0, time.Hour, exit.OK},
		{9 * time.Second, 0, exit.Usage}, // and 7 blocks of 265 ms
	} {
		n := &notes{}
		d := driver(t, n, Settings{Precision: 0.02, Block: 200 * time.Millisecond, Budget: 10 * time.Second})
		now := time.Unix(0, 0)
		d.Now = func() time.Time { now = now.Add(c.probe); return now }
		d.Ready = func() error { now = now.Add(c.ready); return nil }
		out, err := d.Run(t.Context(), combinations("calm"))
		if exit.CodeOf(err) != c.want || c.want == exit.OK && (len(n.blocks) != 7 || len(out.Imprecise) > 0) {
			t.Errorf("probe %v, readying %v: %d blocks, %v", c.probe, c.ready, len(n.blocks), err)
		}
	}
}

func TestPlanCountsComputedLatenciesAsNoTime(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{Rounds: 10}).Run(t.Context(), combinations("computed")); err != nil {
		t.Fatal(err)
	}
	if want := 10 * 3 * time.Millisecond; n.plan.Duration() != want {
		t.Errorf("the plan says %v, want %v", n.plan.Duration(), want)
	}
}

func TestBudgetDoesNotCountWhatIsMeasuredAlready(t *testing.T) {
	n := &notes{}
	s := Settings{Rounds: 10, Block: 2 * time.Second, Budget: 30 * time.Second}
	d := driver(t, n, s)
	for round := range 9 {
		for _, c := range combinations("a", "b") {
			d.Recorded = append(d.Recorded, results.Block{Combination: c, Round: round})
		}
	}
	if _, err := d.Run(t.Context(), combinations("a", "b")); err != nil {
		t.Fatal(err)
	}
	if len(n.blocks) != 2 || n.plan.Duration() > 5*time.Second {
		t.Errorf("%d blocks, a plan of %v", len(n.blocks), n.plan.Duration())
	}
}
