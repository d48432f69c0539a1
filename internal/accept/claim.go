package accept

import (
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// The error rates of claims. They hold for each judgement by itself: of a hundred limits that are
// all just broken, one may pass.
const (
	// LimitError bounds each wrong answer to a limit.
	LimitError = 0.01
	// ComparisonError bounds each wrong answer to a comparison.
	ComparisonError = 0.05
)

// A Claim is what a sentence asserts, as a value: it holds all that judging it takes, but for the
// samples.
type Claim interface {
	// Needs returns the combinations whose samples the claim rests on. There are none for a claim
	// on a variant wherever it runs.
	Needs() []names.Combination
	// ErrorRate is the probability of a wrong answer over all looks at growing data: LimitError or
	// ComparisonError.
	ErrorRate() float64
	// Judge answers the claim. alpha is the part of ErrorRate that this look may spend; all of it
	// if there is one look.
	Judge(data *Data, alpha float64) Judgement
}

// A Lengthening claim says how many inferences a round must hold to carry it: more than a block of
// the usual length may have.
type Lengthening interface{ Inferences() int }

// inferences returns how many inferences a round must hold for a statistic of a quantity.
func inferences(q Quantity, st results.Statistic) int {
	if q.Once() {
		return 0
	}
	return st.Least()
}

// limiting is the part of a claim that says that it is a limit.
type limiting struct{}

func (limiting) ErrorRate() float64 { return LimitError }

// An Assertion is a claim and the conditions under which its scenario makes it, such as a limit on
// the local latency.
type Assertion struct {
	Claim Claim
	When  []Claim
	// Measured makes the claim only of combinations that the run holds.
	Measured bool
}

// holds reports whether the run holds, or lost, what the claim needs. A required backend always counts
// as held, so that its absence shows.
func (a Assertion) holds(data *Data) bool {
	return !slices.ContainsFunc(a.Claim.Needs(), func(c names.Combination) bool {
		_, failed := data.Failed[c]
		return len(data.blocks[c]) == 0 && !failed && !slices.Contains(data.Require, c.Backend)
	})
}

// judge answers the assertion, with nil if a condition fails: the claim is then not made. A
// condition that cannot be judged is reported in place of the claim.
func (a Assertion) judge(data *Data, looks Looks) *Judgement {
	open := false
	for _, condition := range a.When {
		g := looks.judge(condition, data)
		switch {
		case g.Verdict == Pass:
		case g.Verdict == Fail && g.Value != nil:
			return nil
		case g.Verdict == Inconclusive:
			open = true
		default:
			return g
		}
	}
	g := looks.judge(a.Claim, data)
	if open { // measuring the condition further may change the answer
		for _, condition := range a.When {
			g.Combinations = append(g.Combinations, condition.Needs()...)
		}
	}
	if open && g.Verdict == Fail {
		g.Verdict = Inconclusive
		g.Reason = "whether the scenario's condition holds for it cannot be told: measure more"
	}
	return g
}
