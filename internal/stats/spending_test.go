package stats

import (
	"math"
	"testing"
)

func TestSpendingSumsToItsAlpha(t *testing.T) {
	for i := range 40 {
		looks := 1 + i/2
		s := Spending{Alpha: 0.01, Looks: looks, First: float64(i%2) * 0.4}
		sum := 0.0
		for k := 1; k <= looks; k++ {
			a, err := s.At(k)
			if err != nil {
				t.Fatal(err)
			}
			sum += a
		}
		if math.Abs(sum-0.01) > 1e-12 {
			t.Errorf("%d looks spend %v", looks, sum)
		}
		if _, err := s.At(looks + 1); err == nil {
			t.Errorf("look %d of %d was allowed", looks+1, looks)
		}
	}
	// Eight rounds within a limit pass at the first look of eight: 2^-8 is at most 0.4 %.
	first, err := Spending{Alpha: 0.01, Looks: 8, First: 0.4}.At(1)
	if err != nil || first < 1./256 {
		t.Errorf("the first look may spend %v (%v); want at least 1/256", first, err)
	}
	if _, err := (Spending{Alpha: 0.01, Looks: 8, First: 1}).At(2); err == nil {
		t.Error("a first look that spends all was allowed")
	}
	if _, err := (Spending{Alpha: 0.01}).At(1); err == nil {
		t.Error("a look of no looks was allowed")
	}
}
