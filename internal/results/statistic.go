package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A Statistic is what a round says of a quantity: its mean or a percentile. It is the one definition
// of a round's figure: bench.txt, tables, precision and verdicts all use it.
type Statistic struct {
	Mean bool
	P    float64 // the percentile as a share, unless Mean
}

// The statistics with a name.
var (
	// Median says what a typical inference does; outliers do not move it.
	Median = Statistic{P: 0.5}
	Mean   = Statistic{Mean: true}
	P90    = Statistic{P: 0.9}
	P99    = Statistic{P: 0.99}
)

// ParseStatistic reads "", "median", "mean", "p90" or "p99.9". Empty is the median.
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

// Least returns how many inferences a round must hold to carry the statistic: one for the mean and
// the median, 30 for p90, 300 for p99 (see stats.LeastForPercentile).
func (s Statistic) Least() int {
	if s.Mean {
		return 1
	}
	return stats.LeastForPercentile(s.P)
}

// Of returns the statistic of one round's values, false if they are too few to carry it.
func (s Statistic) Of(values []float64) (float64, bool) {
	switch {
	case len(values) == 0 || len(values) < s.Least():
		return 0, false
	case s.Mean:
		return stat.Mean(values, nil), true
	}
	return stats.Quantile(slices.Sorted(slices.Values(values)), s.P), true
}

// OfBlock returns the statistic of a quantity in a block, without the samples that have a mark in
// leaveOut; false if those left are too few to carry it.
func (s Statistic) OfBlock(b *Block, q Quantity, leaveOut Mark) (float64, bool) {
	values, _ := q.Values(b, leaveOut)
	return s.Of(values)
}
