package accept

import (
	"cmp"
	"fmt"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// An axis is one side of a correlation over variants: a measured quantity, or a property of the
// variant.
type axis struct {
	quantity Quantity
	// property returns the variant's, 0 if unknown; nil for a quantity.
	property func(KnownVariant) float64
	// lacking says why runs do not hold this axis yet, and how they would.
	lacking error
}

var (
	noMeter    = supportsEnergy("a correlation with energy", names.Modelled)
	noCounters = missing("the run holds no hardware counters; measure where perf events are allowed")
)

var axes = map[string]axis{
	"latency":        {quantity: Latency},
	"execution time": {quantity: Execution},
	"energy":         {lacking: noMeter},
	"EDP":            {lacking: noMeter},
	"input size":     {property: func(v KnownVariant) float64 { return float64(v.Name.Parts().InputSize()) }},
	"depth":          {property: func(v KnownVariant) float64 { return float64(v.Depth) }},
	"parameters":     {property: func(v KnownVariant) float64 { return float64(v.Parameters) }},
	// Equation 5.1 of the study, up to the memory's size, which scales all alike.
	"layer fit": {property: func(v KnownVariant) float64 {
		if v.Layers == 0 {
			return 0
		}
		return float64(v.Parameters) / float64(v.Layers)
	}},
	"instructions": {lacking: noCounters},
	"L1d loads":    {lacking: noCounters},
	"L1d misses":   {lacking: noCounters},
	"page faults":  {lacking: noCounters},
}

// A Correlation limits the correlation of two axes over variants at one place: Pearson's
// coefficient of the medians, or Spearman's of their ranks, with Fisher's interval.
type Correlation struct {
	limiting
	Subjects        // at least four
	X, Y     string // latency, execution time, energy, EDP, as in axes
	Ranks    bool
	Bound    Bound // a share
}

// Judge implements Claim.
func (q Correlation) Judge(data *Data, alpha float64) Judgement {
	coefficient, measure := stats.Pearson, "correlation"
	if q.Ranks {
		coefficient, measure = stats.Spearman, "rank correlation"
	}
	g := Judgement{
		Subject: q.String(), Measure: measure + " of " + q.X + " and " + q.Y,
		Bound: q.Bound.String(), Unit: share,
	}
	return judge(q, data, g, func(g *Judgement) error {
		for _, name := range []string{q.X, q.Y} {
			if a, ok := axes[name]; !ok {
				return fmt.Errorf("a correlation has no axis %q", name)
			} else if a.lacking != nil {
				return a.lacking
			}
		}
		var xs, ys []float64
		for _, s := range q.Subjects {
			x, errX := g.coordinate(s, q.X, data)
			y, errY := g.coordinate(s, q.Y, data)
			if err := cmp.Or(errX, errY); err != nil {
				return err
			}
			xs, ys = append(xs, x), append(ys, y)
		}
		r, iv, err := coefficient(xs, ys, 1-2*alpha)
		if err != nil {
			// The data has no correlation, such as variants that are all alike.
			return &unanswered{Verdict: Invalid, Reason: err.Error()}
		}
		g.Value, g.Lo, g.Hi = &r, &iv.Lo, &iv.Hi
		if g.Verdict = q.Bound.verdict(iv.Lo, iv.Hi); g.Verdict == Inconclusive {
			g.Short = true
			g.Reason = fmt.Sprintf("%d variants cannot tell: more variants would, more inferences would not", len(xs))
		}
		return nil
	})
}

// coordinate returns where a subject lies on an axis.
func (g *Judgement) coordinate(s Subject, name string, data *Data) (float64, error) {
	a := axes[name]
	if a.property != nil {
		if v := a.property(s.Variant); v > 0 {
			return v, nil
		}
		return 0, missing("the catalog does not say its %s", name)
	}
	series, err := data.series(s.Combination(), a.quantity, results.Median)
	if err != nil {
		return 0, named(err, s)
	}
	g.count(series)
	return stats.Median(series.Values), nil
}
