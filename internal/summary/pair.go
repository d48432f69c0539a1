package summary

import (
	"math"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Pair is two sides of a comparison over the rounds in which both were measured.
type Pair struct {
	A, B Series
	// Logs holds, for each round that carries the statistic on both sides, the logarithm of the
	// ratio of A's figure to B's.
	Logs []float64
}

// A Side is one side of a comparison.
type Side struct {
	Blocks   []results.Block
	Quantity results.Quantity
}

// PairOf pairs a statistic of two sides by round. What slows the whole machine in a round cancels.
// A percentile of few samples and one of many are biased by different amounts, so both sides take
// equally many samples of a round: the first ones of each.
func PairOf(a, b Side, st results.Statistic, leaveOut results.Mark) Pair {
	p := Pair{
		A: Series{Statistic: st.String(), Least: st.Least()},
		B: Series{Statistic: st.String(), Least: st.Least()},
	}
	for i := range a.Blocks {
		for k := range b.Blocks {
			if a.Blocks[i].Round == b.Blocks[k].Round {
				of := values(&p.A, a.Quantity, &a.Blocks[i], leaveOut)
				to := values(&p.B, b.Quantity, &b.Blocks[k], leaveOut)
				p.add(of, to, a.Blocks[i].Round, st)
			}
		}
	}
	return p
}

func values(s *Series, q results.Quantity, b *results.Block, leaveOut results.Mark) []float64 {
	v, left := q.Values(b, leaveOut)
	s.Left += left
	return v
}

func (p *Pair) add(a, b []float64, round int, st results.Statistic) {
	if !st.Mean && st != results.Median {
		n := min(len(a), len(b))
		a, b = a[:n], b[:n]
	}
	if len(a) == 0 || len(b) == 0 {
		return // the machine was disturbed throughout, or the quantity does not apply
	}
	x, okA := st.Of(a)
	y, okB := st.Of(b)
	for _, side := range []struct {
		s      *Series
		values []float64
		figure float64
		ok     bool
	}{{&p.A, a, x, okA}, {&p.B, b, y, okB}} {
		side.s.Samples += len(side.values)
		if side.ok {
			side.s.Rounds, side.s.Values = append(side.s.Rounds, round), append(side.s.Values, side.figure)
		} else {
			side.s.short(len(side.values))
		}
	}
	if okA && okB && x > 0 && y > 0 {
		p.Logs = append(p.Logs, math.Log(x/y))
	}
}

// Resolution returns, as the logarithm of a ratio, the difference that this many rounds show between
// a combination and itself on this machine, by neighbouring rounds of the series given. No smaller
// difference between two combinations is a result. It is +Inf if no series has two rounds.
func Resolution(rounds int, of ...*Series) float64 {
	var all []float64
	for _, s := range of {
		for i := 1; i < len(s.Values); i++ {
			if s.Values[i] > 0 && s.Values[i-1] > 0 {
				all = append(all, math.Log(s.Values[i]/s.Values[i-1]))
			}
		}
	}
	r := stats.Resolution(all, rounds)
	if math.IsNaN(r) {
		return math.Inf(1)
	}
	return r
}
