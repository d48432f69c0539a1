package stats

import (
	"math"
	"testing"
)

func TestResolutionNeedsDifferences(t *testing.T) {
	for _, r := range []float64{
		Resolution(nil, 10), Resolution([]float64{0.1}, 0), Resolution([]float64{math.NaN()}, 10),
	} {
		if !math.IsNaN(r) {
			t.Errorf("resolution %v of nothing", r)
		}
	}
	few, many := Resolution([]float64{-0.03, 0.01, 0.02}, 3), Resolution([]float64{-0.03, 0.01, 0.02}, 50)
	if !(0 < many && many < few) {
		t.Errorf("50 rounds resolve %v, 3 rounds %v", many, few)
	}
}
