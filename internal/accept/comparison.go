package accept

import (
	"cmp"
	"math"

	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
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

// A Comparison claims a relation of A to B: of the median, over the rounds in which both were
// measured, of the ratio of their figures. A slow mode on one side in some of the rounds moves that
// ratio, and a typical latency hardly; STEPS.md says so. A difference below the run's resolution is
// inconclusive, whatever the margin.
type Comparison struct {
	A, B      Subject
	Quantity  Quantity // of a latency
	Statistic results.Statistic
	Relation  Relation
	Margin    float64 // a share, 0 for none
	// Energy compares the energy or the EDP of an inference instead, by Model.
	Energy, EDP bool
	Modelled    bool // the claim is about the modelled figure; otherwise it must be measured
	Model       *energy.Estimator
}

// Needs implements Claim.
func (q Comparison) Needs() []names.Combination { return Subjects{q.A, q.B}.Needs() }

// ErrorRate implements Claim.
func (Comparison) ErrorRate() float64 { return ComparisonError }

// Inferences implements Lengthening.
func (q Comparison) Inferences() int { return inferences(q.Quantity, q.Statistic) }

// Judge implements Claim.
func (q Comparison) Judge(data *Data, alpha float64) Judgement {
	margin := math.Log1p(-q.Margin)
	c := ratioClaim{lo: margin, hi: -margin}
	bound := "between " + times.Format(1-q.Margin) + " and " + times.Format(1/(1-q.Margin))
	switch q.Relation {
	case Beats:
		c.lo, c.hi, bound = math.Inf(-1), margin, "below "+times.Format(1-q.Margin)
	case NotBeats:
		c.lo, c.hi, bound = margin, math.Inf(1), "above "+times.Format(1-q.Margin)
	}
	g := Judgement{
		Subject: q.A.String() + " " + string(q.Relation) + " " + q.B.String(),
		Measure: "ratio of " + q.measure(), Bound: bound, Unit: times,
	}
	if q.Energy {
		g.Origin = energyOrigin(q.Model, q.Needs()...)
	}
	return judge(q, data, g, func(g *Judgement) error {
		if err := q.supported(g.Origin); err != nil {
			return err
		}
		p, err := q.pair(data)
		if err != nil {
			return err
		}
		if err := g.paired(p); err != nil {
			return err
		}
		if len(p.Logs) == 0 {
			return missing("it shares no round with %s", q.B.Combination().Name())
		}
		c.resolution = summary.Resolution(len(p.Logs), &p.A, &p.B)
		if err := g.ratio(p.Logs, c, alpha); err != nil {
			return err
		}
		if q.Energy {
			g.note(q.Model.Powers())
			return g.compareBounds(q)
		}
		for i, side := range []*summary.Series{&p.A, &p.B} {
			if text := side.Pattern().Sentence(q.Quantity.Unit.Format); text != "" {
				g.note([]Subject{q.A, q.B}[i].String() + ": " + text)
			}
		}
		return nil
	})
}

func (q Comparison) measure() string {
	if !q.Energy {
		return measureOf(q.Quantity, q.Statistic)
	}
	return energyName(q.EDP, q.Modelled)
}

// supported returns why the data cannot carry the comparison.
func (q Comparison) supported(o names.Origin) error {
	// For two variants at one place, the embedded host is as good as any. It supports that
	// offloading does not pay: with a faster host it might, which this claim does not deny.
	if q.A.Place != q.B.Place || q.A.Variant.Name == q.B.Variant.Name {
		sides := []Subject{q.A, q.B}
		if q.Relation == NotBeats {
			sides = sides[1:]
		}
		if err := supportsComparison(sides...); err != nil {
			return err
		}
	}
	if q.Energy && !q.Modelled {
		return supportsEnergy("a comparison of energy", o)
	}
	return nil
}

// pair returns the figures of both sides for every round that holds both.
func (q Comparison) pair(data *Data) (*summary.Pair, error) {
	side := func(s Subject) (summary.Side, error) {
		blocks, err := data.blocksOf(s.Combination())
		if err != nil {
			return summary.Side{}, err
		}
		of := q.Quantity
		if q.Energy {
			e, err := q.Model.Inference(s.Combination(), 0, 0, 0)
			if err == nil && len(e.Missing) > 0 && s.Place.Backend.IsLocal() {
				err = unsupported("a comparison of modelled energy", "the "+list(e.Missing)+" is unknown",
					`say "Given an active power of 4.1 W", or give it in a profile of your own`)
			}
			if err != nil {
				return summary.Side{}, err
			}
			of = energyQuantity(q.Model, s, q.EDP, q.Modelled, data.leaveOut())
		}
		if _, err := data.series(s.Combination(), of, results.Median); err != nil {
			return summary.Side{}, err
		}
		return summary.Side{Blocks: blocks, Quantity: of.Quantity}, nil
	}
	a, errA := side(q.A)
	b, errB := side(q.B)
	if err := cmp.Or(errA, errB); err != nil {
		return nil, err
	}
	// Asked after the data, so that a side that cannot run here is a skip.
	if !data.Interleaved {
		because := data.Name +
			" did not measure its combinations in turns, so the machine may have changed between them"
		return nil, unsupported("a comparison", because,
			"measure with crossover bench or crossover accept, which interleave")
	}
	p := summary.PairOf(a, b, q.Statistic, data.leaveOut())
	return &p, nil
}

// compareBounds qualifies a comparison of energies of which a side is a lower bound: more energy
// could change which is smaller.
func (g *Judgement) compareBounds(q Comparison) error {
	for i, s := range []Subject{q.A, q.B} {
		e, err := q.Model.Inference(s.Combination(), 0, 0, 0)
		if err != nil || len(e.Missing) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		// What side A lacks makes the ratio larger, what side B lacks smaller.
		d := AtMost
		if (q.Relation == NotBeats) != (i == 1) {
			d = AtLeast
		}
		g.lowerBound(e.Missing, d)
	}
	return nil
}
