package accept

import (
	"fmt"
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model"
)

// A Limit is a bound on a statistic of a quantity.
type Limit struct {
	Quantity  Quantity
	Statistic Statistic
	Direction Direction
	Bound     float64 // in the quantity's SI unit
	Text      string  // the bound as it was written: "31 ms"
}

func (l Limit) measure() string {
	if l.Quantity.once != nil && l.Statistic == Median {
		return l.Quantity.Name
	}
	return l.Statistic.String() + " " + l.Quantity.Name
}

// Limit judges a limit on a combination. It returns nil in the dry pass.
func (j *Judge) Limit(c grid.Combination, l Limit) (*Judgement, error) {
	if !j.need(c) {
		return nil, nil
	}
	g := &Judgement{
		Subject: j.on(c), Measure: l.measure(), Bound: l.Direction.String() + " " + l.Text,
		Unit: l.Quantity.Unit, Origin: j.Data.origin(c), Combinations: []grid.Combination{c},
	}
	return g, j.limit(g, c, l)
}

func (j *Judge) limit(g *Judgement, c grid.Combination, l Limit) error {
	s, err := j.Data.Series(c, l.Quantity)
	if err != nil {
		return j.absent(g, err)
	}
	g.count(s)
	alpha, err := j.alpha(LimitError, c)
	if err != nil {
		return err
	}
	r, err := l.Statistic.limit(s.Values(), l.Direction, l.Bound, alpha)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", l.measure(), c.Name(), err)
	}
	further := "inferences"
	if l.Quantity.once != nil {
		further = "rounds"
	}
	g.answer(r, further)
	if r.Decision == stats.Inconclusive && len(s.Rounds) < 2 {
		g.Reason = "one round says nothing of how rounds differ: measure more rounds; " + g.Reason
	}
	return nil
}

// Power says from what the energy of combinations is worked out.
type Power struct {
	Device string // a profile's name
	Idle   string // one of the device's idle modes
	// IdlePower, when not nil, replaces the idle mode's power.
	IdlePower *model.Watts
}

// modelled returns the energy model for p.
func (j *Judge) modelled(p Power) (*energy.Estimator, error) {
	m, err := energy.NewEstimator(j.Profiles, p.Device, p.Idle)
	if err != nil {
		return nil, err
	}
	if p.IdlePower != nil {
		m.Idle.Power = *p.IdlePower
	}
	return m, nil
}

// EnergyLimit judges a limit on the energy or, with edp, the energy-delay
// product of an inference. Without modelled it asks for measured energy.
// l.Quantity is set here.
func (j *Judge) EnergyLimit(c grid.Combination, l Limit, p Power, edp, modelled bool) (*Judgement, error) {
	m, err := j.modelled(p)
	if err != nil {
		return nil, err
	}
	name, unit := "energy per inference", joules
	if edp {
		name, unit = "EDP", jouleSeconds
	}
	if modelled {
		name = "modelled " + name
	}
	var missing []string
	var failed error
	of := func(latency float64, sent, received int64) float64 {
		e, err := m.Inference(c, model.Seconds(latency), model.Bytes(sent), model.Bytes(received))
		if err != nil {
			failed = err
			return math.NaN()
		}
		missing = e.Missing
		return float64(e.Joules)
	}
	l.Quantity = Quantity{Name: name, Unit: unit, of: func(s results.Sample) (float64, bool) {
		return of(s.Total.Seconds(), s.Sent, s.Received), s.Total > 0
	}}
	if edp {
		// The study's EDP is the product of the means (its equation 4.1), so
		// a round has one.
		leaveOut := results.Mark(0)
		if j.Data != nil {
			leaveOut = j.Data.leaveOut()
		}
		l.Quantity = Quantity{Name: name, Unit: unit, once: func(b results.Block) (float64, bool) {
			latencies, _ := Latency.values(b, leaveOut)
			if len(latencies) == 0 {
				return 0, false
			}
			t := Statistic{Mean: true}.of(latencies)
			var sent, received int64
			for _, s := range b.Samples {
				if s.Phase == results.PhaseSteady {
					sent, received = s.Sent, s.Received
				}
			}
			return of(t, sent, received) * t, true
		}}
	}
	if !j.need(c) {
		return nil, nil
	}
	g := &Judgement{
		Subject: j.on(c), Measure: l.measure(), Bound: l.Direction.String() + " " + l.Text,
		Unit: unit, Origin: m.Origin(c), Combinations: []grid.Combination{c},
	}
	if !modelled {
		if err := supportsEnergy("a limit on energy", g.Origin); err != nil {
			return g, j.absent(g, err)
		}
	}
	if err := j.limit(g, c, l); err != nil {
		return g, err
	}
	if failed != nil {
		return g, failed
	}
	if len(missing) > 0 && g.Value != nil {
		// What is not known can only add to it.
		bound := fmt.Sprintf("it is a lower bound, lacking %s", join(missing))
		if g.Verdict == Pass && l.Direction == AtMost || g.Verdict == Fail && l.Direction == AtLeast {
			g.Verdict = Inconclusive
			g.Reason = bound + "; give the figure in a profile of your own"
		} else if g.Verdict == Inconclusive {
			g.Reason = bound + "; " + g.Reason
		}
	}
	return g, nil
}

func join(parts []string) string {
	out := ""
	for i, p := range parts {
		switch {
		case i == 0:
		case i == len(parts)-1:
			out += " and "
		default:
			out += ", "
		}
		out += p
	}
	return out
}

// MemoryLimit judges a limit on the memory that a combination takes.
func (j *Judge) MemoryLimit(c grid.Combination, d Direction, bound float64, text string) (*Judgement, error) {
	return j.Limit(c, Limit{Quantity: Memory, Statistic: Median, Direction: d, Bound: bound, Text: text})
}

// AgreementLimit judges "its agreement with the uncompressed model is at least
// a share": the images on which both answer alike, as independent draws from
// the images that could have been shown.
func (j *Judge) AgreementLimit(v Variant, d Direction, bound float64, text string) (*Judgement, error) {
	if j.Data == nil {
		return nil, nil
	}
	g := &Judgement{
		Subject: v.Title, Measure: "agreement with the uncompressed model", Bound: d.String() + " " + text,
		Unit: share, Origin: names.Measured,
	}
	a, ok := j.Data.Extras.Agreement[v.Name]
	if !ok || a.Images == 0 {
		g.Verdict = Missing
		g.Reason = fmt.Sprintf("%s records no agreement of it; the specs of the suites record it", j.Data.Name)
		return g, nil
	}
	// The images were shown once: this is the only look at them.
	r, err := stats.ProportionAtLeast(a.Agreed, a.Images, bound, LimitError)
	if d == AtMost {
		r, err = stats.ProportionAtMost(a.Agreed, a.Images, bound, LimitError)
	}
	if err != nil {
		return nil, err
	}
	g.Samples = a.Images
	g.answer(r, "images")
	return g, nil
}

// PayloadLimit judges a limit on the bytes that an offloaded inference moves.
func (j *Judge) PayloadLimit(c grid.Combination, d Direction, bound float64, text string) (*Judgement, error) {
	return j.Limit(c, Limit{Quantity: Payload, Statistic: Statistic{Mean: true}, Direction: d, Bound: bound, Text: text})
}

// Crossing judges a limit on the crossing point of a local and an offloaded
// combination: the local latency above which offloading wins, which is the
// offloaded latency itself (equation 2.3 of the study, measured). It returns
// nil in the dry pass.
func (j *Judge) Crossing(local, offloaded grid.Combination, l Limit) (*Judgement, error) {
	if !j.need(local, offloaded) {
		return nil, nil
	}
	g := &Judgement{
		Subject: fmt.Sprintf("%s against %s", j.on(local), place(offloaded)),
		Measure: "crossing point", Bound: l.Direction.String() + " " + l.Text,
		Unit: seconds, Origin: j.Data.origin(local, offloaded), Combinations: []grid.Combination{local, offloaded},
	}
	if err := supportsComparison(offloaded); err != nil {
		return g, j.absent(g, err)
	}
	here, err := j.Data.Series(local, Latency)
	if err != nil {
		return g, j.absent(g, err)
	}
	if err := j.limit(g, offloaded, l); err != nil {
		return g, err
	}
	if g.Value != nil {
		t := Median.of(slices.Concat(here.Values()...))
		side := "stays below: local wins"
		if t > *g.Value {
			side = "lies above: offloading wins"
		}
		g.Note = "the local latency, " + seconds.Format(t) + ", " + side
	}
	return g, nil
}
