package accept

import (
	"cmp"
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
)

// A Relation is what a comparison claims of its two sides. With the margin m and the ratio r of the
// first side's statistic to the second's:
type Relation string

// The relations.
const (
	Beats    Relation = "beats"         // r < 1-m
	NotBeats Relation = "does not beat" // r > 1-m
	Like     Relation = "is like"       // 1-m < r < 1/(1-m)
)

// A Comparison claims a relation of A to B, by a paired test on the rounds in which both were
// measured.
type Comparison struct {
	A, B      Subject
	Quantity  Quantity
	Statistic Statistic
	Relation  Relation
	Margin    float64 // a share, 0 for none
	// Energy says that energy or EDP is compared, which must be measured.
	Energy bool
}

// Needs implements Claim.
func (q Comparison) Needs() []names.Combination { return Subjects{q.A, q.B}.Needs() }

// ErrorRate implements Claim.
func (Comparison) ErrorRate() float64 { return ComparisonError }

// Judge implements Claim.
func (q Comparison) Judge(data *Data, alpha float64) Judgement {
	margin := math.Log1p(-q.Margin)
	lo, hi := margin, -margin
	bound := "between " + times.Format(1-q.Margin) + " and " + times.Format(1/(1-q.Margin))
	switch q.Relation {
	case Beats:
		lo, hi, bound = math.Inf(-1), margin, "below "+times.Format(1-q.Margin)
	case NotBeats:
		lo, hi, bound = margin, math.Inf(1), "above "+times.Format(1-q.Margin)
	}
	g := Judgement{
		Subject: q.A.String() + " " + string(q.Relation) + " " + q.B.String(),
		Measure: "ratio of " + q.Statistic.String() + " " + q.Quantity.Name, Bound: bound, Unit: times,
	}
	return judge(q, data, g, func(g *Judgement) error {
		// For two variants at one place, the embedded host is as good as any.
		if q.A.Place != q.B.Place || q.A.Variant.Name == q.B.Variant.Name {
			if err := supportsComparison(q.A, q.B); err != nil {
				return err
			}
		}
		if q.Energy {
			return supportsEnergy("a comparison of energy", names.Modelled)
		}
		logs, err := g.logRatios(q, data)
		if err != nil {
			return err
		}
		return g.ratio(logs, lo, hi, alpha)
	})
}

// logRatios returns the logarithm of A's statistic over B's for every round that holds both.
func (g *Judgement) logRatios(q Comparison, data *Data) ([]float64, error) {
	a, errA := data.series(q.A.Combination(), q.Quantity)
	b, errB := data.series(q.B.Combination(), q.Quantity)
	if err := cmp.Or(errA, errB); err != nil {
		return nil, err
	}
	// Asked after the data, so that a side that cannot run here is a skip.
	if !data.Interleaved {
		because := data.Name + " did not measure its combinations in turns, so the machine may have changed between them"
		return nil, unsupported("a comparison", because,
			"measure with crossover bench or crossover accept, which interleave")
	}
	g.count(a)
	g.count(b)
	var logs []float64
	for i, round := range a.Rounds {
		if k := slices.Index(b.Rounds, round); k >= 0 {
			logs = append(logs, math.Log(q.Statistic.of(a.Values[i]))-math.Log(q.Statistic.of(b.Values[k])))
		}
	}
	if len(logs) == 0 {
		return nil, missing("it shares no round with %s", q.B.Combination().Name())
	}
	return logs, nil
}
