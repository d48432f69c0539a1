package stats

import (
	"math"
	"testing"
)

func TestProportionIntervalIsClopperPearsons(t *testing.T) {
	// 8 of 10 at 95 %: 0.4439 to 0.9748, as in any table.
	r, err := ProportionAtLeast(8, 10, 0.4, 0.025)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Interval.Lo-0.4439) > 5e-5 || math.Abs(r.Interval.Hi-0.9748) > 5e-5 {
		t.Errorf("interval %+v, want 0.4439 to 0.9748", r.Interval)
	}
	if r.Decision != Pass || r.Value != 0.8 {
		t.Errorf("got %+v, want a pass at 0.8", r)
	}
	r, err = ProportionAtLeast(95, 100, 0.9, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decision != Inconclusive || r.More < 50 || r.More > 400 {
		t.Errorf("95 of 100 against 90 %%: %+v, want inconclusive and some hundred more", r)
	}
	if _, err := ProportionAtMost(3, 2, 0.5, 0.01); err == nil {
		t.Error("three of two is not a proportion")
	}
}
