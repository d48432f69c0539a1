package main

import (
	"fmt"
	"math"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
)

type crossingCmd struct {
	Local       *estimate[model.Seconds] `placeholder:"30ms+-2ms" help:"Latency on the device itself, with its interval where it has one. Without it only the thresholds are worked out."`
	LocalEnergy *estimate[model.Joules]  `placeholder:"90mJ+-5mJ" help:"Energy of an inference on the device itself; by default its active power times --local, where the profile has one."`
	Link        []string                 `default:"ethernet,radio,5g" placeholder:"NAME" help:"Link profile; may be repeated (default ${default})."`
	Input       []model.Payload          `default:"75x75x3" placeholder:"SIZE" help:"What is sent: a shape, one byte an element, or an amount such as 100B; may be repeated (default ${default})."`
	Output      model.Payload            `default:"100B" placeholder:"SIZE" help:"What comes back (default ${default})."`
	Exec        estimate[model.Seconds]  `default:"3ms" placeholder:"3ms+-1ms" help:"Execution time on the host, with its interval where it has one (default ${default})."`
	Overhead    model.Seconds            `default:"0s" placeholder:"TIME" help:"Time that the software adds on both sides (default ${default})."`
	deviceFlags
	tcpFlag
	JSON bool `name:"json" help:"Print JSON in SI base units."`
}

func (crossingCmd) Help() string {
	return `Sets an inference on the device against the same one on a host, over every link, and says at which local latency, bandwidth, round trip, input size and idle power the answer flips, for latency, energy and energy-delay product. An interval given as 30ms+-2ms goes through to the answer.

Examples:

    crossover crossing
    crossover crossing --local 30ms --local-energy 90mJ
    crossover crossing --local 30ms+-2ms --local-energy 90mJ+-5mJ --exec 3ms+-1ms --link 5g
    crossover crossing --local 30ms --device generic --input 128x128x3 --tcp --json`
}

// flipJSON is a crossing point for programs. at, lo and hi are null where they
// are infinite.
type flipJSON struct {
	Outcome string     `json:"outcome"` // "crosses", "always" or "never": where offloading pays
	Pays    model.Side `json:"pays"`    // on which side of at offloading pays
	At      *float64   `json:"at"`
	Lo      *float64   `json:"lo"`
	Hi      *float64   `json:"hi"`
}

// flipsJSON holds the crossing points of one link, input and metric.
type flipsJSON struct {
	Origin    string              `json:"origin"`
	Link      string              `json:"link"`
	Input     payloadJSON         `json:"input"`
	Metric    model.Metric        `json:"metric"`
	Unit      string              `json:"unit"` // of offload and local
	Offload   float64             `json:"offload"`
	Local     *float64            `json:"local"`           // null when it is not known
	Pays      *bool               `json:"offloading_pays"` // null when the local cost is not known
	Crossings map[string]flipJSON `json:"crossings"`
	Missing   []string            `json:"missing"`
}

func (c *crossingCmd) Run(e *env) error {
	at, err := c.scene(c.Link...)
	if err != nil {
		return err
	}
	var local estimate[model.Seconds]
	if c.Local != nil {
		if local = *c.Local; local.value == 0 {
			return exit.Errorf(exit.Usage, "--local: want seconds above zero, got %v", local.value)
		}
	}
	energy, energyWithin, err := localEnergy(c.LocalEnergy, at.device, local.value)
	if err != nil {
		return err
	}
	var all []flipsJSON
	for _, l := range at.links {
		for _, input := range c.Input {
			comparison := model.Comparison{
				Latency: local.value, Energy: energy,
				Offload: model.Offload{Link: l, Input: input.Size, Output: c.Output.Size, Exec: c.Exec.value, Overhead: c.Overhead, Idle: at.idle, TCP: c.tcp()},
				Within:  model.Within{Latency: local.within, Energy: energyWithin, Exec: c.Exec.within},
			}
			for _, m := range model.Metrics() {
				f, err := flips(comparison, m)
				if err != nil {
					return usage(err)
				}
				f.Link, f.Input = l.Name, payloadJSON(input)
				all = append(all, f)
			}
		}
	}
	if c.JSON {
		return writeJSON(e.stdout, struct {
			Origin    string      `json:"origin"`
			Device    string      `json:"device"`
			Idle      idleJSON    `json:"idle"`
			Crossings []flipsJSON `json:"crossings"`
		}{modelled, at.device.Name, idleJSON(at.idle), all})
	}
	c.print(e, at.device, at.idle, local, energy, all)
	return nil
}

var metricUnits = map[model.Metric]string{model.MetricLatency: "s", model.MetricEnergy: "J", model.MetricEDP: "Js"}

// flips works out what is known of one metric: with the local cost every
// crossing point, without it the threshold alone.
func flips(c model.Comparison, m model.Metric) (flipsJSON, error) {
	p, err := model.Predict(c.Offload)
	if err != nil {
		return flipsJSON{}, err
	}
	f := flipsJSON{Origin: modelled, Metric: m, Unit: metricUnits[m], Crossings: map[string]flipJSON{}}
	f.Offload = map[model.Metric]float64{
		model.MetricLatency: float64(p.Latency), model.MetricEnergy: float64(p.Energy.Joules), model.MetricEDP: float64(p.EDP),
	}[m]
	f.Missing = []string{}
	if m != model.MetricEnergy {
		f.Missing = append(f.Missing, p.LatencyMissing...)
	}
	if m != model.MetricLatency {
		f.Missing = append(f.Missing, p.Energy.Missing...)
	}
	if c.Latency == 0 {
		if m == model.MetricLatency {
			// Any local latency has the same threshold: it is t_offload.
			c.Latency = 1
			x, err := c.LocalLatency(m)
			f.Crossings["local_latency_s"] = flip(x)
			return f, err
		}
		return f, nil
	}
	if m != model.MetricLatency && c.Energy == nil {
		return f, nil
	}
	local := map[model.Metric]float64{model.MetricLatency: float64(c.Latency)}
	if c.Energy != nil {
		local[model.MetricEnergy] = float64(*c.Energy)
		local[model.MetricEDP] = float64(model.EDP(*c.Energy, c.Latency))
	}
	cost := local[m]
	pays, err := c.Pays(m)
	if err != nil {
		return f, err
	}
	f.Local, f.Pays = &cost, &pays
	latency, err := c.LocalLatency(m)
	if err != nil {
		return f, err
	}
	f.Crossings["local_latency_s"] = flip(latency)
	bandwidth, err := c.Bandwidth(m)
	if err != nil {
		return f, err
	}
	f.Crossings["bandwidth_B_per_s"] = flip(bandwidth)
	roundTrip, err := c.RoundTrip(m)
	if err != nil {
		return f, err
	}
	f.Crossings["round_trip_s"] = flip(roundTrip)
	payload, err := c.Payload(m)
	if err != nil {
		return f, err
	}
	f.Crossings["input_B"] = flip(payload)
	if m != model.MetricLatency {
		power, err := c.IdlePower(m)
		if err != nil {
			return f, err
		}
		f.Crossings["idle_power_W"] = flip(power)
	}
	return f, nil
}

func flip[Q model.Quantity](x model.Crossing[Q]) flipJSON {
	f := flipJSON{Outcome: "never", Pays: x.Pays}
	switch {
	case x.Exists():
		f.Outcome = "crosses"
	case x.Always():
		f.Outcome = "always"
	}
	number := func(v Q) *float64 {
		if math.IsInf(float64(v), 0) {
			return nil
		}
		return new(float64(v))
	}
	f.At, f.Lo, f.Hi = number(x.At), number(x.Lo), number(x.Hi)
	return f
}

// print writes the crossing points as a table.
func (c *crossingCmd) print(e *env, device model.Device, idle model.Idle, local estimate[model.Seconds], energy *model.Joules, all []flipsJSON) {
	fmt.Fprintf(e.stdout, "An inference on %s itself against one offloaded to a host that takes %v, while %s waits at %v (idle %s). Origin: %s.\n\n", device.Name, c.Exec, device.Name, idle.Power, idle.Name, modelled)
	var n notes
	headings := []string{"link", "input", "metric", "offload", "local"}
	columns := []struct{ heading, key, unit string }{
		{"local latency above", "local_latency_s", "s"},
	}
	if local.value > 0 {
		headings = append(headings, "pays")
		columns = append(columns, []struct{ heading, key, unit string }{
			{"bandwidth above", "bandwidth_B_per_s", "bit/s"},
			{"round trip below", "round_trip_s", "s"},
			{"input below", "input_B", "B"},
			{"idle power below", "idle_power_W", "W"},
		}...)
	} else {
		n.add("what offloading costs is the threshold: it pays where the device itself takes or spends more")
		n.add("give the latency on the device with --local, and its energy with --local-energy, for the other crossing points")
	}
	for _, column := range columns {
		headings = append(headings, column.heading)
	}
	t := newSheet(headings...)
	for _, f := range all {
		cells := []string{f.Link, f.Input.Name, string(f.Metric), bound(scaled(f.Offload, f.Unit), f.Missing), "-"}
		if f.Local != nil {
			cells[4] = scaled(*f.Local, f.Unit)
		} else if local.value > 0 {
			n.add("the local energy of %s is not known: give it with --local-energy", device.Name)
		}
		if local.value > 0 {
			switch {
			case f.Pays == nil:
				cells = append(cells, "-")
			case *f.Pays && len(f.Missing) > 0:
				cells = append(cells, "yes?")
			case *f.Pays:
				cells = append(cells, "yes")
			default:
				cells = append(cells, "no")
			}
		}
		for _, column := range columns {
			x, ok := f.Crossings[column.key]
			if !ok {
				cells = append(cells, "-")
				continue
			}
			cells = append(cells, x.text(column.unit))
		}
		n.lacks(f.Missing)
		t.add(cells...)
	}
	t.print(e.stdout, 3)
	fmt.Fprintln(e.stdout)
	if energy != nil && c.LocalEnergy == nil {
		n.add("the local energy is %v of active power times the latency", *device.Active)
	}
	n.print(e.stdout)
}

// text prints a crossing point with its interval, or that there is none.
func (f flipJSON) text(unit string) string {
	number := func(v *float64) string {
		if v == nil {
			return "inf"
		}
		x := *v
		if unit == "bit/s" {
			x *= 8
		}
		return scaled(x, unit)
	}
	if f.Outcome != "crosses" {
		return f.Outcome
	}
	if f.Lo != nil && f.Hi != nil && *f.Lo == *f.Hi {
		return number(f.At)
	}
	return fmt.Sprintf("%s [%s, %s]", number(f.At), number(f.Lo), number(f.Hi))
}

// scaled prints v, in SI base units, with four digits and a prefix.
func scaled(v float64, unit string) string {
	switch unit {
	case "s":
		return model.Round(model.Seconds(v), 4).String()
	case "J":
		return model.Round(model.Joules(v), 4).String()
	case "Js":
		return model.Round(model.JouleSeconds(v), 4).String()
	case "W":
		return model.Round(model.Watts(v), 4).String()
	case "B":
		return fmt.Sprintf("%.0fB", v)
	default:
		for _, p := range []struct {
			prefix string
			one    float64
		}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
			if v >= p.one {
				return fmt.Sprintf("%.4g%s%s", v/p.one, p.prefix, unit)
			}
		}
		return fmt.Sprintf("%.4g%s", v, unit)
	}
}
