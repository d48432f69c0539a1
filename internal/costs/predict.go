package costs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// Predictions answers what offloaded inferences cost.
type Predictions struct {
	Origin      names.Origin   `json:"origin"`
	Device      string         `json:"device"`
	Idle        model.Idle     `json:"idle"`
	TCP         *model.TCP     `json:"tcp"`
	Local       *model.Seconds `json:"local_latency_s,omitempty"`
	LocalEnergy *model.Joules  `json:"local_energy_J,omitempty"`
	Predictions []Cost         `json:"predictions"`

	exec model.Seconds
}

// A Cost is what one input costs over one link.
type Cost struct {
	Origin     names.Origin  `json:"origin"`
	Link       string        `json:"link"`
	LinkSource string        `json:"link_source"`
	Input      model.Payload `json:"input"`
	Output     model.Payload `json:"output"`
	model.Prediction
	System *model.SystemEnergy `json:"system,omitempty"`
	// Pays says by metric whether offloading costs less, as far as its costs are known: what is
	// missing can turn a true into a false. Metrics whose local cost is unknown are left out.
	Pays map[model.Metric]bool `json:"offloading_pays,omitempty"`
}

// Predict computes what a scene's inferences cost offloaded, compared with the local inference if
// its latency is known. system adds the energy of the whole system and may be nil. Errors name the
// field that is out of its bounds.
func Predict(s Scene, system *model.System) (*Predictions, error) {
	a := &Predictions{Origin: names.Modelled, Device: s.Device.Name, Idle: s.Idle, TCP: s.TCP, exec: s.Exec.Value}
	if s.Local.Latency.Value > 0 {
		a.Local = &s.Local.Latency.Value
	}
	a.LocalEnergy, _ = s.energy()
	for _, o := range s.offloads() {
		m, err := model.Predict(o.Offload)
		if err != nil {
			return nil, err
		}
		p := Cost{
			Origin: names.Modelled, Link: o.Link.Name, LinkSource: o.Link.Source,
			Input: o.input, Output: s.Output, Prediction: m,
		}
		if system != nil {
			e, err := model.WholeSystem(o.Offload, *system)
			if err != nil {
				return nil, err
			}
			p.System = &e
		}
		if a.Local != nil {
			if p.Pays, err = pays(s.comparison(o)); err != nil {
				return nil, err
			}
		}
		a.Predictions = append(a.Predictions, p)
	}
	return a, nil
}

// pays compares by every metric whose local cost is known.
func pays(c model.Tradeoff) (map[model.Metric]bool, error) {
	by := map[model.Metric]bool{}
	for _, m := range model.Metrics() {
		if _, known := c.LocalCost(m); !known {
			continue
		}
		var err error
		if by[m], err = c.Pays(m); err != nil {
			return nil, err
		}
	}
	return by, nil
}

// Text returns the predictions as a table.
func (a *Predictions) Text() string {
	var t sheet.Table[Cost]
	// part adds a part of the latency, unless it is optional and always zero.
	part := func(heading string, optional bool, of func(model.TimeParts) model.Seconds) {
		if !optional || slices.ContainsFunc(a.Predictions, func(c Cost) bool { return of(c.Time) != 0 }) {
			t.Right(heading, func(c Cost) any { return sheet.Milli(of(c.Time)) })
		}
	}
	t.Left("link", func(c Cost) any { return c.Link })
	t.Left("input", func(c Cost) any { return c.Input })
	t.Right("latency ms", func(c Cost) any { return sheet.AtLeast(sheet.Milli(c.Latency), c.LatencyMissing) })
	part("up", false, func(t model.TimeParts) model.Seconds { return t.Up })
	part("propagation", false, func(t model.TimeParts) model.Seconds { return t.Propagation })
	part("down", false, func(t model.TimeParts) model.Seconds { return t.Down })
	part("exec", false, func(t model.TimeParts) model.Seconds { return t.Exec })
	part("jitter+loss", true, func(t model.TimeParts) model.Seconds { return t.Disturbance })
	part("slow start", true, func(t model.TimeParts) model.Seconds { return t.SlowStart })
	part("overhead", true, func(t model.TimeParts) model.Seconds { return t.Overhead })
	part("wake", true, func(t model.TimeParts) model.Seconds { return t.Wake })
	t.Right("energy mJ", func(c Cost) any { return sheet.AtLeast(sheet.Milli(c.Joules), c.Energy.Missing) })
	t.Right("idle", func(c Cost) any { return sheet.Milli(c.EnergyParts.Idle) })
	if a.Idle.Suspends {
		t.Right("wake", func(c Cost) any { return sheet.OrUnknown(c.EnergyParts.Wake) })
	}
	t.Right("transmit", func(c Cost) any { return sheet.OrUnknown(c.EnergyParts.Transmit) })
	t.Right("receive", func(c Cost) any { return sheet.OrUnknown(c.EnergyParts.Receive) })
	t.Right("EDP mJs", func(c Cost) any { return sheet.AtLeast(sheet.Milli(c.EDP), c.Missing(model.MetricEDP)) })
	if len(a.Predictions) > 0 && a.Predictions[0].System != nil {
		t.Right("system mJ", func(c Cost) any { return sheet.AtLeast(sheet.Milli(c.System.Joules), c.System.Missing) })
		t.Right("host", func(c Cost) any { return sheet.OrUnknown(c.System.Host) })
		t.Right("path", func(c Cost) any { return sheet.OrUnknown(c.System.Path) })
	}
	if a.Local != nil {
		t.Right("offloading pays by", Cost.paysBy)
	}
	var n sheet.Notes
	for _, p := range a.Predictions {
		n.AddMissing(p.LatencyMissing)
		if p.System != nil {
			n.AddMissing(p.System.Missing) // includes the device's
		} else {
			n.AddMissing(p.Energy.Missing)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "An inference offloaded from %s, which waits at %v (idle %s), "+
		"to a host that takes %v. Origin: %s.\n\n", a.Device, a.Idle.Power, a.Idle.Name, a.exec, a.Origin)
	b.WriteString(t.Text(a.Predictions) + "\n")
	if a.Local != nil {
		fmt.Fprintf(&b, "compared with %v on the device", *a.Local)
		if a.LocalEnergy != nil {
			fmt.Fprintf(&b, " and %v", *a.LocalEnergy)
		} else {
			n.Add("the local energy is not known, so only latencies are compared; give it with --local-energy")
		}
		b.WriteString("\n")
	}
	return b.String() + n.Text()
}

// paysBy names the metrics by which offloading pays, with a question mark if the cost of offloading
// is a lower bound.
func (p Cost) paysBy() any {
	var by []string
	for _, m := range model.Metrics() {
		if !p.Pays[m] {
			continue
		}
		name := string(m)
		if len(p.Missing(m)) > 0 {
			name += "?"
		}
		by = append(by, name)
	}
	if by == nil {
		return "none"
	}
	return strings.Join(by, ", ")
}
