package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPearsonIntervalCoversTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	const rho = 0.8
	covered, total := 0, trials(2000)
	for range total {
		x, y := make([]float64, 33), make([]float64, 33)
		for i := range x {
			x[i] = r.NormFloat64()
			y[i] = rho*x[i] + math.Sqrt(1-rho*rho)*r.NormFloat64()
		}
		_, iv, err := Pearson(x, y, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if contains(iv, rho) {
			covered++
		}
	}
	if share := float64(covered) / float64(total); share < 0.935 || share > 0.965 {
		t.Errorf("covered in %.1f %%, want 95", 100*share)
	}
}

func TestSpearmanSeesOnlyTheOrder(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6}
	y := []float64{1, 10, 100, 1e3, 1e4, 1e9}
	rho, iv, err := Spearman(x, y, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if rho != 1 || iv.Lo != 1 || iv.Hi != 1 {
		t.Errorf("rank correlation of an increasing curve: %v %+v, want 1", rho, iv)
	}
}

func TestCorrelationRefusesWhatCannotCorrelate(t *testing.T) {
	if _, _, err := Pearson([]float64{1, 2, 3}, []float64{1, 2, 3}, 0.95); err == nil {
		t.Error("three pairs have no interval")
	}
	if _, _, err := Pearson([]float64{1, 1, 1, 1}, []float64{1, 2, 3, 4}, 0.95); err == nil {
		t.Error("a constant does not correlate")
	}
}
