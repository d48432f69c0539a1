package accept

import (
	"strings"

	"github.com/crossover-bench/crossover/internal/energy"
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
	limit := Limit{Subject: l.Subject, Quantity: l.quantity(data), Statistic: Mean, Bound: l.Bound}
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

// quantity returns the energy or EDP of an inference by the model.
func (l EnergyLimit) quantity(data *Data) Quantity {
	of := func(latency float64, sent, received int64) float64 {
		// Judge has returned the error, if there is one.
		e, _ := l.Model.Inference(l.Combination(), model.Seconds(latency), model.Bytes(sent), model.Bytes(received))
		return float64(e.Joules)
	}
	name := "energy per inference"
	if l.EDP {
		name = "EDP"
	}
	if l.Modelled {
		name = "modelled " + name
	}
	if !l.EDP {
		return Quantity{Name: name, Unit: joules, of: func(s results.Sample) (float64, bool) {
			return of(s.Total.Seconds(), s.Sent, s.Received), s.Total > 0
		}}
	}
	// The study's EDP is the product of the means (its equation 4.1), so a round has one.
	return Quantity{Name: name, Unit: jouleSeconds, once: func(b results.Block) (float64, bool) {
		latencies, _ := Latency.values(b, data.leaveOut())
		if len(latencies) == 0 {
			return 0, false
		}
		t := Mean.of(latencies)
		steady, _ := b.Steady(0)
		last := steady[len(steady)-1]
		return of(t, last.Sent, last.Received) * t, true
	}}
}

// lowerBound qualifies a verdict on a value that lacks parts, which can only add to it.
func (g *Judgement) lowerBound(missing []string, d Direction) {
	reason := "it is a lower bound, lacking " + list(missing)
	if g.Verdict == Pass && d == AtMost || g.Verdict == Fail && d == AtLeast {
		g.Verdict = Inconclusive
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
