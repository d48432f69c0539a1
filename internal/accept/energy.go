package accept

import (
	"strings"

	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// An EnergyLimit claims that the device's mean energy per inference, or its energy-delay product,
// keeps a bound.
type EnergyLimit struct {
	limiting
	Subject
	Bound Bound
	EDP   bool
	// Modelled says that the claim is about the modelled figure. Otherwise the energy must be
	// measured.
	Modelled bool
	Model    *energy.Estimator
}

// Judge implements Claim.
func (l EnergyLimit) Judge(data *Data, alpha float64) Judgement {
	c := l.Combination()
	limit := Limit{
		Subject: l.Subject, Statistic: results.Mean, Bound: l.Bound,
		Quantity: energyQuantity(l.Model, l.Subject, l.EDP, l.Modelled, data.leaveOut()),
	}
	g := limit.judgement()
	g.Origin = l.Model.Origin(c)
	return judge(l, data, g, func(g *Judgement) error {
		if err := supportsEnergy("a limit on energy", g.Origin); err != nil && !l.Modelled {
			return err
		}
		// What the model lacks depends on the combination alone.
		e, err := l.Model.Inference(c, 0, 0, 0)
		if err != nil {
			return err
		}
		if err := g.limit(limit, data, alpha); err != nil {
			return err
		}
		if len(e.Missing) > 0 && g.Value != nil {
			g.lowerBound(e.Missing, l.Bound.Direction)
		}
		return nil
	})
}

// energyOrigin returns the origin of the energies of combinations: Mixed if one is, unless all are
// alike.
func energyOrigin(m *energy.Estimator, cs ...names.Combination) names.Origin {
	first := m.Origin(cs[0])
	for _, c := range cs[1:] {
		if m.Origin(c) != first {
			return names.Mixed
		}
	}
	return first
}

func energyName(edp, modelled bool) string {
	name := "energy per inference"
	if edp {
		name = "EDP"
	}
	if modelled {
		name = "modelled " + name
	}
	return name
}

// energyQuantity returns the energy or EDP of an inference of the subject by the model, which must
// know the subject's link.
func energyQuantity(m *energy.Estimator, subject Subject, edp, modelled bool, leaveOut results.Mark) Quantity {
	of := func(latency float64, s results.Sample) float64 {
		e, _ := m.Inference(subject.Combination(), model.Seconds(latency), model.Bytes(s.Sent), model.Bytes(s.Received))
		return float64(e.Joules)
	}
	name := energyName(edp, modelled)
	if !edp {
		return Quantity{results.PerInference(name, func(s results.Sample) (float64, bool) {
			return of(s.Total.Seconds(), s), s.Total > 0
		}), joules}
	}
	// The study's EDP is the product of the means (its equation 4.1), so a round has one.
	return Quantity{results.PerBlock(name, func(b *results.Block) (float64, bool) {
		kept, _ := b.Steady(leaveOut)
		t, ok := results.Mean.Of(results.Latencies(kept))
		if !ok {
			return 0, false
		}
		return of(t, kept[len(kept)-1]) * t, true
	}), jouleSeconds}
}

// lowerBound qualifies a verdict on a value that lacks parts, which can only add to it.
func (g *Judgement) lowerBound(missing []string, d Direction) {
	reason := "it is a lower bound, lacking " + list(missing)
	if g.Verdict == Pass && d == AtMost || g.Verdict == Fail && d == AtLeast {
		g.Verdict, g.Short = Inconclusive, true
		g.Reason = reason + "; give the figure in a profile of your own"
	} else if g.Verdict == Inconclusive {
		g.Reason = reason + "; " + g.Reason
	}
}

// list joins words as people do: "a, b and c".
func list(words []string) string {
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}
