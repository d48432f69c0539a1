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
	sum := 0.0
	for k := 1; k < 100000; k++ {
		a, err := Spending{Alpha: 0.05}.At(k)
		if err != nil {
			t.Fatal(err)
		}
		sum += a
	}
	if sum > 0.05 || sum < 0.0499 {
		t.Errorf("unlimited looks spend %v, want almost 0.05", sum)
	}
}
