package study_test

import (
	"math"
	"testing"

	"github.com/crossover-bench/crossover/internal/study"
)

func TestCompareGivesThePrintedEnergiesAtThePrintedLatencies(t *testing.T) {
	tables, err := study.Compare()
	if err != nil {
		t.Fatal(err)
	}
	if len(tables.Thresholds) != 4 || len(tables.LayerFit) != 2 {
		t.Fatalf("%d platforms and %d rows of layer fit, want 4 and 2", len(tables.Thresholds), len(tables.LayerFit))
	}
	for _, p := range tables.Thresholds {
		if apart := p.Modelled.HighEnergy.Mean - p.Printed.HighEnergy.Mean; math.Abs(apart) > 1.6e-3 {
			t.Errorf("%s: the mean energies are %v J apart", p.Platform, apart)
		}
	}
}
