package stats

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// A Decision is the answer of a test. The zero Decision is Inconclusive, so an unset judgement
// never counts as a pass.
type Decision uint8

// The three answers.
const (
	Inconclusive Decision = iota // the data cannot tell
	Pass                         // the claim is shown, within its error
	Fail                         // the opposite is shown, within the same error
)

// String returns "pass", "fail" or "inconclusive".
func (d Decision) String() string {
	return [...]string{Inconclusive: "inconclusive", Pass: "pass", Fail: "fail"}[d]
}

// Unknown stands for a number of further samples or rounds that cannot be estimated: the value sits
// on its bound.
const Unknown = -1

// A Result is a test's decision and what it is based on.
type Result struct {
	Decision Decision
	Value    float64  // the estimate, in the unit of the samples
	Interval Interval // each tail holds the error that this look may spend
	// More is the number of further rounds that would decide if they are like those seen: trials for
	// a proportion, requests for losses. It is 0 for a Decision other than Inconclusive, and Unknown if
	// no number would decide.
	More int
}

// judge compares an interval with an upper bound: the claim is "at most". It decides as testing
// both sides at the interval's tails would.
func judge(iv Interval, limit float64) Decision {
	switch {
	case math.IsNaN(iv.Lo) || math.IsNaN(iv.Hi):
		return Inconclusive
	case iv.Hi <= limit:
		return Pass
	case iv.Lo > limit:
		return Fail
	}
	return Inconclusive
}

func negated(samples []float64) []float64 {
	return floats.ScaleTo(make([]float64, len(samples)), -1, samples)
}

// mirror turns the result for "at most" on negated samples into the result for "at least" on the
// samples themselves.
func mirror(r Result) Result {
	r.Value = -r.Value
	r.Interval.Lo, r.Interval.Hi = -r.Interval.Hi, -r.Interval.Lo
	return r
}
