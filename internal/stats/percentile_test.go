package stats

import (
	"math"
	"testing"
)

func TestLeastForPercentileLeavesThreeBeyond(t *testing.T) {
	for p, want := range map[float64]int{
		0.1: 1, 0.5: 1, 0.75: 12, 0.9: 30, 0.95: 60, 0.99: 300, 0.999: 3000, 1: math.MaxInt,
	} {
		if got := LeastForPercentile(p); got != want {
			t.Errorf("p%v: %d samples, want %d", 100*p, got, want)
		}
	}
}
