package rounds

import (
	"slices"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
)

func TestDearOpeningMakesFewerLongerBlocks(t *testing.T) {
	c := grid.Combination{Variant: "model=m", Backend: "npu", Link: grid.LinkNone}
	for _, k := range []struct {
		overhead, block time.Duration
		rounds          int
		wantBlock       time.Duration
		wantRounds      int
	}{
		{100 * time.Millisecond, 500 * time.Millisecond, 10, 500 * time.Millisecond, 10}, // cheap: as asked
		{2 * time.Second, 500 * time.Millisecond, 20, time.Second, 10},
		{time.Minute, 500 * time.Millisecond, 10, time.Second, 5}, // never below minRounds
		{time.Minute, 500 * time.Millisecond, 3, 500 * time.Millisecond, 3},
	} {
		p := plan(c, k.overhead, k.block, k.rounds)
		if p.Block != k.wantBlock || p.Rounds != k.wantRounds {
			t.Errorf("overhead %v, %d x %v: got %d x %v, want %d x %v", k.overhead, k.rounds, k.block, p.Rounds, p.Block, k.wantRounds, k.wantBlock)
		}
	}
}

func TestEveryRoundHoldsEachCombinationOnceInAnOrderOfItsOwn(t *testing.T) {
	var open []Planned
	for i := range 40 {
		block := time.Second
		if i%3 == 0 {
			block = 2 * time.Second
		}
		open = append(open, Planned{Combination: grid.Combination{Variant: "model=" + string(rune('a'+i))}, Block: block})
	}
	flat := func(bs []batch) (out []string) {
		for _, b := range bs {
			for _, c := range b.todo {
				i := slices.IndexFunc(open, func(p Planned) bool { return p.Combination == c })
				if open[i].Block != b.block {
					t.Errorf("%s in a batch of %v", c.Variant, b.block)
				}
				out = append(out, c.Variant)
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
