package accept

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// An Axis is one side of a correlation over variants: a measured quantity, or
// a property of the variant.
type Axis struct {
	Name     string
	Quantity *Quantity
	// Of returns the variant's property, false when it is not known.
	Of func(Variant) (float64, bool)
	// Energy says that the axis is the energy of an inference, which must be
	// measured to correlate with anything.
	Energy bool
	// Absent says that runs do not hold this axis yet, and what would.
	Absent string
}

// Axes are what can be correlated, by the words that name them.
var Axes = []Axis{
	{Name: "latency", Quantity: &Latency},
	{Name: "execution time", Quantity: &Execution},
	{Name: "energy", Energy: true},
	{Name: "EDP", Energy: true},
	{Name: "input size", Of: func(v Variant) (float64, bool) { return float64(v.Input), v.Input > 0 }},
	{Name: "parameters", Of: func(v Variant) (float64, bool) { return float64(v.Parameters), v.Parameters > 0 }},
	{Name: "layer fit", Of: func(v Variant) (float64, bool) {
		// Equation 5.1 of the study, up to the memory's size, which scales
		// all alike.
		return float64(v.Parameters) / float64(max(1, v.Layers)), v.Parameters > 0 && v.Layers > 0
	}},
	{Name: "instructions", Absent: "the run holds no hardware counters; measure where perf events are allowed"},
	{Name: "L1d loads", Absent: "the run holds no hardware counters; measure where perf events are allowed"},
}

// Correlate judges "x and y correlate by at least bound" over combinations that
// differ in their variant: Pearson's coefficient of the medians, or Spearman's
// when ranks is set, with Fisher's interval. It returns nil in the dry pass.
func (j *Judge) Correlate(cs []grid.Combination, x, y Axis, ranks bool, d Direction, bound float64, text string) (*Judgement, error) {
	if !j.need(cs...) {
		return nil, nil
	}
	g := &Judgement{
		Subject: fmt.Sprintf("%d variants on %s", len(cs), place(cs[0])),
		Measure: "correlation of " + x.Name + " and " + y.Name, Bound: d.String() + " " + text,
		Unit: share, Origin: j.Data.origin(cs...), Combinations: cs,
	}
	if ranks {
		g.Measure = "rank " + g.Measure
	}
	for _, a := range []Axis{x, y} {
		switch {
		case a.Absent != "":
			return g, j.absent(g, &AbsentError{Combination: cs[0], Verdict: Missing, Reason: a.Absent})
		case a.Energy:
			return g, j.absent(g, supportsEnergy("a correlation with energy", names.Modelled))
		}
	}
	var xs, ys []float64
	for _, c := range cs {
		for _, side := range []struct {
			axis Axis
			to   *[]float64
		}{{x, &xs}, {y, &ys}} {
			v, err := j.coordinate(g, c, side.axis)
			if err != nil {
				return g, j.absent(g, err)
			}
			*side.to = append(*side.to, v)
		}
	}
	alpha, err := j.alpha(LimitError, cs...)
	if err != nil {
		return g, err
	}
	of := stats.Pearson
	if ranks {
		of = stats.Spearman
	}
	r, iv, err := of(xs, ys, 1-2*alpha)
	if err != nil {
		g.Verdict, g.Reason = Invalid, err.Error()
		return g, nil
	}
	g.Value, g.Lo, g.Hi = &r, &iv.Lo, &iv.Hi
	pass, fail := iv.Lo >= bound, iv.Hi < bound
	if d == AtMost {
		pass, fail = iv.Hi <= bound, iv.Lo > bound
	}
	switch {
	case pass:
		g.Verdict = Pass
	case fail:
		g.Verdict = Fail
	default:
		g.Verdict = Inconclusive
		g.Reason = fmt.Sprintf("%d variants cannot tell: more variants would, more inferences would not", len(cs))
	}
	return g, nil
}

func (j *Judge) coordinate(g *Judgement, c grid.Combination, a Axis) (float64, error) {
	if a.Of != nil {
		for _, v := range j.Variants {
			if v.Name == string(c.Variant) {
				if value, ok := a.Of(v); ok {
					return value, nil
				}
			}
		}
		return 0, &AbsentError{Combination: c, Verdict: Missing, Reason: "the catalog does not say its " + a.Name}
	}
	s, err := j.Data.Series(c, *a.Quantity)
	if err != nil {
		return 0, err
	}
	g.count(s)
	var all []float64
	for _, r := range s.Rounds {
		all = append(all, r.Values...)
	}
	return Median.of(all), nil
}
