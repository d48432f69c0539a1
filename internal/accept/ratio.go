package accept

import (
	"math"

	"github.com/crossover-bench/crossover/internal/stats"
)

// ratio judges that the centre of ratios, one for each round, lies between two bounds. All are
// given by their logarithms; -Inf and +Inf stand for no bound.
func (g *Judgement) ratio(logs []float64, lo, hi, alpha float64) error {
	g.Rounds = len(logs)
	r, err := between(logs, lo, hi, alpha)
	if err != nil {
		return err
	}
	r.Value = math.Exp(r.Value)
	r.Interval.Lo, r.Interval.Hi = math.Exp(r.Interval.Lo), math.Exp(r.Interval.Hi)
	if r.Interval.Lo == 0 {
		r.Interval.Lo = math.Inf(-1)
	}
	g.answer(r, "rounds")
	return nil
}

// between tests that the centre of differences lies between lo and hi. With both bounds it takes
// two one-sided tests, each at alpha (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics
// 15(6), 1987).
func between(differences []float64, lo, hi, alpha float64) (stats.Result, error) {
	if math.IsInf(hi, 1) {
		return stats.PairedAbove(differences, lo, alpha)
	}
	r, err := stats.PairedBelow(differences, hi, alpha)
	if err != nil || math.IsInf(lo, -1) {
		return r, err
	}
	lower, err := stats.PairedAbove(differences, lo, alpha)
	if err != nil {
		return r, err
	}
	unknown := r.More == stats.Unknown || lower.More == stats.Unknown
	switch {
	case r.Decision == stats.Fail || lower.Decision == stats.Fail:
		r.Decision = stats.Fail
	case r.Decision == stats.Inconclusive || lower.Decision == stats.Inconclusive:
		r.Decision, r.More = stats.Inconclusive, max(r.More, lower.More)
		if unknown {
			r.More = stats.Unknown
		}
	}
	return r, nil
}
