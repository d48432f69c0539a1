package accept

import (
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A Direction says on which side of its bound a value should lie.
type Direction string

// The directions. "Below" and "above" are read as these: a measured time never equals its bound.
const (
	AtMost  Direction = "at most"
	AtLeast Direction = "at least"
)

// A Bound is what a value is checked against.
type Bound struct {
	Direction Direction
	Value     float64 // in the quantity's SI unit
	Text      string  // the value as it was written: "31 ms"
}

func (b Bound) String() string { return string(b.Direction) + " " + b.Text }

// judge tests that the value of a typical round keeps the bound: the sign test over rounds. A round
// that is too short for the statistic could lie on either side, so it counts against a pass and
// against a failure.
func (b Bound) judge(s *summary.Series, alpha float64) (stats.Result, error) {
	if len(s.Values) == 0 {
		nothing := stats.Interval{Lo: math.Inf(-1), Hi: math.Inf(1)}
		return stats.Result{Value: math.NaN(), Interval: nothing, More: stats.Unknown}, nil
	}
	test, wrong := stats.TypicalAtMost, math.Inf(1)
	if b.Direction == AtLeast {
		test, wrong = stats.TypicalAtLeast, math.Inf(-1)
	}
	short := func(v float64) []float64 { return slices.Concat(s.Values, slices.Repeat([]float64{v}, s.Short)) }
	r, err := test(short(wrong), b.Value, alpha)
	if err == nil && s.Short > 0 && r.Decision != stats.Pass {
		if r, err = test(short(-wrong), b.Value, alpha); r.Decision != stats.Fail {
			r.Decision = stats.Inconclusive
		}
	}
	if s.Short > 0 {
		r.Value = stats.Median(s.Values)
	}
	return r, err
}

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
