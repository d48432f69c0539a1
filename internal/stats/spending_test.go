package stats

import (
	"math"
	"testing"
)

func TestSpendingSumsToItsAlpha(t *testing.T) {
	for looks := 1; looks <= 20; looks++ {
		s := Spending{Alpha: 0.01, Looks: looks}
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
	if _, err := (Spending{Alpha: 0.01}).At(1); err == nil {
		t.Error("a look of no looks was allowed")
	}
}
