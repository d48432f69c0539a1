package accept

import (
	"cmp"
	"slices"

	"github.com/crossover-bench/crossover/internal/exit"
)

// A Verdict is the answer to one claim, or to a scenario.
type Verdict string

// The verdicts, the first three spelled as a stats.Decision. Missing says that the run lacks what
// the claim needs, Invalid that the claim cannot be judged on this data at all. Neither ends in
// exit code 0, except for a study's scenarios.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	Skipped      Verdict = "skipped"
	Missing      Verdict = "missing"
	Invalid      Verdict = "invalid"
)

// A meaning is what follows from a verdict.
type meaning struct {
	rank     int    // from the worst: a scenario has the worst of its judgements
	mark     string // stands before it
	counted  string // in the summary
	code     exit.Code
	outcome  Outcome // of a study's claim
	cucumber string  // the status of its step
}

var meanings = map[Verdict]meaning{
	Fail:         {0, "✗", "failed", exit.Threshold, Contradicted, "failed"},
	Invalid:      {1, "✗", "not to be judged", exit.NoData, CantTell, "failed"},
	Missing:      {2, "✗", "without data", exit.NoData, CantTell, "failed"},
	Inconclusive: {3, "~", "inconclusive", exit.Inconclusive, CantTell, "pending"},
	Skipped:      {4, "-", "skipped", exit.OK, CantTell, "skipped"},
	Pass:         {5, "✓", "passed", exit.OK, Reproduced, "passed"},
}

// meaning returns what follows. A verdict that was never set is Invalid.
func (v Verdict) meaning() meaning {
	if m, ok := meanings[v]; ok {
		return m
	}
	return meanings[Invalid]
}

// An Outcome is the result of a study's scenario. It never changes the exit code: a study is not a
// product's acceptance.
type Outcome string

// The outcomes.
const (
	Reproduced   Outcome = "reproduced"
	Contradicted Outcome = "contradicted"
	CantTell     Outcome = "can't tell here"
)

// worst returns the first of the judgements that stand for all, of which there is one at least: a
// scenario passes if everything passed. One of which a part was skipped has not passed.
func worst(judgements []*Judgement) *Judgement {
	return slices.MinFunc(judgements, func(a, b *Judgement) int {
		return cmp.Compare(a.Verdict.meaning().rank, b.Verdict.meaning().rank)
	})
}
