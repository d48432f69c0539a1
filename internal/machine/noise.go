package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A NoiseFloor says by how much two blocks of the same work differ on a machine: one pair of blocks
// cannot show a difference below it.
type NoiseFloor struct {
	Machine string    `json:"machine"` // the Fingerprint
	Taken   time.Time `json:"taken"`
	Work    string    `json:"work"`  // what was measured, for people
	Pairs   int       `json:"pairs"` // of blocks compared
	// Ratio is the floor as a share of the latency: 0.02 says that 95 % of such pairs differ by
	// less than 2 %. Each kind of work counts alike.
	Ratio float64 `json:"ratio"`
}

// minPairs is the fewest pairs that give a floor: the estimate's own relative standard deviation is
// 0.76/sqrt(pairs), 27 % for 8 pairs of one kind.
const minPairs = 8

// ErrFewPairs says that there are too few pairs for a noise floor.
var ErrFewPairs = fmt.Errorf("a noise floor needs at least %d pairs of blocks", minPairs)

// NewNoiseFloor estimates the floor from A/A comparisons. logRatios holds a series for each kind of
// work: the logarithms of the ratios of the medians of two blocks of the same work, taken one after
// the other.
//
// A pair of a kind picked at random lies below the floor with a probability of 95 %. Each kind is
// taken as normal with mean 0 and a standard deviation of sqrt(pi/2) times the mean magnitude of
// its log ratios. One outlier affects that estimate less than a quantile or a variance, and two
// runs give similar floors. If similar kinds have few pairs each, the floor is too high rather than
// too low: in simulations of 18 similar kinds with one pair each, 99 % of pairs lie below it, and
// 94 % for a mixture of quiet and noisy kinds.
func NewNoiseFloor(machine, work string, logRatios ...[]float64) (NoiseFloor, error) {
	var deviations []float64
	pairs := 0
	for _, series := range logRatios {
		if len(series) == 0 {
			continue
		}
		var sum float64
		for _, r := range series {
			if math.IsNaN(r) || math.IsInf(r, 0) {
				return NoiseFloor{}, errors.New("a noise floor needs medians above 0")
			}
			sum += math.Abs(r)
		}
		deviations = append(deviations, math.Sqrt(math.Pi/2)*sum/float64(len(series)))
		pairs += len(series)
	}
	if pairs < minPairs {
		return NoiseFloor{}, fmt.Errorf("%w; there are %d", ErrFewPairs, pairs)
	}
	return NoiseFloor{
		Machine: machine, Taken: time.Now().UTC(), Work: work,
		Pairs: pairs, Ratio: math.Expm1(boundOf(deviations)),
	}, nil
}

// boundOf returns the magnitude below which 95 % of an equal mixture of normal distributions with
// mean 0 and these standard deviations lie.
func boundOf(deviations []float64) float64 {
	lo, hi := 0.0, 2*slices.Max(deviations) // 95.4 % of the widest
	for range 60 {
		middle := (lo + hi) / 2
		var below float64
		for _, sigma := range deviations {
			if sigma == 0 {
				below++
			} else {
				below += math.Erf(middle / sigma / math.Sqrt2)
			}
		}
		if below < 0.95*float64(len(deviations)) {
			lo = middle
		} else {
			hi = middle
		}
	}
	return hi
}

// LogRatios returns the logarithms of the ratios of neighbours in a series of block medians of the
// same work, in the order taken. A run of several rounds gives one series per combination for its
// noise floor.
func LogRatios(medians []float64) []float64 {
	var ratios []float64
	for i := 1; i < len(medians); i++ {
		ratios = append(ratios, math.Log(medians[i]/medians[i-1]))
	}
	return ratios
}

// MeasureAA runs work in pairs of blocks and returns the noise floor of their medians. Each block
// lasts about d; now is a monotonic clock.
func MeasureAA(
	machine, name string, work func() error, pairs int, d time.Duration, now func() time.Duration,
) (NoiseFloor, error) {
	block := func() (float64, error) {
		var times []float64
		for begin := now(); len(times) == 0 || now()-begin < d; {
			start := now()
			if err := work(); err != nil {
				return 0, fmt.Errorf("A/A run of %s: %w", name, err)
			}
			times = append(times, (now() - start).Seconds())
		}
		return stats.Median(times), nil
	}
	if _, err := block(); err != nil { // warm-up
		return NoiseFloor{}, err
	}
	var ratios []float64
	for range pairs {
		medians := make([]float64, 2)
		for i := range medians {
			var err error
			if medians[i], err = block(); err != nil {
				return NoiseFloor{}, err
			}
		}
		ratios = append(ratios, LogRatios(medians)...)
	}
	return NewNoiseFloor(machine, name, ratios)
}

// calibrationRounds makes the calibration work take about a millisecond on a processor of 3 GHz.
const calibrationRounds = 180

// CalibrationWork names the work of NewCalibration for people.
const CalibrationWork = "built-in calibration kernel (pure Go, one thread, about 1 ms a run)"

// NewCalibration returns the work that doctor measures without a neural network: a fixed number of
// multiply-adds over 16 KiB of float32 and of integer mixing, on one thread. Every call computes
// the same.
func NewCalibration() func() error {
	x := make([]float32, 4096)
	return func() error {
		h := uint32(2166136261)
		for i := range x {
			x[i] = float32(i%97) / 97
		}
		for range calibrationRounds {
			for i := range x {
				x[i] = x[i]*0.75 + 0.125
				h = (h ^ math.Float32bits(x[i])) * 16777619
			}
		}
		if h == 0 { // never true; keeps the compiler from removing the work
			return errors.New("the calibration kernel computed something else")
		}
		return nil
	}
}

// NoiseDir returns the default folder of noise floors: crossover/noise in the user's cache folder
// (XDG_CACHE_HOME).
func NoiseDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for noise floors: %w; name one", err)
	}
	return filepath.Join(cache, "crossover", "noise"), nil
}

// Store writes the floor to dir, one file for each machine and work. The newest floor replaces the
// one before.
func (n NoiseFloor) Store(dir string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store the noise floor: %w", err)
		}
	}()
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(noiseFile(dir, n.Machine, n.Work), append(text, '\n'), 0o644)
}

// noiseFile names the file after the words of the work before a parenthesis.
func noiseFile(dir, machine, work string) string {
	words, _, _ := strings.Cut(work, "(")
	name := append([]string{machine}, strings.Fields(strings.ToLower(words))...)
	return filepath.Join(dir, strings.Join(name, "-")+".json")
}

// LoadNoiseFloor returns the machine's floor for that work from dir, nil if there is none.
func LoadNoiseFloor(dir, machine, work string) (*NoiseFloor, error) {
	path := noiseFile(dir, machine, work)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var n NoiseFloor
	if err := json.Unmarshal(text, &n); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if n.Machine != machine {
		return nil, fmt.Errorf("%s belongs to the machine %q", path, n.Machine)
	}
	if n.Work != work {
		return nil, nil // the work has changed since
	}
	return &n, nil
}
