package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// rising returns the values 1 to n in a random order.
func rising(n int) []float64 {
	out := make([]float64, n)
	for i, at := range rand.New(rand.NewPCG(1, 1)).Perm(n) {
		out[i] = float64(1 + at)
	}
	return out
}

func TestTypicalSaysHowItsIntervalWasMade(t *testing.T) {
	correlated := make([]float64, 40)
	for i := range correlated {
		correlated[i] = 10 + math.Sin(float64(i)/10)
	}
	for _, tc := range []struct {
		name    string
		values  []float64
		how     string
		bounded bool
	}{
		{"one round", []float64{5}, ByNothing, false},
		{"two rounds", []float64{5, 6}, ByLogarithms, true},
		{"five rounds", rising(5), ByLogarithms, true},
		{"log ratios", []float64{-0.1, 0, 0.1}, ByValues, true},
		{"six rounds", rising(6), ByOrder, true},
		{"many rounds", rising(41), ByOrder, true},
		{"correlated rounds", correlated, ByOrderCorrelated, true},
	} {
		e, err := Typical(tc.values, 0.95)
		if err != nil {
			t.Fatal(tc.name, err)
		}
		bounded := !math.IsInf(e.Interval.Lo, 0) && !math.IsInf(e.Interval.Hi, 0)
		if e.How != tc.how || bounded != tc.bounded || e.Value != Median(tc.values) || !contains(e.Interval, e.Value) {
			t.Errorf("%s: %+v, want by %q, bounded %v", tc.name, e, tc.how, tc.bounded)
		}
	}
}

func TestTypicalRefusesWhatIsNotAValue(t *testing.T) {
	if _, err := Typical(nil, 0.95); !errors.Is(err, ErrNoData) {
		t.Errorf("no rounds: error %v", err)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := Typical([]float64{1, x}, 0.95); err == nil {
			t.Errorf("a round of %v has an estimate", x)
		}
	}
	if _, err := Typical([]float64{1}, 1); err == nil {
		t.Error("a confidence of 1 has an interval")
	}
}
