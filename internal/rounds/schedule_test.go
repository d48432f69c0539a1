package rounds

import (
	"slices"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
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
		p := plan(c, cost{opening: k.opening}, k.block, k.rounds)
		if p.Block != k.wantBlock || p.Rounds != k.wantRounds {
			t.Errorf("opening %v, %d x %v: got %d x %v, want %d x %v", k.opening, k.rounds, k.block, p.Rounds, p.Block, k.wantRounds, k.wantBlock)
		}
	}
}

func TestPlanDoesNotTakeASlowWarmUpForExpensiveOpening(t *testing.T) {
	if p := plan(names.Combination{}, cost{opening: time.Millisecond, warmup: 10 * time.Second}, 500*time.Millisecond, 10); p.Rounds != 10 {
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

func TestScheduleHoldsEachCombinationOnceInAnOrderOfItsOwn(t *testing.T) {
	var open []Item
	for i := range 40 {
		block := time.Second
		if i%3 == 0 {
			block = 2 * time.Second
		}
		open = append(open, Item{Combination: names.Combination{Variant: names.Variant("model=" + string(rune('a'+i)))}, Block: block})
	}
	flat := func(bs []batch) (out []string) {
		for _, b := range bs {
			for _, c := range b.todo {
				i := slices.IndexFunc(open, func(p Item) bool { return p.Combination == c })
				if open[i].Block != b.block {
					t.Errorf("%s in a batch of %v", c.Variant, b.block)
				}
				out = append(out, string(c.Variant))
			}
		}
		return out
	}
	first, again, second := flat(schedule(open, 0, 7)), flat(schedule(open, 0, 7)), flat(schedule(open, 1, 7))
	if !slices.Equal(first, again) {
		t.Error("the same seed and round gave another order")
	}
	if slices.Equal(first, second) {
		t.Error("two rounds have the same order")
	}
	slices.Sort(first)
	if n := len(slices.Compact(first)); n != len(open) {
		t.Errorf("%d of %d combinations in a round", n, len(open))
	}
}
