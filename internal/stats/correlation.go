package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Pearson estimates the linear correlation of x and y, a number from -1 to 1, with its interval at
// the given confidence by Fisher's transformation. It assumes that the pairs are independent and
// approximately bivariate normal. It needs four pairs and some variance in both x and y.
//
// Source: Fisher, Metron 1, 1921.
func Pearson(x, y []float64, confidence float64) (float64, Interval, error) {
	return correlation(x, y, confidence, func(float64) float64 { return 1 })
}

// Spearman estimates the rank correlation of x and y, a number from -1 to 1, with its interval at
// the given confidence. It assumes independent pairs and no particular distribution. The variance
// of the transformed coefficient is (1 + r^2/2) / (n-3).
//
// Source: Bonett and Wright, Psychometrika 65(1), 2000.
func Spearman(x, y []float64, confidence float64) (float64, Interval, error) {
	return correlation(midRanks(x), midRanks(y), confidence, func(r float64) float64 { return 1 + r*r/2 })
}

// correlation returns Pearson's coefficient of x and y and the interval whose transformed variance
// is inflation(r) / (n-3).
func correlation(x, y []float64, confidence float64, inflation func(r float64) float64) (float64, Interval, error) {
	switch {
	case len(x) != len(y):
		return 0, Interval{}, fmt.Errorf("%d values against %d", len(x), len(y))
	case len(x) < 4:
		return 0, Interval{}, fmt.Errorf("a correlation needs at least 4 pairs, there are %d", len(x))
	case !(confidence > 0 && confidence < 1):
		return 0, Interval{}, fmt.Errorf("confidence %v is not between 0 and 1", confidence)
	}
	r := stat.Correlation(x, y, nil)
	if math.IsNaN(r) {
		return 0, Interval{}, fmt.Errorf("one side of the correlation does not vary")
	}
	r = max(-1, min(1, r))
	iv := Interval{Lo: r, Hi: r, Confidence: confidence}
	if math.Abs(r) < 1 {
		z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
		half := z * math.Sqrt(inflation(r)/float64(len(x)-3))
		iv.Lo, iv.Hi = math.Tanh(math.Atanh(r)-half), math.Tanh(math.Atanh(r)+half)
	}
	return r, iv, nil
}

// midRanks returns the rank of each value, from 1. Ties get the mean of their ranks.
func midRanks(x []float64) []float64 {
	sorted, order, ranks := slices.Clone(x), make([]int, len(x)), make([]float64, len(x))
	floats.Argsort(sorted, order)
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && sorted[j] == sorted[i] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return ranks
}
