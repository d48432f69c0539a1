package model

import (
	"errors"
	"fmt"
	"math"
)

// A Metric is a cost by which a local and an offloaded inference are compared.
type Metric string

// The metrics.
const (
	MetricLatency Metric = "latency"
	MetricEnergy  Metric = "energy"
	MetricEDP     Metric = "edp"
)

// Metrics lists the metrics in the order of the study.
func Metrics() []Metric { return []Metric{MetricLatency, MetricEnergy, MetricEDP} }

// cost returns the cost of an inference in the SI unit of the metric.
func (m Metric) cost(latency Seconds, energy Joules) float64 {
	switch m {
	case MetricLatency:
		return float64(latency)
	case MetricEnergy:
		return float64(energy)
	default:
		return float64(EDP(energy, latency))
	}
}

// A Tradeoff compares an inference on the device with the same one offloaded.
type Tradeoff struct {
	Latency Seconds // of the local inference
	Energy  *Joules // of the local inference; nil if unknown, and then only latencies can be compared
	Offload Offload // the offloaded inference
	Within  Within  // the intervals of the values that are not exact
}

// Within holds the intervals of the values of a Tradeoff. A zero Interval means that the value is
// exact.
type Within struct {
	Latency   Interval[Seconds] // of Tradeoff.Latency
	Energy    Interval[Joules]  // of Tradeoff.Energy
	Exec      Interval[Seconds] // of Tradeoff.Offload.Exec
	IdlePower Interval[Watts]   // of Tradeoff.Offload.Idle.Power
}

// A Side is the side of a crossing point on which offloading pays.
type Side string

// The sides.
const (
	Above Side = "above"
	Below Side = "below"
)

// A Crossing is the value of one quantity at which the local and the offloaded inference cost the
// same.
type Crossing[Q Quantity] struct {
	// Pays is the side of At on which offloading costs less.
	Pays Side
	// At is the crossing point. There is none if At is 0 or +Inf: then offloading pays at every
	// value or at none, depending on Pays.
	At Q
	// Lo and Hi bound the crossing point, given the intervals of the inputs. Lo may be 0 and Hi
	// +Inf, with the same meaning as for At.
	Lo, Hi Q
	// Missing names the unknown costs of offloading, which are not counted. The true crossing point
	// is stricter: higher if offloading pays above it, lower if it pays below it.
	Missing Unknowns
}

// Exists reports whether the crossing point exists.
func (c Crossing[Q]) Exists() bool { return c.At > 0 && !math.IsInf(float64(c.At), 1) }

// Always reports whether offloading pays at every value of the quantity.
func (c Crossing[Q]) Always() bool {
	return (c.Pays == Above && c.At == 0) || (c.Pays == Below && math.IsInf(float64(c.At), 1))
}

// Validate returns an error that names every field that is out of its bounds.
func (c Tradeoff) Validate() error {
	w := c.Within
	return errors.Join(
		positive("local latency", c.Latency),
		c.Offload.Validate(),
		ifKnown(positive, "local energy", c.Energy),
		ifKnown(w.Energy.contains, "local energy", c.Energy),
		w.Latency.contains("local latency", c.Latency),
		w.Exec.contains("exec", c.Offload.Exec),
		w.IdlePower.contains("idle power", c.Offload.Idle.Power),
	)
}

// contains checks that an interval is above zero and contains its value.
func (i Interval[Q]) contains(field string, v Q) error {
	if i == (Interval[Q]{}) {
		return nil
	}
	if !(i.Lo > 0 && i.Lo <= v && v <= i.Hi) || math.IsInf(float64(i.Hi), 0) {
		return fmt.Errorf("%s: want an interval above zero that contains %v, got %v to %v", field, v, i.Lo, i.Hi)
	}
	return nil
}

// Pays reports whether offloading costs less than the local inference.
func (c Tradeoff) Pays(m Metric) (bool, error) {
	if err := c.check("pays", m); err != nil {
		return false, err
	}
	local, _ := c.LocalCost(m)
	return c.Offload.predict().Cost(m) < local, nil
}

// LocalLatency is the local latency above which offloading pays. For the metric latency it is
// t_offload itself. For energy and EDP the local energy is assumed to grow with the latency, at the
// mean power P = energy / latency of c:
//
//	latency: t = t_offload,  energy: t = E_offload / P,  EDP: t = sqrt(EDP_offload / P)
func (c Tradeoff) LocalLatency(m Metric) (Crossing[Seconds], error) {
	return crossing(c, m, "local latency", Above, func(c Tradeoff) Seconds {
		p := c.Offload.predict()
		switch m {
		case MetricEnergy:
			return Seconds(float64(p.Energy.Joules) * float64(c.Latency) / float64(*c.Energy))
		case MetricEDP:
			return Seconds(math.Sqrt(float64(p.EDP) * float64(c.Latency) / float64(*c.Energy)))
		default:
			return p.Latency
		}
	})
}

// Bandwidth is the rate, the same in both directions, above which offloading pays. For the metric
// latency, from (2.1) to (2.3):
//
//	B* = (s_in + s_out) / (t_local - t_host - t_RTT)
//
// in bytes per second, where t_host is all time that does not depend on the rate. There is no such
// rate if the denominator is not positive.
func (c Tradeoff) Bandwidth(m Metric) (Crossing[BytesPerSecond], error) {
	return crossing(c, m, "bandwidth", Above, func(c Tradeoff) BytesPerSecond {
		s := float64(c.Offload.Input + c.Offload.Output)
		timePerByte := c.solve(m, s, s*float64(c.Offload.Idle.Power), func(o Offload, x float64) Offload {
			o.Link.Up, o.Link.Down = BytesPerSecond(1/x), BytesPerSecond(1/x)
			return o
		})
		return BytesPerSecond(1 / timePerByte)
	})
}

// RoundTrip is the t_RTT below which offloading pays.
func (c Tradeoff) RoundTrip(m Metric) (Crossing[Seconds], error) {
	return crossing(c, m, "round trip", Below, func(c Tradeoff) Seconds {
		return Seconds(c.solve(m, 1, float64(c.Offload.Idle.Power), func(o Offload, x float64) Offload {
			o.Link.OneWay = Seconds(x / 2)
			return o
		}))
	})
}

// Payload is the s_input below which offloading pays, with s_result unchanged.
func (c Tradeoff) Payload(m Metric) (Crossing[Bytes], error) {
	return crossing(c, m, "payload", Below, func(c Tradeoff) Bytes {
		time := 1 / float64(c.Offload.Link.Up)
		energy := time * float64(c.Offload.Idle.Power)
		if e := c.Offload.Link.EnergyUp; e != nil {
			energy += float64(*e)
		}
		return Bytes(c.solve(m, time, energy, func(o Offload, x float64) Offload {
			o.Input = Bytes(x)
			return o
		}))
	})
}

// IdlePower is the P_idle below which offloading pays by energy or by EDP. The latency does not
// depend on it, so MetricLatency is an error.
func (c Tradeoff) IdlePower(m Metric) (Crossing[Watts], error) {
	if m == MetricLatency {
		return Crossing[Watts]{}, errors.New("idle power: the latency does not depend on it; compare by energy or edp")
	}
	c.Within.IdlePower = Interval[Watts]{} // it is the unknown
	return crossing(c, m, "idle power", Below, func(c Tradeoff) Watts {
		p := c.Offload.predict()
		waiting := float64(p.Latency - p.Time.Wake)
		return Watts(c.solve(m, 0, waiting, func(o Offload, x float64) Offload {
			o.Idle.Power = Watts(x)
			return o
		}))
	})
}

// crossing validates c, computes its crossing point and the lowest and highest crossing point over
// the corners of its intervals. Every crossing point here is monotone in each input, so the
// extremes lie at corners.
func crossing[Q Quantity](c Tradeoff, m Metric, what string, pays Side, at func(Tradeoff) Q) (Crossing[Q], error) {
	if err := c.check(what, m); err != nil {
		return Crossing[Q]{}, err
	}
	x := at(c)
	out := Crossing[Q]{Pays: pays, At: x, Lo: x, Hi: x, Missing: c.Offload.predict().Missing(m)}
	for _, corner := range c.corners() {
		x := at(corner)
		out.Lo, out.Hi = min(out.Lo, x), max(out.Hi, x)
	}
	return out, nil
}

func (c Tradeoff) check(what string, m Metric) error {
	switch {
	case m != MetricLatency && m != MetricEnergy && m != MetricEDP:
		return fmt.Errorf("%s: metric %q is not known; want one of %v", what, m, Metrics())
	case m != MetricLatency && c.Energy == nil:
		return fmt.Errorf("%s: local energy: it is unknown, and %s cannot be compared without it", what, m)
	}
	if err := c.Validate(); err != nil {
		return at(what, err)
	}
	_, err := Predict(c.Offload)
	return at(what, err)
}

// corners returns c with every combination of the ends of its intervals.
func (c Tradeoff) corners() []Tradeoff {
	w := c.Within
	all := []Tradeoff{c}
	all = split(all, w.Latency, func(c *Tradeoff, v Seconds) { c.Latency = v })
	all = split(all, w.Energy, func(c *Tradeoff, v Joules) { c.Energy = &v })
	all = split(all, w.Exec, func(c *Tradeoff, v Seconds) { c.Offload.Exec = v })
	return split(all, w.IdlePower, func(c *Tradeoff, v Watts) { c.Offload.Idle.Power = v })
}

func split[Q Quantity](all []Tradeoff, i Interval[Q], set func(*Tradeoff, Q)) []Tradeoff {
	if i == (Interval[Q]{}) {
		return all
	}
	var out []Tradeoff
	for _, c := range all {
		lo, hi := c, c
		set(&lo, i.Lo)
		set(&hi, i.Hi)
		out = append(out, lo, hi)
	}
	return out
}

// LocalCost returns the cost of the local inference in the SI unit of the metric; ok is false if it
// depends on an unknown energy.
func (c Tradeoff) LocalCost(m Metric) (cost float64, ok bool) {
	if m == MetricLatency {
		return float64(c.Latency), true
	}
	if c.Energy == nil {
		return 0, false
	}
	return m.cost(c.Latency, *c.Energy), true
}

// solve returns the x in [0, +Inf] at which offloading with x costs as much as the local inference:
// 0 if offloading never costs less, +Inf if it always does. In the study's equations latency and
// energy are linear in x with slopes dt and de, and EDP is the product of both, so there is a
// closed form. Slow start is not linear: then the closed form without it is an upper bound, and
// bisection finds x below it.
func (c Tradeoff) solve(m Metric, dt, de float64, with func(Offload, float64) Offload) float64 {
	linear := c.Offload
	linear.TCP = nil
	if dt == 0 {
		linear = c.Offload // slow start does not depend on x
	}
	p := with(linear, 0).predict()
	t, e := float64(p.Latency), float64(p.Energy.Joules)
	target, _ := c.LocalCost(m)
	var x float64
	switch m {
	case MetricLatency:
		x = (target - t) / dt
	case MetricEnergy:
		x = (target - e) / de
	default:
		x = positiveRoot(dt*de, t*de+e*dt, t*e-target)
	}
	if !(x > 0) {
		return 0
	}
	if linear.TCP == c.Offload.TCP {
		return x
	}
	if with(c.Offload, 0).predict().Cost(m) >= target {
		return 0
	}
	return bisect(0, x, func(x float64) bool { return with(c.Offload, x).predict().Cost(m) <= target })
}

// positiveRoot is the positive root of a*x^2 + b*x + c for a, b >= 0, in the numerically stable
// form for small c; 0 if c is not negative.
func positiveRoot(a, b, c float64) float64 {
	if c >= 0 {
		return 0
	}
	return -2 * c / (b + math.Sqrt(b*b-4*a*c))
}
