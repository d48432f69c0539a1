package accept

import (
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Verdict is the answer to one judgement, or to a scenario.
type Verdict string

// The verdicts. Invalid says that the claim cannot be judged on this data at
// all: what it needs is missing, or would not support it. An Invalid or a
// Missing never ends in exit code 0, a study's scenarios apart.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	Skipped      Verdict = "skipped"
	Missing      Verdict = "missing"
	Invalid      Verdict = "invalid"
)

// Of returns the verdict for a test's answer.
func Of(v stats.Decision) Verdict {
	switch v {
	case stats.Pass:
		return Pass
	case stats.Fail:
		return Fail
	}
	return Inconclusive
}

// rank orders verdicts by what a scenario takes from its judgements: the first
// that any of them has.
var rank = []Verdict{Fail, Invalid, Missing, Inconclusive, Pass, Skipped}

// Worst returns the verdict that stands for all: a scenario passes when
// something passed and nothing is worse. It is Invalid for none, since what
// judged nothing has not passed.
func Worst(verdicts []Verdict) Verdict {
	for _, r := range rank {
		for _, v := range verdicts {
			if v == r {
				return r
			}
		}
	}
	return Invalid
}

// code returns the exit code that a verdict asks for.
func (v Verdict) code() exit.Code {
	switch v {
	case Pass, Skipped:
		return exit.OK
	case Fail:
		return exit.Threshold
	case Inconclusive:
		return exit.Inconclusive
	}
	return exit.NoData
}

// An Outcome is what a study's scenario came to. It never touches the exit
// code: a study is not a product's acceptance.
type Outcome string

// The outcomes.
const (
	Reproduced   Outcome = "reproduced"
	Contradicted Outcome = "contradicted"
	CantTell     Outcome = "can't tell here"
)

// outcome returns what a verdict means for a study's claim.
func (v Verdict) outcome() Outcome {
	switch v {
	case Pass:
		return Reproduced
	case Fail:
		return Contradicted
	}
	return CantTell
}
