package costs

import (
	"fmt"
	"math"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// Crossings answers where offloading starts to pay.
type Crossings struct {
	Origin    names.Origin     `json:"origin"`
	Device    string           `json:"device"`
	Idle      model.Idle       `json:"idle"`
	Crossings []CrossingPoints `json:"crossings"`

	scene Scene
}

// CrossingPoints is where offloading one input over one link starts to pay by one metric.
type CrossingPoints struct {
	Origin  names.Origin  `json:"origin"`
	Link    string        `json:"link"`
	Input   model.Payload `json:"input"`
	Metric  model.Metric  `json:"metric"`
	Unit    string        `json:"unit"` // of Offload and Local
	Offload float64       `json:"offload"`
	Local   *float64      `json:"local"`           // nil if unknown
	Pays    *bool         `json:"offloading_pays"` // nil if the local cost is unknown
	// Crossings are the crossing points by quantity. Without a local latency they are the threshold
	// of the local latency only.
	Crossings map[string]Point `json:"crossings"`
	Missing   model.Unknowns   `json:"missing"` // unknown costs of offloading
}

// A Point is a crossing point and the bounds that follow from the intervals of the inputs. At, Lo
// and Hi are nil if they are infinite.
type Point struct {
	Outcome string     `json:"outcome"` // where offloading pays: "crosses", "always" or "never"
	Pays    model.Side `json:"pays"`    // the side of At on which offloading pays
	At      *float64   `json:"at"`
	Lo      *float64   `json:"lo"`
	Hi      *float64   `json:"hi"`
}

// quantities are what has a crossing point, in the order of the table.
var quantities = []struct {
	heading, key string
	text         func(float64) string // prints the crossing point
	find         func(model.Tradeoff, model.Metric) (Point, error)
}{
	{"local latency above", "local_latency_s", rounded[model.Seconds], pointOf(model.Tradeoff.LocalLatency)},
	{"bandwidth above", "bandwidth_B_per_s", bits, pointOf(model.Tradeoff.Bandwidth)},
	{"round trip below", "round_trip_s", rounded[model.Seconds], pointOf(model.Tradeoff.RoundTrip)},
	{"input below", "input_B", wholeBytes, pointOf(model.Tradeoff.Payload)},
	{"idle power below", idlePower, rounded[model.Watts], pointOf(model.Tradeoff.IdlePower)},
}

const idlePower = "idle_power_W" // has no crossing point by latency

// metrics are the units of the costs, and how costs are printed.
var metrics = map[model.Metric]struct {
	unit string
	text func(float64) string
}{
	model.MetricLatency: {"s", rounded[model.Seconds]},
	model.MetricEnergy:  {"J", rounded[model.Joules]},
	model.MetricEDP:     {"Js", rounded[model.JouleSeconds]},
}

// Cross computes at which local latency, bandwidth, round trip, input size and idle power
// offloading starts to pay, by each metric. Errors name the field that is out of its bounds.
func Cross(s Scene) (*Crossings, error) {
	a := &Crossings{Origin: names.Modelled, Device: s.Device.Name, Idle: s.Idle, scene: s}
	for _, o := range s.offloads() {
		p, err := model.Predict(o.Offload)
		if err != nil {
			return nil, err
		}
		for _, m := range model.Metrics() {
			x := CrossingPoints{
				Origin: names.Modelled, Link: o.Link.Name, Input: o.input, Metric: m, Unit: metrics[m].unit,
				Offload: p.Cost(m), Crossings: map[string]Point{}, Missing: p.Missing(m),
			}
			if err := x.find(s.comparison(o)); err != nil {
				return nil, err
			}
			a.Crossings = append(a.Crossings, x)
		}
	}
	return a, nil
}

// find computes every crossing point if the local cost is known, and otherwise the threshold of the
// local latency.
func (x *CrossingPoints) find(c model.Tradeoff) error {
	wanted := quantities
	cost, known := c.LocalCost(x.Metric)
	switch {
	case !known, c.Latency == 0 && x.Metric != model.MetricLatency:
		return nil
	case c.Latency == 0:
		c.Latency, wanted = 1, quantities[:1] // the threshold is t_offload, whatever the local latency
	default:
		pays, err := c.Pays(x.Metric)
		if err != nil {
			return err
		}
		x.Local, x.Pays = &cost, &pays
	}
	for _, q := range wanted {
		if q.key == idlePower && x.Metric == model.MetricLatency {
			continue
		}
		p, err := q.find(c, x.Metric)
		if err != nil {
			return err
		}
		x.Crossings[q.key] = p
	}
	return nil
}

// pointOf returns find with its crossing as a Point.
func pointOf[Q model.Quantity](
	find func(model.Tradeoff, model.Metric) (model.Crossing[Q], error),
) func(model.Tradeoff, model.Metric) (Point, error) {
	number := func(v Q) *float64 {
		if math.IsInf(float64(v), 0) {
			return nil
		}
		return new(float64(v))
	}
	return func(c model.Tradeoff, m model.Metric) (Point, error) {
		x, err := find(c, m)
		p := Point{Outcome: "never", Pays: x.Pays, At: number(x.At), Lo: number(x.Lo), Hi: number(x.Hi)}
		switch {
		case x.Exists():
			p.Outcome = "crosses"
		case x.Always():
			p.Outcome = "always"
		}
		return p, err
	}
}

// Text returns the crossing points as a table.
func (a *Crossings) Text() string {
	var n sheet.Notes
	var t sheet.Table[CrossingPoints]
	t.Left("link", func(x CrossingPoints) any { return x.Link })
	t.Left("input", func(x CrossingPoints) any { return x.Input })
	t.Left("metric", func(x CrossingPoints) any { return x.Metric })
	t.Right("offload", func(x CrossingPoints) any { return sheet.AtLeast(metrics[x.Metric].text(x.Offload), x.Missing) })
	t.Right("local", func(x CrossingPoints) any {
		if x.Local == nil {
			return "-"
		}
		return metrics[x.Metric].text(*x.Local)
	})
	local := a.scene.Local.Latency.Value > 0
	columns := quantities
	if local {
		t.Right("pays", func(x CrossingPoints) any { return x.pays() })
	} else {
		columns = quantities[:1]
		n.Add("the cost of offloading is the threshold: offloading pays if the device itself takes or spends more")
		n.Add("give the latency on the device with --local, and its energy with --local-energy, " +
			"for the other crossing points")
	}
	for _, q := range columns {
		t.Right(q.heading, func(x CrossingPoints) any {
			if p, ok := x.Crossings[q.key]; ok {
				return p.between(q.text)
			}
			return "-"
		})
	}
	for _, x := range a.Crossings {
		if local && x.Local == nil {
			n.Add("the local energy of %s is not known: give it with --local-energy", a.Device)
		}
		n.AddMissing(x.Missing)
	}
	if energy, _ := a.scene.energy(); energy != nil && a.scene.Local.Energy == nil {
		n.Add("the local energy is %v of active power times the latency", *a.scene.Device.Active)
	}
	return fmt.Sprintf("An inference on %s itself against one offloaded to a host that takes %v, "+
		"while %[1]s waits at %[3]v (idle %s). Origin: %s.\n\n",
		a.Device, a.scene.Exec, a.Idle.Power, a.Idle.Name, a.Origin) + t.Text(a.Crossings) + "\n" + n.Text()
}

// pays says whether offloading pays, with a question mark if the cost of offloading is a lower
// bound.
func (x CrossingPoints) pays() string {
	switch {
	case x.Pays == nil:
		return "-"
	case *x.Pays && len(x.Missing) > 0:
		return "yes?"
	case *x.Pays:
		return "yes"
	}
	return "no"
}

// between prints a crossing point with its interval, or that there is none.
func (p Point) between(text func(float64) string) string {
	number := func(v *float64) string {
		if v == nil {
			return "inf"
		}
		return text(*v)
	}
	if p.Outcome != "crosses" {
		return p.Outcome
	}
	if p.Lo != nil && p.Hi != nil && *p.Lo == *p.Hi {
		return number(p.At)
	}
	return fmt.Sprintf("%s [%s, %s]", number(p.At), number(p.Lo), number(p.Hi))
}

// rounded prints a quantity with four digits.
func rounded[Q model.Quantity](v float64) string { return fmt.Sprint(model.Round(Q(v), 4)) }

func wholeBytes(v float64) string { return fmt.Sprintf("%.0fB", v) }

// bits prints bytes per second as bits per second.
func bits(v float64) string {
	v *= 8
	prefix := ""
	for _, p := range []string{"k", "M", "G"} {
		if v >= 1e3 {
			v, prefix = v/1e3, p
		}
	}
	return fmt.Sprintf("%.4g%sbit/s", v, prefix)
}
