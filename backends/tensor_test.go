package backends

import (
	"math"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/fixtures"
)

func TestTensorBytesIsElementsTimesTheirSize(t *testing.T) {
	for _, tt := range []struct {
		typ   string
		shape []int
		want  int
	}{
		{"uint8", []int{1, 32, 32, 3}, 3072},
		{"float32", []int{1, 100}, 400},
		{"int64", nil, 8},
		{"float32", []int{0, 4}, 0},
	} {
		got, err := TensorBytes(fixtures.Tensor{Name: "x", Type: tt.typ, Shape: tt.shape})
		if err != nil || got != tt.want {
			t.Errorf("%s %v: %d, %v; want %d", tt.typ, tt.shape, got, err, tt.want)
		}
	}
}

func TestTensorBytesRefusesWhatHasNoFixedSize(t *testing.T) {
	for _, tt := range []struct {
		tensor fixtures.Tensor
		want   string
	}{
		{fixtures.Tensor{Name: "words", Type: "string", Shape: []int{1}}, `"words" has type "string"`},
		{fixtures.Tensor{Name: "x", Type: "int8", Shape: []int{1, -1}}, "unknown before it runs"},
		{fixtures.Tensor{Name: "x", Type: "int64", Shape: []int{math.MaxInt / 4, 2}}, "address space"},
	} {
		if _, err := TensorBytes(tt.tensor); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: error %v; want one with %q", tt.tensor, err, tt.want)
		}
	}
}
