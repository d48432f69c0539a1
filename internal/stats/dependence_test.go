package stats

import (
	"math"
	"slices"
	"testing"
)

func TestDependenceOfNeedsTwentyRoundsAndDifferentValues(t *testing.T) {
	for name, values := range map[string][]float64{
		"none": nil, "19 rounds": rising(19), "all equal": make([]float64, 30),
		"mostly equal": slices.Concat(make([]float64, 20), []float64{1, 2, 3, 4, 5}),
	} {
		if d := DependenceOf(values); d != (Dependence{Effective: float64(len(values))}) {
			t.Errorf("%s: %+v, want nothing visible", name, d)
		}
	}
}

func TestDependenceOfTellsATrendFromAWave(t *testing.T) {
	line, wave, zigzag := make([]float64, 30), make([]float64, 30), make([]float64, 30)
	for i := range line {
		line[i] = float64(i) + 3*float64(i%2)
		wave[i] = math.Sin(float64(i) / 3)
		zigzag[i] = float64(i % 2)
	}
	if d := DependenceOf(line); !d.Flagged || !d.Trend || d.Effective > 6 {
		t.Errorf("a rise: %+v, want a trend", d)
	}
	if d := DependenceOf(wave); !d.Flagged || d.Trend || d.Effective > 6 {
		t.Errorf("a wave: %+v, want flagged without a trend", d)
	}
	if d := DependenceOf(zigzag); d.Flagged || d.Lag1 > -0.5 || d.Effective != 30 {
		t.Errorf("alternating rounds: %+v, want not flagged", d)
	}
}
