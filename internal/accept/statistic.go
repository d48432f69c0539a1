package accept

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A Statistic is what of a quantity a claim is about: its mean or a
// percentile.
type Statistic struct {
	Mean bool
	P    float64 // the percentile as a share, unless Mean
}

// Median is the statistic of a claim that names none: it is what a typical
// inference does, and no outlier moves it.
var Median = Statistic{P: 0.5}

// ParseStatistic reads "", "median", "mean", "p90" or "p99.9".
func ParseStatistic(text string) (Statistic, error) {
	switch text {
	case "", "median":
		return Median, nil
	case "mean":
		return Statistic{Mean: true}, nil
	}
	if rest, ok := strings.CutPrefix(text, "p"); ok {
		if v, err := strconv.ParseFloat(rest, 64); err == nil && v > 0 && v < 100 {
			return Statistic{P: v / 100}, nil
		}
	}
	return Statistic{}, fmt.Errorf("%q is no statistic; want mean, median or a percentile such as p90", text)
}

func (s Statistic) String() string {
	switch {
	case s.Mean:
		return "mean"
	case s.P == 0.5:
		return "median"
	}
	return "p" + strconv.FormatFloat(100*s.P, 'g', 6, 64)
}

// of returns the statistic of one round's values.
func (s Statistic) of(values []float64) float64 {
	if s.Mean {
		return stat.Mean(values, nil)
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return stats.Quantile(sorted, s.P)
}

// limit judges the statistic of all rounds against a bound.
func (s Statistic) limit(rounds [][]float64, d Direction, bound, alpha float64) (stats.Result, error) {
	switch {
	case s.Mean && d == AtMost:
		return stats.MeanAtMost(rounds, bound, alpha)
	case s.Mean:
		return stats.MeanAtLeast(rounds, bound, alpha)
	case d == AtMost:
		return stats.RoundsAtMost(rounds, s.P, bound, alpha)
	}
	return stats.RoundsAtLeast(rounds, s.P, bound, alpha)
}

// A Direction says on which side of its bound a value should lie.
type Direction uint8

// The directions. "Below" and "above" are read as these: a measured time never
// equals its bound.
const (
	AtMost Direction = iota
	AtLeast
)

// ParseDirection reads "at most", "below", "at least" or "above".
func ParseDirection(text string) (Direction, error) {
	switch text {
	case "at most", "below":
		return AtMost, nil
	case "at least", "above":
		return AtLeast, nil
	}
	return 0, fmt.Errorf("%q is no direction; want at most, below, at least or above", text)
}

func (d Direction) String() string {
	if d == AtLeast {
		return "at least"
	}
	return "at most"
}
