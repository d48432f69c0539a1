package stats

import "math"

// A Verdict is the answer of a test. Its zero value is Inconclusive, so that a
// judgement nobody made never reads as a pass.
type Verdict uint8

// The three answers.
const (
	Inconclusive Verdict = iota // the data cannot tell
	Pass                        // the claim is shown, within its error
	Fail                        // the opposite is shown, within the same error
)

func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	}
	return "inconclusive"
}

// Unknown stands for a number of further samples or rounds that no estimate
// can be given for: the value sits on its bound.
const Unknown = -1

// A Result is a test's answer with what it rests on.
type Result struct {
	Verdict  Verdict
	Value    float64  // the estimate, in the unit of the samples
	Interval Interval // each tail holds the error that this look may spend
	// More is the number of further samples (limits) or rounds (comparisons)
	// that would give an answer if they are like those seen; 0 when the
	// verdict is given, Unknown when no number would do.
	More int
}

// judge compares an interval with an upper bound: the claim is "at most". It
// is the same decision as testing both sides at the interval's tails.
func judge(iv Interval, limit float64) Verdict {
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

// mirror turns the result for "at most" on negated samples into the result for
// "at least" on the samples themselves.
func mirror(r Result) Result {
	r.Value = -r.Value
	r.Interval.Lo, r.Interval.Hi = -r.Interval.Hi, -r.Interval.Lo
	return r
}
