package accept

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A Statistic is what a claim takes of a quantity: its mean or a percentile.
type Statistic struct {
	Mean bool
	P    float64 // the percentile as a share, unless Mean
}

// The statistics with a name.
var (
	// Median is that of a claim that names none: it says what a typical inference does, and
	// outliers do not move it.
	Median = Statistic{P: 0.5}
	Mean   = Statistic{Mean: true}
)

// ParseStatistic reads "", "median", "mean", "p90" or "p99.9".
func ParseStatistic(text string) (Statistic, error) {
	switch text {
	case "", "median":
		return Median, nil
	case "mean":
		return Mean, nil
	}
	rest, ok := strings.CutPrefix(text, "p")
	if v, err := strconv.ParseFloat(rest, 64); ok && err == nil && v > 0 && v < 100 {
		return Statistic{P: v / 100}, nil
	}
	return Statistic{}, fmt.Errorf("%q is not a statistic; want mean, median or a percentile such as p90", text)
}

func (s Statistic) String() string {
	switch s {
	case Mean:
		return "mean"
	case Median:
		return "median"
	}
	return "p" + strconv.FormatFloat(100*s.P, 'g', 6, 64)
}

// of returns the statistic of one round's values.
func (s Statistic) of(values []float64) float64 {
	if s.Mean {
		return stat.Mean(values, nil)
	}
	return stats.Quantile(slices.Sorted(slices.Values(values)), s.P)
}

// judge tests the statistic of all rounds against a bound.
func (s Statistic) judge(rounds [][]float64, b Bound, alpha float64) (stats.Result, error) {
	switch {
	case s.Mean && b.Direction == AtMost:
		return stats.MeanAtMost(rounds, b.Value, alpha)
	case s.Mean:
		return stats.MeanAtLeast(rounds, b.Value, alpha)
	case b.Direction == AtMost:
		return stats.RoundsAtMost(rounds, s.P, b.Value, alpha)
	}
	return stats.RoundsAtLeast(rounds, s.P, b.Value, alpha)
}

// A Direction says on which side of its bound a value should lie.
type Direction string

// The directions. "Below" and "above" are read as these: a measured time never equals its bound.
const (
	AtMost  Direction = "at most"
	AtLeast Direction = "at least"
)

// A Bound is what a value is held against.
type Bound struct {
	Direction Direction
	Value     float64 // in the quantity's SI unit
	Text      string  // the value as it was written: "31 ms"
}

func (b Bound) String() string { return string(b.Direction) + " " + b.Text }

// verdict says whether the value keeps the bound, given its interval.
func (b Bound) verdict(lo, hi float64) Verdict {
	switch {
	case b.Direction == AtMost && hi <= b.Value, b.Direction == AtLeast && lo >= b.Value:
		return Pass
	case b.Direction == AtMost && lo > b.Value, b.Direction == AtLeast && hi < b.Value:
		return Fail
	}
	return Inconclusive
}
