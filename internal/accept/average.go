package accept

import (
	"errors"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
	"github.com/crossover-bench/crossover/model"
)

// An Average claims that the mean over several variants of what they limit keeps the bound, in a
// typical round: in each round that holds them all, the mean of their figures.
type Average struct {
	limiting
	// Limits are Limit or EnergyLimit, all of one quantity and with one bound. There is one at
	// least.
	Limits []Claim
}

// NewAverage returns the average of limits. Other claims have no figure to average, which is an
// error.
func NewAverage(claims []Claim) (Average, error) {
	for _, c := range claims {
		switch c.(type) { // a claim that embeds a Limit claims something else
		case Limit, EnergyLimit:
		default:
			return Average{}, errors.New("no average over the variants: the sentence limits no time, energy or share")
		}
	}
	return Average{Limits: claims}, nil
}

// An averaged claim is a limit.
type averaged interface {
	Claim
	figure(data *Data) figure
}

// A figure is what a limit on one subject limits.
type figure struct {
	Limit

	origin  names.Origin
	missing []string // what an energy lacks
	err     error    // why there is no figure
}

func (l Limit) figure(data *Data) figure {
	return figure{Limit: l, origin: data.origin(l.Combination())}
}

func (l EnergyLimit) figure(data *Data) figure {
	c := l.Combination()
	f := figure{origin: l.Model.Origin(c), Limit: Limit{
		Subject: l.Subject, Statistic: results.Mean, Bound: l.Bound,
		Quantity: energyQuantity(l.Model, l.Subject, l.EDP, l.Modelled, data.leaveOut()),
	}}
	if !l.Modelled {
		f.err = supportsEnergy("a limit on energy", f.origin)
	}
	if f.err == nil {
		var e model.Energy
		e, f.err = l.Model.Inference(c, 0, 0, 0)
		f.missing = e.Missing
	}
	return f
}

// noSharedRound is the error of a claim on several combinations that were never measured together.
var noSharedRound = missing("no round holds them all;" +
	" measure with crossover bench or crossover accept, which interleave")

// Needs implements Claim.
func (a Average) Needs() []names.Combination { return needs(a.Limits) }

// Inferences implements Lengthening.
func (a Average) Inferences() int { return longest(a.Limits) }

// needs returns the combinations of several claims.
func needs(claims []Claim) []names.Combination {
	var out []names.Combination
	for _, c := range claims {
		out = append(out, c.Needs()...)
	}
	return out
}

// Judge implements Claim.
func (a Average) Judge(data *Data, alpha float64) Judgement {
	first := a.Limits[0].(averaged).figure(data)
	g := first.judgement()
	g.Subject = Subjects(make([]Subject, len(a.Limits))).on(first.Place)
	g.Measure = "mean over the variants of the " + g.Measure
	g.Origin = first.origin
	return judge(a, data, g, func(g *Judgement) error {
		var all []*summary.Series
		for _, claim := range a.Limits {
			l := claim.(averaged).figure(data)
			if l.err != nil {
				return l.err
			}
			s, err := data.series(l.Combination(), l.Quantity, l.Statistic)
			if err != nil {
				return named(err, l.Subject)
			}
			all = append(all, s)
		}
		means := summary.Across(all, func(figures []float64) float64 { return stat.Mean(figures, nil) })
		if len(means.Values)+means.Short == 0 {
			return noSharedRound
		}
		if err := g.typical(&means, first.Bound, alpha); err != nil {
			return err
		}
		if len(first.missing) > 0 && g.Value != nil {
			g.lowerBound(first.missing, first.Bound.Direction)
		}
		return nil
	})
}
