package rounds

import (
	"slices"
	"testing"
	"time"
)

func TestScheduleHoldsEachCombinationOnceInAnOrderOfItsOwn(t *testing.T) {
	var open []Item
	for i := range 40 {
		block := time.Second
		if i%3 == 0 {
			block = 2 * time.Second
		}
		open = append(open, Item{Combination: combination(string(rune('a' + i))), Block: block})
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
