package accept

import (
	"fmt"
)

// A Limit claims that a statistic of a quantity keeps a bound.
type Limit struct {
	limiting
	Subject
	Quantity  Quantity
	Statistic Statistic
	Bound     Bound
}

// Judge implements Claim. Means are judged by their confidence interval over rounds, percentiles by
// LoadGen's early stopping rule.
func (l Limit) Judge(data *Data, alpha float64) Judgement {
	return judge(l, data, l.judgement(), func(g *Judgement) error { return g.limit(l, data, alpha) })
}

func (l Limit) judgement() Judgement {
	measure := l.Statistic.String() + " " + l.Quantity.Name
	if l.Quantity.once != nil && l.Statistic == Median {
		measure = l.Quantity.Name
	}
	return Judgement{Subject: l.Subject.String(), Measure: measure, Bound: l.Bound.String(), Unit: l.Quantity.Unit}
}

// limit puts the answer to a limit into the judgement.
func (g *Judgement) limit(l Limit, data *Data, alpha float64) error {
	c := l.Combination()
	s, err := data.series(c, l.Quantity)
	if err != nil {
		return err
	}
	g.count(s)
	r, err := l.Statistic.judge(s.Values, l.Bound, alpha)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", g.Measure, c.Name(), err)
	}
	further := "inferences"
	if l.Quantity.once != nil {
		further = "rounds"
	}
	g.answer(r, further)
	if g.Verdict == Inconclusive && len(s.Rounds) < 2 {
		g.Reason = "one round says nothing of how rounds differ: measure more rounds; " + g.Reason
	}
	return nil
}
