package accept

import (
	"fmt"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
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
		if _, ok := c.(averaged); !ok {
			return Average{}, fmt.Errorf("no average over the variants: the sentence limits no time, energy or share of each")
		}
	}
	return Average{Limits: claims}, nil
}

// An averaged claim is a limit. What the energy of an EnergyLimit lacks is missing.
type averaged interface {
	Claim
	limitOn(data *Data) (l Limit, origin names.Origin, missing []string, err error)
}

func (l Limit) limitOn(data *Data) (Limit, names.Origin, []string, error) {
	return l, data.origin(l.Combination()), nil, nil
}

func (l EnergyLimit) limitOn(data *Data) (Limit, names.Origin, []string, error) {
	c := l.Combination()
	limit := Limit{
		Subject: l.Subject, Statistic: results.Mean, Bound: l.Bound,
		Quantity: energyQuantity(l.Model, l.Subject, l.EDP, l.Modelled, data.leaveOut()),
	}
	origin := l.Model.Origin(c)
	if err := supportsEnergy("a limit on energy", origin); err != nil && !l.Modelled {
		return limit, origin, nil, err
	}
	e, err := l.Model.Inference(c, 0, 0, 0)
	return limit, origin, e.Missing, err
}

// noSharedRound is the error of a claim on several combinations that were never measured together.
var noSharedRound = missing("no round holds them all; measure with crossover bench or crossover accept, which interleave")

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
	first, origin, lacking, errFirst := a.Limits[0].(averaged).limitOn(data)
	g := first.judgement()
	g.Subject = Subjects(make([]Subject, len(a.Limits))).on(first.Place)
	g.Measure = "mean over the variants of the " + g.Measure
	g.Origin = origin
	return judge(a, data, g, func(g *Judgement) error {
		if errFirst != nil {
			return errFirst
		}
		var all []*summary.Series
		for _, claim := range a.Limits {
			l, _, _, err := claim.(averaged).limitOn(data)
			if err != nil {
				return err
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
		if len(lacking) > 0 && g.Value != nil {
			g.lowerBound(lacking, first.Bound.Direction)
		}
		return nil
	})
}
