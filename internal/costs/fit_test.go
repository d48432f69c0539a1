package costs_test

import (
	"math"
	"testing"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/model/profiles"
)

func TestFitLayersNeedsTheCatalogAlone(t *testing.T) {
	device, err := profiles.BuiltIn().Device("imx8mp")
	if err != nil {
		t.Fatal(err)
	}
	got, err := costs.FitLayers(fixtures.Default(), device)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Networks) != 11 {
		t.Fatalf("%d networks, want the study's 11", len(got.Networks))
	}
	// The study's rows; it truncated 120.6.
	want := map[string][3]float64{"Mobilenet": {120, 8, 4}, "VGG16": {2063, 129, 76}}
	seen := 0
	for _, n := range got.Networks {
		w, ok := want[n.Model]
		if !ok || n.Input != 32 {
			continue
		}
		seen++
		for i, f := range n.Fit {
			if math.Abs(f.Percent-w[i]) > 1 {
				t.Errorf("%s %s: %v %%, want %v", n.Model, f.Memory, f.Percent, w[i])
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d of the study's rows were there", seen)
	}
}
