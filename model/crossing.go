package model

import (
	"errors"
	"fmt"
	"math"
)

// Metric is what a local and an offloaded inference are compared by.
type Metric string

// The metrics.
const (
	MetricLatency Metric = "latency"
	MetricEnergy  Metric = "energy"
	MetricEDP     Metric = "edp"
)

// Metrics lists the metrics in the order of the study.
func Metrics() []Metric { return []Metric{MetricLatency, MetricEnergy, MetricEDP} }

// A Comparison sets an inference on the device against the same one offloaded.
type Comparison struct {
	// Latency is that of the local inference.
	Latency Seconds
	// Energy is that of the local inference; nil when it is not known, and then
	// only latencies can be compared.
	Energy *Joules
	// Offload is the other side.
	Offload Offload
	// Within holds the intervals of the figures that are not exact.
	Within Within
}

// Within holds the intervals in which the figures of a Comparison lie. The zero
// Interval means that the figure is exact.
type Within struct {
	Latency   Interval[Seconds] // of Comparison.Latency
	Energy    Interval[Joules]  // of Comparison.Energy
	Exec      Interval[Seconds] // of Comparison.Offload.Exec
	IdlePower Interval[Watts]   // of Comparison.Offload.Idle.Power
}

// Interval is a closed interval.
type Interval[Q Quantity] struct{ Lo, Hi Q }

// Side tells on which side of a crossing point offloading pays.
type Side string

// The sides.
const (
	Above Side = "above"
	Below Side = "below"
)

// A Crossing is the value of one quantity at which local and offloaded
// inference cost the same.
type Crossing[Q Quantity] struct {
	// Pays is the side of At on which offloading costs less.
	Pays Side
	// At is the crossing point. There is none when At is 0 or +Inf: then
	// offloading pays at every value or at no value, as Pays tells.
	At Q
	// Lo and Hi are the least and the greatest crossing point that the intervals
	// of the inputs allow; Hi may be +Inf and Lo 0, with the meaning of At.
	Lo, Hi Q
	// Missing names the costs of offloading that are not known and so not
	// counted: the true crossing point is stricter, higher where offloading pays
	// above it and lower where it pays below.
	Missing []string
}

// Exists reports whether the crossing point exists.
func (c Crossing[Q]) Exists() bool { return c.At > 0 && !math.IsInf(float64(c.At), 1) }

// Always reports whether offloading pays at every value of the quantity.
func (c Crossing[Q]) Always() bool {
	return (c.Pays == Above && c.At == 0) || (c.Pays == Below && math.IsInf(float64(c.At), 1))
}

// Validate returns an error that names every field that is out of its bounds.
func (c Comparison) Validate() error {
	errs := []error{positive("local latency", c.Latency), c.Offload.Validate()}
	if c.Energy != nil {
		errs = append(errs, positive("local energy", *c.Energy))
		errs = append(errs, within("local energy", *c.Energy, c.Within.Energy))
	}
	errs = append(errs,
		within("local latency", c.Latency, c.Within.Latency),
		within("exec", c.Offload.Exec, c.Within.Exec),
		within("idle power", c.Offload.Idle.Power, c.Within.IdlePower),
	)
	return errors.Join(errs...)
}

// within checks that an interval is above zero and holds its figure.
func within[Q Quantity](field string, v Q, i Interval[Q]) error {
	if i == (Interval[Q]{}) {
		return nil
	}
	if !(i.Lo > 0 && i.Lo <= v && v <= i.Hi) || math.IsInf(float64(i.Hi), 0) {
		return fmt.Errorf("%s: want an interval above zero that holds %v, got %v to %v", field, v, i.Lo, i.Hi)
	}
	return nil
}

// Pays reports whether offloading costs less than the local inference.
func (c Comparison) Pays(m Metric) (bool, error) {
	if err := c.check("pays", m); err != nil {
		return false, err
	}
	return cost(m, c.Offload.predict()) < c.local(m), nil
}

// LocalLatency is the local latency above which offloading pays. By latency it
// is t_offload itself. By energy and EDP the local energy is taken to grow with
// the latency at the mean power P = energy / latency of the inference given:
//
//	latency: t = t_offload,  energy: t = E_offload / P,  EDP: t = sqrt(EDP_offload / P)
func (c Comparison) LocalLatency(m Metric) (Crossing[Seconds], error) {
	return crossing(c, m, "local latency", Above, func(c Comparison) Seconds {
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

// Bandwidth is the rate, the same both ways, above which offloading pays. By
// latency, from (2.1) to (2.3):
//
//	B* = (s_in + s_out) / (t_local - t_host - t_RTT)
//
// in bytes per second, where t_host is all that does not depend on the rate;
// there is none when the denominator is not positive.
func (c Comparison) Bandwidth(m Metric) (Crossing[BytesPerSecond], error) {
	return crossing(c, m, "bandwidth", Above, func(c Comparison) BytesPerSecond {
		s := float64(c.Offload.Input + c.Offload.Output)
		timePerByte := c.solve(m, s, s*float64(c.Offload.Idle.Power), func(o Offload, x float64) Offload {
			o.Link.Up, o.Link.Down = BytesPerSecond(1/x), BytesPerSecond(1/x)
			return o
		})
		return BytesPerSecond(1 / timePerByte)
	})
}

// RoundTrip is the t_RTT below which offloading pays.
func (c Comparison) RoundTrip(m Metric) (Crossing[Seconds], error) {
	return crossing(c, m, "round trip", Below, func(c Comparison) Seconds {
		return Seconds(c.solve(m, 1, float64(c.Offload.Idle.Power), func(o Offload, x float64) Offload {
			o.Link.OneWay = Seconds(x / 2)
			return o
		}))
	})
}

// Payload is s_input below which offloading pays, with s_result as it is.
func (c Comparison) Payload(m Metric) (Crossing[Bytes], error) {
	return crossing(c, m, "payload", Below, func(c Comparison) Bytes {
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

// IdlePower is P_idle below which offloading pays by energy or by EDP. The
// latency does not depend on it, so MetricLatency is an error.
func (c Comparison) IdlePower(m Metric) (Crossing[Watts], error) {
	if m == MetricLatency {
		return Crossing[Watts]{}, errors.New("idle power: the latency does not depend on it; compare by energy or edp")
	}
	c.Within.IdlePower = Interval[Watts]{} // it is the unknown
	return crossing(c, m, "idle power", Below, func(c Comparison) Watts {
		p := c.Offload.predict()
		waiting := float64(p.Latency - p.Time.Wake)
		return Watts(c.solve(m, 0, waiting, func(o Offload, x float64) Offload {
			o.Idle.Power = Watts(x)
			return o
		}))
	})
}

// crossing validates, then finds the crossing point of c and the least and the
// greatest over the corners of its intervals. Every crossing point here is
// monotone in each input, so the extremes are at corners.
func crossing[Q Quantity](c Comparison, m Metric, what string, pays Side, at func(Comparison) Q) (Crossing[Q], error) {
	if err := c.check(what, m); err != nil {
		return Crossing[Q]{}, err
	}
	x := at(c)
	out := Crossing[Q]{Pays: pays, At: x, Lo: x, Hi: x, Missing: c.missing(m)}
	for _, corner := range c.corners() {
		x := at(corner)
		out.Lo, out.Hi = min(out.Lo, x), max(out.Hi, x)
	}
	return out, nil
}

func (c Comparison) check(what string, m Metric) error {
	switch {
	case m != MetricLatency && m != MetricEnergy && m != MetricEDP:
		return fmt.Errorf("%s: metric %q is not known; want one of %v", what, m, Metrics())
	case m != MetricLatency && c.Energy == nil:
		return fmt.Errorf("%s: local energy: it is not known, and %s cannot be compared without it", what, m)
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, err := Predict(c.Offload); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// missing names what the offloaded side of metric m does not count.
func (c Comparison) missing(m Metric) []string {
	p := c.Offload.predict()
	switch m {
	case MetricLatency:
		return p.LatencyMissing
	case MetricEnergy:
		return p.Energy.Missing
	default:
		return append(append([]string(nil), p.LatencyMissing...), p.Energy.Missing...)
	}
}

// corners returns c with every combination of the ends of its intervals.
func (c Comparison) corners() []Comparison {
	w := c.Within
	all := []Comparison{c}
	all = split(all, w.Latency, func(c *Comparison, v Seconds) { c.Latency = v })
	if c.Energy != nil {
		all = split(all, w.Energy, func(c *Comparison, v Joules) { c.Energy = &v })
	}
	all = split(all, w.Exec, func(c *Comparison, v Seconds) { c.Offload.Exec = v })
	return split(all, w.IdlePower, func(c *Comparison, v Watts) { c.Offload.Idle.Power = v })
}

func split[Q Quantity](all []Comparison, i Interval[Q], set func(*Comparison, Q)) []Comparison {
	if i == (Interval[Q]{}) {
		return all
	}
	var out []Comparison
	for _, c := range all {
		lo, hi := c, c
		set(&lo, i.Lo)
		set(&hi, i.Hi)
		out = append(out, lo, hi)
	}
	return out
}

// local is the cost of the local inference.
func (c Comparison) local(m Metric) float64 {
	switch m {
	case MetricLatency:
		return float64(c.Latency)
	case MetricEnergy:
		return float64(*c.Energy)
	default:
		return float64(EDP(*c.Energy, c.Latency))
	}
}

func cost(m Metric, p Prediction) float64 {
	switch m {
	case MetricLatency:
		return float64(p.Latency)
	case MetricEnergy:
		return float64(p.Energy.Joules)
	default:
		return float64(p.EDP)
	}
}

// solve returns the x in [0, +Inf] at which offloading with x costs as much as
// the local inference: 0 when it never costs less, +Inf when it always does.
// By the study's equations latency and energy grow with x along a line of slope
// dt and de, and EDP is the product of two lines, so there is a closed form.
// Slow start bends the line; then the closed form without it is an upper bound,
// and x is found below it by bisection.
func (c Comparison) solve(m Metric, dt, de float64, with func(Offload, float64) Offload) float64 {
	straight := c.Offload
	straight.TCP = nil
	if dt == 0 {
		straight = c.Offload // the bend is a constant for what does not change the way
	}
	p := with(straight, 0).predict()
	t, e := float64(p.Latency), float64(p.Energy.Joules)
	target := c.local(m)
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
	if straight.TCP == c.Offload.TCP {
		return x
	}
	lo, hi := 0.0, x
	if cost(m, with(c.Offload, 0).predict()) >= target {
		return 0
	}
	for {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			return lo
		}
		if cost(m, with(c.Offload, mid).predict()) <= target {
			lo = mid
		} else {
			hi = mid
		}
	}
}

// positiveRoot is the positive root of a*x^2 + b*x + c for a, b >= 0, in the
// form that loses no digits when c is small; 0 when c is not negative.
func positiveRoot(a, b, c float64) float64 {
	if c >= 0 {
		return 0
	}
	return -2 * c / (b + math.Sqrt(b*b-4*a*c))
}
