package accept

import (
	"slices"

	"github.com/crossover-bench/crossover/internal/exit"
)

// A Verdict is the answer to one claim, or to a scenario.
type Verdict string

// The verdicts, the first three spelled as a stats.Decision. Missing says that the run lacks what the claim needs, Invalid
// that the claim cannot be judged on this data at all. Neither ends in exit code
// 0, except for a study's scenarios.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	Skipped      Verdict = "skipped"
	Missing      Verdict = "missing"
	Invalid      Verdict = "invalid"
)

// rank orders verdicts, worst first: a scenario has the worst of its judgements.
var rank = []Verdict{Fail, Invalid, Missing, Inconclusive, Pass, Skipped}

// worst returns the verdict that stands for all: a scenario passes if something
// passed and nothing is worse. It is Invalid if there are none, since what judged
// nothing has not passed.
func worst(verdicts []Verdict) Verdict {
	for _, r := range rank {
		if slices.Contains(verdicts, r) {
			return r
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

// An Outcome is the result of a study's scenario. It never changes the exit
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
