package model_test

import (
	"math"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func TestLayerFitGivesTheStudysRows(t *testing.T) {
	// The study prints 120, 8, 4 and 2063, 129, 76; it truncated the first.
	for _, c := range []struct {
		parameters int64
		layers     int
		want       [3]float64
	}{{3516964, 89, [3]float64{120, 8, 4}}, {14871716, 22, [3]float64{2063, 129, 76}}} {
		for i, kib := range []model.Bytes{32, 512, 868} {
			got, err := model.LayerFit(c.parameters, c.layers, kib*1024)
			if err != nil || math.Abs(got-c.want[i]) > 1 {
				t.Errorf("%d parameters in %v KiB: %v, %v, want %v", c.parameters, float64(kib), got, err, c.want[i])
			}
		}
	}
	_, err := model.LayerFit(0, -1, 0)
	for _, field := range []string{"memory:", "parameters:", "layers:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}

func TestLayersThatFitIsNotDistortedByAFewLargeLayers(t *testing.T) {
	layers := []model.Bytes{10, 10, 10, 0, 1000}
	f, err := model.LayersThatFit(layers, 300)
	if err != nil {
		t.Fatal(err)
	}
	if f.Layers != 4 || f.Fitting != 3 || f.Share != 0.75 || f.Weights != 30.0/1030 {
		t.Errorf("%+v", f)
	}
	for _, bad := range [][]model.Bytes{nil, {0}, {-1}, {model.Bytes(math.NaN())}} {
		if _, err := model.LayersThatFit(bad, 300); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
	if _, err := model.LayersThatFit(layers, 0); err == nil {
		t.Error("memory of nothing: no error")
	}
}
