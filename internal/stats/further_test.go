package stats

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCountDecidesAsItsInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 500).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		bound := rapid.Float64Range(0.01, 0.99).Draw(t, "bound")
		want := judge(clopperPearson(float64(k), float64(n), 0.01), bound) != Inconclusive
		if got := countDecides(float64(k), float64(n), bound, 0.01); got != want {
			t.Fatalf("%d of %d against %v: %v, by the interval %v", k, n, bound, got, want)
		}
	})
}
