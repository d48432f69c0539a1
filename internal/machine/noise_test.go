package machine

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNoiseFloorIsTheBoundOfEqualPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		ratios := make([]float64, n)
		for i := range ratios {
			ratios[i] = 0.01 * rng.NormFloat64()
		}
		return ratios
	}
	n, err := NewNoiseFloor("m", "w", draw(10000))
	if err != nil || math.Abs(n.Ratio-0.0198) > 0.0005 {
		t.Errorf("floor %v (%v), want 1.98 %%: exp(1.96*0.01)-1", n.Ratio, err)
	}
	// Two floors of 40 pairs each, as doctor takes them, lie within a factor of two.
	for range 200 {
		a, _ := NewNoiseFloor("m", "w", draw(40))
		b, _ := NewNoiseFloor("m", "w", draw(40))
		if r := a.Ratio / b.Ratio; r > 2 || r < 0.5 {
			t.Errorf("two floors of one machine: %v and %v", a.Ratio, b.Ratio)
		}
	}
	if _, err := NewNoiseFloor("m", "w", draw(7)); !errors.Is(err, ErrFewPairs) {
		t.Errorf("7 pairs: %v", err)
	}
	if _, err := NewNoiseFloor("m", "w", append(draw(8), math.Inf(1))); err == nil {
		t.Error("an infinite ratio gave a floor")
	}
}

func TestNoiseFloorHoldsForAMixtureOfQuietAndNoisyWork(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct{ quiet, noisy int }{{12, 6}, {15, 3}, {0, 4}, {4, 0}} {
		var series [][]float64
		for i := range c.quiet + c.noisy {
			deviation, pairs := 0.003, 2000
			if i < c.noisy { // a precision takes more rounds of these
				deviation, pairs = 0.08, 20000
			}
			var ratios []float64
			for range pairs {
				ratios = append(ratios, deviation*rng.NormFloat64())
			}
			series = append(series, ratios)
		}
		n, err := NewNoiseFloor("m", "w", series...)
		if err != nil {
			t.Fatal(err)
		}
		var below float64
		for _, ratios := range series {
			within := 0
			for _, r := range ratios {
				if math.Abs(r) < math.Log1p(n.Ratio) {
					within++
				}
			}
			below += float64(within) / float64(len(ratios)) / float64(len(series))
		}
		if math.Abs(below-0.95) > 0.01 {
			t.Errorf("%d quiet, %d noisy: %.1f %% of pairs lie below the floor of %.2g %%",
				c.quiet, c.noisy, 100*below, 100*n.Ratio)
		}
	}
}

func TestMeasureAATakesItsPairsFromTheClock(t *testing.T) {
	var now time.Duration
	n := 0
	work := func() error { // alternately 1.0 and 1.02 ms, in blocks of ten
		now += time.Millisecond
		if n/10%2 == 0 {
			now += 20 * time.Microsecond
		}
		n++
		return nil
	}
	clock := func() time.Duration { return now }
	floor, err := MeasureAA("m", "w", work, 10, 10*time.Millisecond, clock)
	if err != nil || floor.Pairs != 10 || floor.Ratio < 0.03 || floor.Ratio > 0.06 {
		t.Errorf("%+v (%v), want 1.02^2.456-1", floor, err)
	}
	broken := errors.New("boom")
	_, err = MeasureAA("m", "w", func() error { return broken }, 10, time.Millisecond, clock)
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestNoiseFloorIsKeptByMachine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	if n, err := LoadNoiseFloor(dir, "board-1", "w (2 threads)"); n != nil || err != nil {
		t.Errorf("nothing kept: %v, %v", n, err)
	}
	want := NoiseFloor{Machine: "board-1", Work: "w (2 threads)", Pairs: 40, Ratio: 0.02, Taken: time.Unix(1, 0).UTC()}
	for range 2 {
		if err := want.Store(dir); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := LoadNoiseFloor(dir, "board-1", "w (2 threads)"); err != nil || *n != want {
		t.Errorf("%+v (%v)", n, err)
	}
	for _, other := range []string{"x", "w (4 threads)"} {
		if n, err := LoadNoiseFloor(dir, "board-1", other); n != nil || err != nil {
			t.Errorf("of other work, %s: %v, %v", other, n, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "board-2-w.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadNoiseFloor(dir, "board-2", "w"); err == nil || !strings.Contains(err.Error(), "board-2-w.json") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestCalibrationRunsWithoutAllocating(t *testing.T) {
	work := NewCalibration()
	if n := testing.AllocsPerRun(3, func() {
		if err := work(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCalibration(b *testing.B) {
	work := NewCalibration()
	for b.Loop() {
		if err := work(); err != nil {
			b.Fatal(err)
		}
	}
}
