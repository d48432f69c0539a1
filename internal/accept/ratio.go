package accept

import (
	"fmt"
	"math"

	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A ratioClaim says that the median over the rounds of a ratio lies between two bounds.
type ratioClaim struct {
	lo, hi float64 // logarithms; -Inf and +Inf for no bound
	// resolution, the logarithm of a ratio, is what these rounds show between a combination and
	// itself. The bounds are known no better than that.
	resolution float64
}

// ratio puts the answer into the judgement. logs holds the logarithm of the ratio of each round. The
// claim passes if the interval of their median is within the bounds by at least the resolution, and
// fails if it is outside by as much. It is the sign test: nothing is assumed of the distribution of
// the ratios, of which only the median is judged. With two bounds the two one-sided tests have an
// error of alpha each (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15(6), 1987).
func (g *Judgement) ratio(logs []float64, c ratioClaim, alpha float64) error {
	r, err := stats.TypicalAtMost(logs, near(logs, c), alpha)
	if err != nil {
		return err
	}
	g.Rounds = len(logs)
	lo, hi := r.Interval.Lo, r.Interval.Hi
	switch {
	case hi <= c.hi-c.resolution && lo >= c.lo+c.resolution:
		r.Decision = stats.Pass
	case lo > c.hi+c.resolution || hi < c.lo-c.resolution:
		r.Decision = stats.Fail
	default:
		r.Decision = stats.Inconclusive
	}
	value := r.Value
	r.Value, r.Interval.Lo, r.Interval.Hi = math.Exp(value), math.Exp(lo), math.Exp(hi)
	if math.IsInf(lo, -1) {
		r.Interval.Lo = lo
	}
	g.answer(r, "rounds")
	if g.Verdict != Inconclusive {
		return nil
	}
	resolved := percent(math.Expm1(c.resolution))
	switch {
	case math.IsInf(c.resolution, 1):
		g.Reason = "so few rounds do not show by how much a combination differs from itself: measure more"
	case c.hi-c.lo < 2*c.resolution:
		g.Reason = fmt.Sprintf("the claim's margin is below what this run resolves, %s: measure more rounds", resolved)
	case math.Abs(value-c.hi) <= c.resolution || math.Abs(value-c.lo) <= c.resolution:
		g.Reason = fmt.Sprintf("the difference is within what this run resolves, %s: measure more rounds", resolved)
	case r.More == 0:
		g.Reason = fmt.Sprintf("its interval is nearer to the limit than the run resolves, %s: measure more rounds", resolved)
	}
	return nil
}

// near returns the bound that the ratios are nearest to, for an estimate of how many more rounds
// decide.
func near(logs []float64, c ratioClaim) float64 {
	median := stats.Median(logs)
	if math.IsInf(c.hi, 1) || math.Abs(median-c.lo) < math.Abs(median-c.hi) {
		return c.lo
	}
	return c.hi
}

// paired counts what a paired claim rests on, and returns why its rounds cannot be compared.
func (g *Judgement) paired(p *summary.Pair) error {
	for _, s := range []*summary.Series{&p.A, &p.B} {
		g.count(s)
		if why := s.TooShort(); why != "" {
			return &unanswered{Verdict: Inconclusive, Reason: why, Short: true}
		}
	}
	return nil
}
