package accept

import (
	"fmt"
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A Limit claims that a statistic of a quantity keeps a bound in a typical round.
type Limit struct {
	limiting
	Subject
	Quantity  Quantity
	Statistic results.Statistic
	Bound     Bound
}

// Inferences implements Lengthening.
func (l Limit) Inferences() int { return inferences(l.Quantity, l.Statistic) }

// Judge implements Claim.
func (l Limit) Judge(data *Data, alpha float64) Judgement {
	return judge(l, data, l.judgement(), func(g *Judgement) error { return g.limit(l, data, alpha) })
}

func (l Limit) judgement() Judgement {
	return Judgement{
		Subject: l.Subject.String(), Measure: measureOf(l.Quantity, l.Statistic),
		Bound: l.Bound.String(), Unit: l.Quantity.Unit,
	}
}

// measureOf names a statistic of a quantity: "p90 latency", "opening time".
func measureOf(q Quantity, st results.Statistic) string {
	if q.Once() && st == results.Median {
		return q.Name
	}
	return st.String() + " " + q.Name
}

// limit puts the answer to a limit into the judgement.
func (g *Judgement) limit(l Limit, data *Data, alpha float64) error {
	s, err := data.series(l.Combination(), l.Quantity, l.Statistic)
	if err != nil {
		return err
	}
	if err := g.typical(s, l.Bound, alpha); err != nil {
		return fmt.Errorf("%s of %s: %w", g.Measure, l.Combination().Name(), err)
	}
	if l.Statistic == results.Mean && !l.Quantity.Once() && l.Quantity.Name != results.Payload.Name {
		g.note(uncovered(s, l.Quantity.Unit))
	}
	return nil
}

// typical puts into the judgement whether a series keeps a bound in a typical round.
func (g *Judgement) typical(s *summary.Series, b Bound, alpha float64) error {
	g.count(s)
	r, err := b.judge(s, alpha)
	if err != nil {
		return err
	}
	g.answer(r, "rounds")
	g.qualify(s)
	return nil
}

// stallError is the probability of missing a stall as frequent as uncovered says.
const stallError = 0.01

// uncovered says what the mean of a typical round does not cover: the longest inference seen, and
// how rare a stall these inferences cannot exclude. N independent inferences miss a stall of one in
// M with the probability exp(-N/M).
func uncovered(s *summary.Series, u Unit) string {
	missed := math.Floor(float64(s.Samples) / -math.Log(stallError))
	if missed < 1 {
		return ""
	}
	return fmt.Sprintf("largest %s; stalls rarer than 1 in %s could be missed",
		u.Format(s.Largest), thousands(int(missed)))
}

// A RoundsLimit claims that a statistic keeps a bound in at least a share of the rounds: for those
// who fear a process that is slow throughout.
type RoundsLimit struct {
	Limit
	Share float64 // of rounds
}

// Judge implements Claim, by the exact interval of the share (Clopper and Pearson).
func (l RoundsLimit) Judge(data *Data, alpha float64) Judgement {
	g := l.judgement()
	g.Measure = "share of rounds whose " + g.Measure + " is " + g.Bound
	g.Bound, g.Unit = "at least "+percent(l.Share), share
	return judge(l, data, g, func(g *Judgement) error {
		s, err := data.series(l.Combination(), l.Quantity, l.Statistic)
		if err != nil {
			return err
		}
		g.count(s)
		// A round that is too short for the statistic counts against a pass and against a failure.
		test, wrong := stats.ShareOfRoundsAtMost, math.Inf(1)
		if l.Bound.Direction == AtLeast {
			test, wrong = stats.ShareOfRoundsAtLeast, math.Inf(-1)
		}
		short := func(v float64) []float64 { return slices.Concat(s.Values, slices.Repeat([]float64{v}, s.Short)) }
		r, err := test(short(wrong), l.Bound.Value, l.Share, alpha)
		if err == nil && s.Short > 0 && r.Decision == stats.Fail {
			if r, err = test(short(-wrong), l.Bound.Value, l.Share, alpha); r.Decision != stats.Fail {
				r.Decision = stats.Inconclusive
			}
		}
		if err != nil {
			return err
		}
		g.answer(r, "rounds")
		g.qualify(s)
		return nil
	})
}

// An ExceedingLimit claims that no more than a share of the inferences exceed a bound in a typical
// round.
type ExceedingLimit struct {
	limiting
	Subject
	Quantity Quantity
	Over     Bound   // what an inference may not exceed
	Most     float64 // share of inferences that may
}

// Inferences implements Lengthening.
func (l ExceedingLimit) Inferences() int {
	return inferences(l.Quantity, results.Statistic{P: 1 - l.Most})
}

// Judge implements Claim.
func (l ExceedingLimit) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: l.Subject.String(),
		Measure: "share of inferences whose " + l.Quantity.Name + " is above " + l.Over.Text,
		Bound:   "at most " + percent(l.Most), Unit: share,
	}
	return judge(l, data, g, func(g *Judgement) error {
		if _, err := data.series(l.Combination(), l.Quantity, results.Median); err != nil {
			return err
		}
		s, over := summary.ExceedingSeries(
			data.blocks[l.Combination()], l.Quantity.Quantity, l.Over.Value, l.Most, data.leaveOut())
		if err := g.typical(&s, Bound{Direction: AtMost, Value: l.Most}, alpha); err != nil {
			return err
		}
		g.note(fmt.Sprintf("%s of %s inferences were above", thousands(over), thousands(s.Samples)))
		return nil
	})
}
