package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// shapes draw one latency on a machine whose typical round has the median 1.
var shapes = map[string]func(r *rand.Rand) float64{
	"normal":  func(r *rand.Rand) float64 { return 1 + 0.05*r.NormFloat64() },
	"skewed":  func(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) },
	"bimodal": func(r *rand.Rand) float64 { return bimodal(r) / bimodalMedian },
}

// bimodal draws about 1 with a probability of 0.6, and otherwise about 2.
func bimodal(r *rand.Rand) float64 {
	if r.Float64() < 0.6 {
		return 1 + 0.05*r.NormFloat64()
	}
	return 2 + 0.05*r.NormFloat64()
}

// bimodalMedian is the value at which the lower mode's distribution reaches
// 0.5/0.6.
var bimodalMedian = 1 + 0.05*math.Sqrt2*math.Erfinv(2*(0.5/0.6)-1)

func TestPreciseEnoughKeepsTheCoverage(t *testing.T) {
	const precision, most = 0.02, 400
	atOnce := func(medians []float64, precision float64) bool {
		return len(medians) >= 6 && RelativeWidth(medians) <= precision
	}
	runs := trials(600)
	noise := 3 * math.Sqrt(0.95*0.05/float64(runs))
	worst := 1.0
	for name, draw := range map[string]func(r *rand.Rand) float64{
		"quiet":   func(r *rand.Rand) float64 { return 1 + 0.004*r.NormFloat64() },
		"normal":  func(r *rand.Rand) float64 { return 1 + 0.02*r.NormFloat64() },
		"skewed":  func(r *rand.Rand) float64 { return math.Exp(0.02 * r.NormFloat64()) },
		"bimodal": func(r *rand.Rand) float64 { return 1 + 0.02*(bimodal(r)-bimodalMedian) },
	} {
		stopping := func(enough func([]float64, float64) bool) float64 {
			r := rand.New(rand.NewPCG(1, 1))
			hit := 0
			for range runs {
				var medians []float64
				for len(medians) < most && !enough(medians, precision) {
					medians = append(medians, draw(r))
				}
				slices.Sort(medians)
				if iv, err := MedianInterval(medians, 0.95); err == nil && contains(iv, 1) {
					hit++
				}
			}
			return float64(hit) / float64(runs)
		}
		if got := stopping(PreciseEnough); got < 0.94-noise {
			t.Errorf("%s: covers %.1f %%, want at least 94", name, 100*got)
		}
		worst = min(worst, stopping(atOnce))
	}
	if worst > 0.94 {
		t.Errorf("stopping at the first narrow interval covers %.1f %% at worst: two in a row would not be needed", 100*worst)
	}
}

func TestPreciseEnoughAsksTwoIntervalsInARow(t *testing.T) {
	level := slices.Repeat([]float64{1}, 6)
	for _, c := range []struct {
		medians []float64
		want    bool
	}{
		{level, false}, // one interval
		{slices.Concat(level, []float64{1}), true},    // two
		{slices.Concat(level, []float64{1.5}), false}, // the second is wide
		{[]float64{1, 2, 1}, false},                   // none is bounded
		{nil, false},
	} {
		if got := PreciseEnough(c.medians, 0.02); got != c.want {
			t.Errorf("%v: %v, want %v", c.medians, got, c.want)
		}
	}
}
