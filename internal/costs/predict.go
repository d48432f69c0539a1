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
	Origin         names.Origin       `json:"origin"`
	Link           string             `json:"link"`
	LinkSource     string             `json:"link_source"`
	Input          Message            `json:"input"`
	Output         Message            `json:"output"`
	Latency        model.Seconds      `json:"latency_s"`
	Network        model.Seconds      `json:"network_s"`
	Time           model.TimeParts    `json:"time"`
	LatencyMissing []string           `json:"latency_missing"`
	Energy         model.Joules       `json:"energy_J"`
	EnergyParts    model.EnergyParts  `json:"energy"`
	EnergyMissing  []string           `json:"energy_missing"`
	EDP            model.JouleSeconds `json:"edp_Js"`
	System         *SystemEnergy      `json:"system,omitempty"`
	// Pays says by metric whether offloading costs less, as far as its costs are
	// known: what is missing can turn a true into a false. Metrics whose local cost
	// is unknown are left out.
	Pays map[model.Metric]bool `json:"offloading_pays,omitempty"`
}

// SystemEnergy is the energy of the whole system.
type SystemEnergy struct {
	Energy  model.Joules  `json:"energy_J"`
	Device  model.Joules  `json:"device_J"`
	Host    *model.Joules `json:"host_J"` // nil if unknown
	Path    *model.Joules `json:"path_J"` // nil if unknown
	Missing []string      `json:"energy_missing"`
}

// Predict computes what a scene's inferences cost offloaded, compared with the
// local inference if its latency is known. system adds the energy of the whole
// system and may be nil. Errors name the field that is out of its bounds.
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
			Input: Message(o.input), Output: Message(s.Output),
			Latency: m.Latency, Network: m.Network, Time: m.Time, LatencyMissing: list(m.LatencyMissing),
			Energy: m.Energy.Joules, EnergyParts: m.EnergyParts, EnergyMissing: list(m.Energy.Missing),
			EDP: m.EDP,
		}
		if system != nil {
			e, err := model.WholeSystem(o.Offload, *system)
			if err != nil {
				return nil, err
			}
			p.System = &SystemEnergy{e.Total.Joules, e.Device, e.Host, e.Path, list(e.Total.Missing)}
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
func pays(c model.Comparison) (map[model.Metric]bool, error) {
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

// A column is one of the table's columns, shown or not.
type column struct {
	heading string
	shown   bool
	cell    func(Cost) string
}

// columns returns the columns of the table.
func (a *Predictions) columns() []column {
	// part is a part of the latency, shown if it is always or somewhere above zero.
	part := func(heading string, always bool, of func(model.TimeParts) model.Seconds) column {
		some := slices.ContainsFunc(a.Predictions, func(c Cost) bool { return of(c.Time) != 0 })
		return column{heading, always || some, func(c Cost) string { return sheet.Milli(of(c.Time)) }}
	}
	system := len(a.Predictions) > 0 && a.Predictions[0].System != nil
	return []column{
		{"link", true, func(c Cost) string { return c.Link }},
		{"input", true, func(c Cost) string { return c.Input.Name }},
		{"latency ms", true, func(c Cost) string { return sheet.AtLeast(sheet.Milli(c.Latency), c.LatencyMissing) }},
		part("up", true, func(t model.TimeParts) model.Seconds { return t.Up }),
		part("propagation", true, func(t model.TimeParts) model.Seconds { return t.Propagation }),
		part("down", true, func(t model.TimeParts) model.Seconds { return t.Down }),
		part("exec", true, func(t model.TimeParts) model.Seconds { return t.Exec }),
		part("jitter+loss", false, func(t model.TimeParts) model.Seconds { return t.Disturbance }),
		part("slow start", false, func(t model.TimeParts) model.Seconds { return t.SlowStart }),
		part("overhead", false, func(t model.TimeParts) model.Seconds { return t.Overhead }),
		part("wake", false, func(t model.TimeParts) model.Seconds { return t.Wake }),
		{"energy mJ", true, func(c Cost) string { return sheet.AtLeast(sheet.Milli(c.Energy), c.EnergyMissing) }},
		{"idle", true, func(c Cost) string { return sheet.Milli(c.EnergyParts.Idle) }},
		{"wake", a.Idle.Suspends, func(c Cost) string { return sheet.OrUnknown(c.EnergyParts.Wake) }},
		{"transmit", true, func(c Cost) string { return sheet.OrUnknown(c.EnergyParts.Transmit) }},
		{"receive", true, func(c Cost) string { return sheet.OrUnknown(c.EnergyParts.Receive) }},
		{"EDP mJs", true, func(c Cost) string {
			return sheet.AtLeast(sheet.Milli(c.EDP), slices.Concat(c.LatencyMissing, c.EnergyMissing))
		}},
		{"system mJ", system, func(c Cost) string { return sheet.AtLeast(sheet.Milli(c.System.Energy), c.System.Missing) }},
		{"host", system, func(c Cost) string { return sheet.OrUnknown(c.System.Host) }},
		{"path", system, func(c Cost) string { return sheet.OrUnknown(c.System.Path) }},
		{"offloading pays by", a.Local != nil, Cost.paysBy},
	}
}

// Text returns the predictions as a table.
func (a *Predictions) Text() string {
	columns := slices.DeleteFunc(a.columns(), func(c column) bool { return !c.shown })
	var headings []string
	for _, c := range columns {
		headings = append(headings, c.heading)
	}
	t := sheet.New(headings...)
	var n sheet.Notes
	for _, p := range a.Predictions {
		var cells []string
		for _, c := range columns {
			cells = append(cells, c.cell(p))
		}
		t.Add(cells...)
		n.AddMissing(p.LatencyMissing)
		if p.System != nil {
			n.AddMissing(p.System.Missing) // includes the device's
		} else {
			n.AddMissing(p.EnergyMissing)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "An inference offloaded from %s, which waits at %v (idle %s), "+
		"to a host that takes %v. Origin: %s.\n\n", a.Device, a.Idle.Power, a.Idle.Name, a.exec, a.Origin)
	b.WriteString(t.Text(2) + "\n")
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

// paysBy names the metrics by which offloading pays, with a question mark if the
// cost of offloading is a lower bound.
func (p Cost) paysBy() string {
	var by []string
	for _, m := range model.Metrics() {
		if !p.Pays[m] {
			continue
		}
		name := string(m)
		if m != model.MetricEnergy && len(p.LatencyMissing) > 0 || m != model.MetricLatency && len(p.EnergyMissing) > 0 {
			name += "?"
		}
		by = append(by, name)
	}
	if by == nil {
		return "none"
	}
	return strings.Join(by, ", ")
}
