package main

import (
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
)

type predictCmd struct {
	Link     []string        `default:"ethernet,radio,5g" placeholder:"NAME" help:"Link profile; may be repeated (default ${default})."`
	Input    []model.Payload `default:"32x32x3,75x75x3,128x128x3" placeholder:"SIZE" help:"What is sent: a shape, one byte an element, or an amount such as 100B; may be repeated (default ${default})."`
	Output   model.Payload   `default:"100B" placeholder:"SIZE" help:"What comes back (default ${default})."`
	Exec     model.Seconds   `default:"3ms" placeholder:"TIME" help:"Execution time on the host (default ${default})."`
	Overhead model.Seconds   `default:"0s" placeholder:"TIME" help:"Time that the software adds on both sides (default ${default})."`
	deviceFlags
	tcpFlag
	Local       *model.Seconds       `placeholder:"TIME" help:"Latency on the device itself, to compare with."`
	LocalEnergy *model.Joules        `placeholder:"ENERGY" help:"Energy of an inference on the device itself; by default its active power times --local, where the profile has one."`
	Host        string               `placeholder:"NAME" help:"Count the energy of the whole system too, with this host profile."`
	PathEnergy  *model.JoulesPerByte `placeholder:"10nJ/B" help:"Energy per byte of the network between device and host, for --host."`
	JSON        bool                 `name:"json" help:"Print JSON in SI base units."`
}

func (predictCmd) Help() string {
	return `Works out what an offloaded inference costs, before anything is measured: latency, the device's energy and the energy-delay product, with where each goes.

Examples:

    crossover predict
    crossover predict --link 5g --input 128x128x3 --exec 8ms --local 30ms --local-energy 90mJ
    crossover predict --idle low --wake-time 300ms --wake-energy 400mJ
    crossover predict --host rtx-3070 --path-energy 10nJ/B --tcp
    crossover predict --profiles mine.yaml --link factory-wifi --json`
}

// predictionJSON is one prediction for programs.
type predictionJSON struct {
	Origin         string             `json:"origin"`
	Link           string             `json:"link"`
	LinkSource     string             `json:"link_source"`
	Input          payloadJSON        `json:"input"`
	Output         payloadJSON        `json:"output"`
	Latency        model.Seconds      `json:"latency_s"`
	Network        model.Seconds      `json:"network_s"`
	Time           model.TimeParts    `json:"time"`
	LatencyMissing []string           `json:"latency_missing"`
	Energy         model.Joules       `json:"energy_J"`
	EnergyParts    model.EnergyParts  `json:"energy"`
	EnergyMissing  []string           `json:"energy_missing"`
	EDP            model.JouleSeconds `json:"edp_Js"`
	System         *systemJSON        `json:"system,omitempty"`
	// Pays tells by metric whether offloading costs less, as far as its costs are
	// known; what is missing may turn a true into a false.
	Pays map[string]bool `json:"offloading_pays,omitempty"`
}

type systemJSON struct {
	Energy  model.Joules  `json:"energy_J"`
	Device  model.Joules  `json:"device_J"`
	Host    *model.Joules `json:"host_J"`
	Path    *model.Joules `json:"path_J"`
	Missing []string      `json:"energy_missing"`
}

func (c *predictCmd) Run(e *env) error {
	at, err := c.scene(c.Link...)
	if err != nil {
		return err
	}
	var system *model.System
	if c.Host != "" {
		host, err := at.profiles.Host(c.Host)
		if err != nil {
			return exit.Errorf(exit.Usage, "--host: %w", err)
		}
		system = &model.System{Host: host, Path: c.PathEnergy}
	} else if c.PathEnergy != nil {
		return exit.Errorf(exit.Usage, "--path-energy counts for the whole system alone; name its host with --host")
	}
	var local model.Seconds
	var given *estimate[model.Joules]
	if c.Local != nil {
		if local = *c.Local; local == 0 {
			return exit.Errorf(exit.Usage, "--local: want seconds above zero, got %v", local)
		}
	}
	if c.LocalEnergy != nil {
		given = &estimate[model.Joules]{value: *c.LocalEnergy}
	}
	energy, _, err := localEnergy(given, at.device, local)
	if err != nil {
		return err
	}

	var all []predictionJSON
	for _, l := range at.links {
		for _, in := range c.Input {
			o := model.Offload{Link: l, Input: in.Size, Output: c.Output.Size, Exec: c.Exec, Overhead: c.Overhead, Idle: at.idle, TCP: c.tcp()}
			p, err := model.Predict(o)
			if err != nil {
				return usage(err)
			}
			j := predictionJSON{
				Origin: modelled, Link: l.Name, LinkSource: l.Source,
				Input: payloadJSON(in), Output: payloadJSON(c.Output),
				Latency: p.Latency, Network: p.Network, Time: p.Time, LatencyMissing: list(p.LatencyMissing),
				Energy: p.Energy.Joules, EnergyParts: p.EnergyParts, EnergyMissing: list(p.Energy.Missing),
				EDP: p.EDP,
			}
			if system != nil {
				s, err := model.WholeSystem(o, *system)
				if err != nil {
					return usage(err)
				}
				j.System = &systemJSON{Energy: s.Total.Joules, Device: s.Device, Host: s.Host, Path: s.Path, Missing: list(s.Total.Missing)}
			}
			if local > 0 {
				j.Pays = map[string]bool{}
				for _, m := range model.Metrics() {
					if m != model.MetricLatency && energy == nil {
						continue
					}
					if j.Pays[string(m)], err = (model.Comparison{Latency: local, Energy: energy, Offload: o}).Pays(m); err != nil {
						return usage(err)
					}
				}
			}
			all = append(all, j)
		}
	}
	if c.JSON {
		out := struct {
			Origin      string           `json:"origin"`
			Device      string           `json:"device"`
			Idle        idleJSON         `json:"idle"`
			TCP         *model.TCP       `json:"tcp"`
			Local       *model.Seconds   `json:"local_latency_s,omitempty"`
			LocalEnergy *model.Joules    `json:"local_energy_J,omitempty"`
			Predictions []predictionJSON `json:"predictions"`
		}{modelled, at.device.Name, idleJSON(at.idle), c.tcp(), c.Local, energy, all}
		return writeJSON(e.stdout, out)
	}
	c.print(e, at.device, at.idle, local, energy, all)
	return nil
}

// print writes the predictions as a table.
func (c *predictCmd) print(e *env, device model.Device, idle model.Idle, local model.Seconds, energy *model.Joules, all []predictionJSON) {
	fmt.Fprintf(e.stdout, "An inference offloaded from %s, which waits at %v (idle %s), to a host that takes %v. Origin: %s.\n\n", device.Name, idle.Power, idle.Name, c.Exec, modelled)
	parts := timeColumns(all)
	headings := []string{"link", "input", "latency ms"}
	for _, p := range parts {
		headings = append(headings, p.name)
	}
	headings = append(headings, "energy mJ", "idle")
	if idle.Suspends {
		headings = append(headings, "wake")
	}
	headings = append(headings, "transmit", "receive", "EDP mJs")
	if c.Host != "" {
		headings = append(headings, "system mJ", "host", "path")
	}
	if local > 0 {
		headings = append(headings, "offloading pays by")
	}
	t := newSheet(headings...)
	var n notes
	for _, p := range all {
		cells := []string{p.Link, p.Input.Name, bound(in(p.Latency, 1e-3), p.LatencyMissing)}
		for _, part := range parts {
			cells = append(cells, in(part.of(p.Time), 1e-3))
		}
		cells = append(cells, bound(in(p.Energy, 1e-3), p.EnergyMissing), in(p.EnergyParts.Idle, 1e-3))
		if idle.Suspends {
			cells = append(cells, perhaps(p.EnergyParts.Wake, 1e-3))
		}
		cells = append(
			cells, perhaps(p.EnergyParts.Transmit, 1e-3), perhaps(p.EnergyParts.Receive, 1e-3),
			bound(in(p.EDP, 1e-3), append(p.LatencyMissing, p.EnergyMissing...)),
		)
		n.lacks(p.LatencyMissing)
		if p.System != nil {
			cells = append(cells, bound(in(p.System.Energy, 1e-3), p.System.Missing), perhaps(p.System.Host, 1e-3), perhaps(p.System.Path, 1e-3))
			n.lacks(p.System.Missing) // which holds the device's
		} else {
			n.lacks(p.EnergyMissing)
		}
		if local > 0 {
			cells = append(cells, p.pays())
		}
		t.add(cells...)
	}
	t.print(e.stdout, 2)
	fmt.Fprintln(e.stdout)
	if local > 0 {
		against := fmt.Sprintf("compared with %v on the device", local)
		if energy != nil {
			against += fmt.Sprintf(" and %v", *energy)
		} else {
			n.add("the local energy is not known, so only latencies are compared; give it with --local-energy")
		}
		fmt.Fprintln(e.stdout, against)
	}
	n.print(e.stdout)
}

// pays names the metrics by which offloading pays, with a question mark where
// that rests on a lower bound.
func (p predictionJSON) pays() string {
	var names []string
	for _, m := range model.Metrics() {
		if !p.Pays[string(m)] {
			continue
		}
		name := string(m)
		if (m != model.MetricEnergy && len(p.LatencyMissing) > 0) || (m != model.MetricLatency && len(p.EnergyMissing) > 0) {
			name += "?"
		}
		names = append(names, name)
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

type timeColumn struct {
	name string
	of   func(model.TimeParts) model.Seconds
}

// timeColumns returns the parts of the latency: always those of the study, the
// others where they are not zero throughout.
func timeColumns(all []predictionJSON) []timeColumn {
	columns := []timeColumn{
		{"up", func(t model.TimeParts) model.Seconds { return t.Up }},
		{"propagation", func(t model.TimeParts) model.Seconds { return t.Propagation }},
		{"down", func(t model.TimeParts) model.Seconds { return t.Down }},
		{"exec", func(t model.TimeParts) model.Seconds { return t.Exec }},
	}
	for _, extra := range []timeColumn{
		{"jitter+loss", func(t model.TimeParts) model.Seconds { return t.Disturbance }},
		{"slow start", func(t model.TimeParts) model.Seconds { return t.SlowStart }},
		{"overhead", func(t model.TimeParts) model.Seconds { return t.Overhead }},
		{"wake", func(t model.TimeParts) model.Seconds { return t.Wake }},
	} {
		for _, p := range all {
			if extra.of(p.Time) != 0 {
				columns = append(columns, extra)
				break
			}
		}
	}
	return columns
}
