package stats

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// heavy multiplies the number of simulations.
var heavy = flag.Bool("stats.heavy", false, "run the simulations at ten times their size")

// trials returns the number of simulations to run.
func trials(n int) int {
	if *heavy {
		return 10 * n
	}
	return n
}

// The values are those of NumPy's method "median_unbiased" and of R's type 8.
func TestQuantileIsMedianUnbiasedAsInR(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16}
	for _, tc := range []struct{ p, want float64 }{
		{0, 1},
		{0.1, 1},
		{0.25, 1 + 2.0/3},
		{0.5, 4},
		{0.7, 8 + 8*(16.0/3*0.7+1.0/3-4)},
		{0.9, 16},
		{1, 16},
	} {
		if got := Quantile(x, tc.p); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("Quantile(%v, %v) = %v, want %v", x, tc.p, got, tc.want)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) || !math.IsNaN(Quantile(x, 1.5)) {
		t.Error("no samples or p above 1 must give NaN")
	}
	if got := Quantile([]float64{3}, 0.99); got != 3 {
		t.Errorf("p99 of one sample is %v, want the sample", got)
	}
}

// The ranks for small n stand in every table of the sign test.
func TestMedianIntervalHasTheRanksOfTheSignTest(t *testing.T) {
	for _, tc := range []struct{ n, lo, hi int }{
		{6, 1, 6},
		{8, 1, 8},
		{9, 2, 8},
		{10, 2, 9},
		{20, 6, 15},
		{50, 18, 33},
		{100, 40, 61},
	} {
		x := make([]float64, tc.n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		iv, err := MedianInterval(x, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if iv.Lo != float64(tc.lo) || iv.Hi != float64(tc.hi) {
			t.Errorf("n=%d: ranks %v..%v, want %d..%d", tc.n, iv.Lo, iv.Hi, tc.lo, tc.hi)
		}
		if iv.Confidence < 0.95 {
			t.Errorf("n=%d: confidence %v is below what was asked for", tc.n, iv.Confidence)
		}
	}
}

func TestMedianIntervalOfTooFewSamplesIsUnbounded(t *testing.T) {
	iv, err := MedianInterval([]float64{1, 2, 3, 4, 5}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(iv.Lo, -1) || !math.IsInf(iv.Hi, 1) {
		t.Errorf("five samples cannot bound a median at 95 %%, got %+v", iv)
	}
	if _, err := MedianInterval(nil, 0.95); err == nil {
		t.Error("no samples must be an error")
	}
}

func TestMedianIntervalCoversTheTruthWhateverTheShape(t *testing.T) {
	t.Parallel()
	shapes := map[string]struct {
		draw   func(*rand.Rand) float64
		median float64
	}{
		"normal": {func(r *rand.Rand) float64 { return r.NormFloat64() }, 0},
		"skewed": {func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) }, 1},
		"bimodal": {func(r *rand.Rand) float64 {
			// 40 % around 1, 60 % around 10: the median is the second
			// mode's 1/6 quantile.
			if r.Float64() < 0.4 {
				return 1 + 0.1*r.NormFloat64()
			}
			return 10 + 0.1*r.NormFloat64()
		}, 10 + 0.1*-0.967421566},
	}
	for name, shape := range shapes {
		for _, n := range []int{20, 101} {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			total, covered := trials(4000), 0
			x := make([]float64, n)
			for range total {
				for i := range x {
					x[i] = shape.draw(r)
				}
				slices.Sort(x)
				iv, err := MedianInterval(x, 0.95)
				if err != nil {
					t.Fatal(err)
				}
				if contains(iv, shape.median) {
					covered++
				}
			}
			if share := float64(covered) / float64(total); share < 0.94 || share > 0.98 {
				t.Errorf("%s, n=%d: covered in %.1f %%, want 94 to 98 %%", name, n, 100*share)
			}
		}
	}
}

func TestQuantileIntervalIsNeverNarrowerForFewerEffectiveSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 200).Draw(t, "x")
		slices.Sort(x)
		p := rapid.Float64Range(0.01, 0.99).Draw(t, "p")
		n := float64(len(x))
		few := rapid.Float64Range(0.5, n).Draw(t, "effective")
		wide, err := QuantileInterval(x, p, 0.95, few)
		if err != nil {
			t.Fatal(err)
		}
		narrow, err := QuantileInterval(x, p, 0.95, float64(len(x)))
		if err != nil {
			t.Fatal(err)
		}
		if wide.Lo > narrow.Lo || wide.Hi < narrow.Hi {
			t.Fatalf("%v effective of %v: %+v is narrower than %+v", few, n, wide, narrow)
		}
	})
}

// contains reports whether x is in iv, including its ends.
func contains(iv Interval, x float64) bool { return iv.Lo <= x && x <= iv.Hi }
