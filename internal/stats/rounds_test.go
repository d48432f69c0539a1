package stats

import (
	"errors"
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

// coverage returns the share of runs in which RoundMedian's interval contains the
// truth, which is 1.
func coverage(
	t *testing.T, draw func(*rand.Rand) float64, rounds, samples int, spread, memory float64, runs int,
) float64 {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(rounds), uint64(samples)))
	hit := 0
	for range runs {
		data := make([][]float64, rounds)
		for i := range data {
			shift := math.Exp(spread * r.NormFloat64())
			data[i] = make([]float64, samples)
			for j := range data[i] {
				if j > 0 && r.Float64() < memory {
					data[i][j] = data[i][j-1]
					continue
				}
				data[i][j] = max(shift*draw(r), 1e-6)
			}
		}
		_, iv, _, err := RoundMedian(data, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if contains(iv, 1) {
			hit++
		}
	}
	return float64(hit) / float64(runs)
}

func TestRoundMedianCoversTheTruthWhateverTheShape(t *testing.T) {
	runs := trials(2000)
	noise := 3 * math.Sqrt(0.95*0.05/float64(runs)) // of the simulation itself
	for name, draw := range shapes {
		for _, c := range []struct {
			rounds, samples int
			spread          float64 // of the rounds, relative
			most            float64
		}{
			// An order-statistic interval's coverage is a step function of the
			// number of rounds: 96.9 % for 6, 97.9 % for 10, 96.5 % for 15; 7, 8
			// and 11 rounds have no step from 95 to 98.
			{6, 51, 0.03, 0.98},
			{10, 51, 0.03, 0.98},
			{10, 51, 0, 0.98},
			{15, 51, 0.1, 0.98},
			{8, 51, 0.03, 1},
			{3, 51, 0.03, 0.98},
			{5, 51, 0.03, 0.98},
			{5, 51, 0, 0.98},
			{2, 51, 0.03, 0.98},
			// One round has only its own samples.
			{1, 51, 0, 0.98},
			{1, 400, 0, 0.98},
		} {
			got := coverage(t, draw, c.rounds, c.samples, c.spread, 0, runs)
			if got < 0.94-noise || got > c.most+noise {
				t.Errorf("%s, %d rounds of %d samples, rounds' spread %v: covers %.1f %%, want 94 to %.0f",
					name, c.rounds, c.samples, c.spread, 100*got, 100*c.most)
			}
		}
	}
}

func TestRoundMedianOfOneRoundSeesItsMemory(t *testing.T) {
	// Four of five samples repeat the one before: worth a ninth of their number.
	runs := trials(1000)
	if got := coverage(t, shapes["skewed"], 1, 600, 0, 0.8, runs); got < 0.94-3*math.Sqrt(0.95*0.05/float64(runs)) {
		t.Errorf("covers %.1f %%, want at least 94", 100*got)
	}
}

func TestRoundMedianIsNotNarrowedBySamplesWithoutRounds(t *testing.T) {
	// Ten times the samples of each round do not change how rounds differ.
	r := rand.New(rand.NewPCG(1, 1))
	width := func(samples int) float64 {
		var widths []float64
		for range 200 {
			rounds := make([][]float64, 10)
			for i := range rounds {
				shift := math.Exp(0.05 * r.NormFloat64())
				for range samples {
					rounds[i] = append(rounds[i], shift*(1+0.01*r.NormFloat64()))
				}
			}
			_, iv, how, err := RoundMedian(rounds, 0.95)
			if err != nil || how != FromRounds {
				t.Fatal(how, err)
			}
			widths = append(widths, iv.Hi-iv.Lo)
		}
		return Median(widths)
	}
	if few, many := width(20), width(200); many < 0.8*few {
		t.Errorf("ten times the samples narrow the interval from %v to %v", few, many)
	}
}

func TestRoundMedianSaysHowItsIntervalWasMade(t *testing.T) {
	round := []float64{1, 2, 3, 4, 5, 6, 7}
	for n, want := range map[int]string{
		1: FromOneRound, 2: FromFewRounds, 5: FromFewRounds, 6: FromRounds, 20: FromRounds,
	} {
		median, _, how, err := RoundMedian(slices.Repeat([][]float64{round}, n), 0.95)
		if err != nil || how != want || median != 4 {
			t.Errorf("%d rounds: %v by %s (%v), want 4 by %s", n, median, how, err, want)
		}
	}
	for _, rounds := range [][][]float64{nil, {round, nil}} {
		if _, _, _, err := RoundMedian(rounds, 0.95); !errors.Is(err, ErrNoData) {
			t.Errorf("%v: error %v", rounds, err)
		}
	}
}

func TestRoundQuantileCoversTheTruthWhateverTheRounds(t *testing.T) {
	runs := trials(600)
	noise := 3 * math.Sqrt(0.95*0.05/float64(runs))
	// Lognormal rounds of lognormal samples: the pool is lognormal too.
	z := math.Sqrt2 * math.Erfinv(2*0.9-1)
	for _, spread := range []float64{0, 0.05, 0.3} {
		truth := math.Exp(z * math.Hypot(0.2, spread))
		r := rand.New(rand.NewPCG(3, 4))
		hit := 0
		for range runs {
			rounds := make([][]float64, 10)
			for i := range rounds {
				shift := spread * r.NormFloat64()
				for range 60 {
					rounds[i] = append(rounds[i], math.Exp(shift+0.2*r.NormFloat64()))
				}
			}
			value, iv, err := RoundQuantile(rounds, 0.9, 0.95)
			if err != nil || !contains(iv, value) {
				t.Fatal(value, iv, err)
			}
			if contains(iv, truth) {
				hit++
			}
		}
		if got := float64(hit) / float64(runs); got < 0.94-noise {
			t.Errorf("rounds' spread %v: covers %.1f %%, want at least 94", spread, 100*got)
		}
	}
	if _, iv, err := RoundQuantile([][]float64{{1, 2, 3, 4, 5, 6}}, 0.5, 0.95); err != nil || !math.IsInf(iv.Hi-iv.Lo, 1) {
		t.Errorf("one round gives %v (%v), want no bounds", iv, err)
	}
	if _, _, err := RoundQuantile(nil, 0.5, 0.95); !errors.Is(err, ErrNoData) {
		t.Errorf("no round: error %v", err)
	}
}

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
