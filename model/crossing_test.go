package model_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/model"
)

func tradeoff() model.Tradeoff {
	return model.Tradeoff{Latency: 0.050, Energy: new(model.Joules(0.150)), Offload: offload(ethernet(), 3072)}
}

func TestCrossingOfBandwidthIsTheStudysFormula(t *testing.T) {
	// B* = 8 * 3172 / (0.050 - 0.003 - 0.020) = 25376 / 0.027 bit/s.
	c, err := tradeoff().Bandwidth(model.MetricLatency)
	if err != nil || !c.Exists() || c.Pays != model.Above {
		t.Fatalf("%+v, %v", c, err)
	}
	near(t, "B*", 8*float64(c.At), 25376/0.027)

	// 0.023 - 0.003 - 0.020 is not positive: no rate is enough.
	slow := tradeoff()
	slow.Latency = 0.023 - 1e-12
	c, err = slow.Bandwidth(model.MetricLatency)
	if err != nil || c.Exists() || c.Always() {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCrossingPointsEqualThoseComputedByHand(t *testing.T) {
	c := tradeoff()
	rtt, err := c.RoundTrip(model.MetricLatency)
	if err != nil {
		t.Fatal(err)
	}
	// 50 - 3 - 1.010526315789 - 0.01402524544179 ms
	near(t, "round trip", rtt.At, 0.04597544843876903)
	payload, err := c.Payload(model.MetricLatency)
	if err != nil {
		t.Fatal(err)
	}
	// (50 - 3 - 20 - 0.01402524544179 ms) * 3.04e6 B/s
	near(t, "payload", payload.At, 82037.36325385695)
	power, err := c.IdlePower(model.MetricEnergy)
	if err != nil {
		t.Fatal(err)
	}
	// (150 - 0.398916 mJ) / 24.02455156123 ms
	near(t, "idle power", power.At, 6.227008384265)
	local, err := c.LocalLatency(model.MetricEnergy)
	if err != nil {
		t.Fatal(err)
	}
	// 22.26125792072 mJ / (150 mJ / 50 ms)
	near(t, "local latency", local.At, 7.42041930691e-3)
}

// quantities are the crossing points: how to find one, and the tradeoff with its
// quantity set to x.
var quantities = []struct {
	name  string
	find  finder
	with  func(model.Tradeoff, float64) model.Tradeoff
	skips model.Metric
}{
	{
		name: "local latency", find: found(model.Tradeoff.LocalLatency),
		with: func(c model.Tradeoff, x float64) model.Tradeoff {
			if c.Energy != nil {
				c.Energy = new(model.Joules(float64(*c.Energy) * x / float64(c.Latency)))
			}
			c.Latency = model.Seconds(x)
			return c
		},
	},
	{
		name: "bandwidth", find: found(model.Tradeoff.Bandwidth),
		with: func(c model.Tradeoff, x float64) model.Tradeoff {
			c.Offload.Link.Up, c.Offload.Link.Down = model.BytesPerSecond(x), model.BytesPerSecond(x)
			return c
		},
	},
	{
		name: "round trip", find: found(model.Tradeoff.RoundTrip),
		with: func(c model.Tradeoff, x float64) model.Tradeoff {
			c.Offload.Link.OneWay = model.Seconds(x / 2)
			return c
		},
	},
	{
		name: "payload", find: found(model.Tradeoff.Payload),
		with: func(c model.Tradeoff, x float64) model.Tradeoff {
			c.Offload.Input = model.Bytes(x)
			return c
		},
	},
	{
		name: "idle power", find: found(model.Tradeoff.IdlePower), skips: model.MetricLatency,
		with: func(c model.Tradeoff, x float64) model.Tradeoff {
			c.Offload.Idle.Power = model.Watts(x)
			return c
		},
	},
}

// finder finds a crossing point as plain numbers.
type finder func(model.Tradeoff, model.Metric) (at, lo, hi float64, pays model.Side, err error)

func found[Q model.Quantity](f func(model.Tradeoff, model.Metric) (model.Crossing[Q], error)) finder {
	return func(c model.Tradeoff, m model.Metric) (float64, float64, float64, model.Side, error) {
		x, err := f(c, m)
		return float64(x.At), float64(x.Lo), float64(x.Hi), x.Pays, err
	}
}

func genTradeoff(t *rapid.T) model.Tradeoff {
	return model.Tradeoff{
		Latency: model.Seconds(math.Exp(rapid.Float64Range(math.Log(1e-4), math.Log(10)).Draw(t, "local latency"))),
		Energy:  new(model.Joules(math.Exp(rapid.Float64Range(math.Log(1e-4), math.Log(100)).Draw(t, "local energy")))),
		Offload: genOffload(t),
	}
}

func sides(t *rapid.T, c model.Tradeoff, m model.Metric) (local, offloaded float64) {
	p, err := model.Predict(c.Offload)
	if err != nil {
		t.Fatal(err)
	}
	switch m {
	case model.MetricLatency:
		return float64(c.Latency), float64(p.Latency)
	case model.MetricEnergy:
		return float64(*c.Energy), float64(p.Energy.Joules)
	default:
		return float64(model.EDP(*c.Energy, c.Latency)), float64(p.EDP)
	}
}

func TestCrossingPointHasEqualCostsOnBothSides(t *testing.T) {
	existed := 0
	rapid.Check(t, func(t *rapid.T) {
		c := genTradeoff(t)
		m := rapid.SampledFrom(model.Metrics()).Draw(t, "metric")
		for _, q := range quantities {
			if q.skips == m {
				continue
			}
			x, lo, hi, pays, err := q.find(c, m)
			if err != nil {
				t.Fatal(q.name, err)
			}
			if math.IsNaN(x) || x < 0 || lo != x || hi != x {
				t.Fatalf("%s: %v in [%v, %v]", q.name, x, lo, hi)
			}
			if x == 0 || math.IsInf(x, 1) {
				// There is no crossing: offloading must win, or lose, at every value.
				wins := (x == 0) == (pays == model.Above)
				for _, v := range []float64{1e-9, 1, 1e9} {
					if local, off := sides(t, q.with(c, v), m); (off < local) != wins && math.Abs(off-local) > 1e-9*local {
						t.Fatalf("%s %s: none found, yet at %v offload costs %v and local %v", m, q.name, v, off, local)
					}
				}
				continue
			}
			existed++
			local, off := sides(t, q.with(c, x), m)
			// The cost can jump across the local one where a payload needs one more
			// segment: then the crossing is the last value on the paying side.
			if c.Offload.TCP == nil || q.name != "payload" {
				if math.Abs(off-local) > 1e-6*local {
					t.Fatalf("%s %s: at %v offload costs %v and local %v", m, q.name, x, off, local)
				}
			}
			inside, outside := x*(1+1e-4), x*(1-1e-4)
			if pays == model.Below {
				inside, outside = outside, inside
			}
			if local, off := sides(t, q.with(c, inside), m); off > local*(1+1e-12) {
				t.Fatalf("%s %s: %v is on the paying side of %v, yet offload costs %v and local %v",
					m, q.name, inside, x, off, local)
			}
			if local, off := sides(t, q.with(c, outside), m); off < local*(1-1e-12) {
				t.Fatalf("%s %s: %v is not on the paying side of %v, yet offload costs %v and local %v",
					m, q.name, outside, x, off, local)
			}
		}
	})
	if existed == 0 {
		t.Error("no crossing point existed: nothing was tested")
	}
}

func TestCrossingIntervalsContainEveryCrossingOfTheirInputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genTradeoff(t)
		m := rapid.SampledFrom(model.Metrics()).Draw(t, "metric")
		c.Within = model.Within{
			Latency:   model.Interval[model.Seconds]{Lo: c.Latency * 0.9, Hi: c.Latency * 1.2},
			Energy:    model.Interval[model.Joules]{Lo: *c.Energy * 0.8, Hi: *c.Energy * 1.1},
			Exec:      model.Interval[model.Seconds]{Lo: c.Offload.Exec * 0.5, Hi: c.Offload.Exec * 1.5},
			IdlePower: model.Interval[model.Watts]{Lo: c.Offload.Idle.Power * 0.9, Hi: c.Offload.Idle.Power * 1.1},
		}
		within := func(what string, lo, hi float64) float64 {
			return lo + (hi-lo)*rapid.Float64Range(0, 1).Draw(t, what)
		}
		inner := c
		inner.Within = model.Within{}
		inner.Latency = model.Seconds(within("latency", float64(c.Within.Latency.Lo), float64(c.Within.Latency.Hi)))
		inner.Energy = new(model.Joules(within("energy", float64(c.Within.Energy.Lo), float64(c.Within.Energy.Hi))))
		inner.Offload.Exec = model.Seconds(within("exec", float64(c.Within.Exec.Lo), float64(c.Within.Exec.Hi)))
		for _, q := range quantities {
			if q.skips == m {
				continue
			}
			if q.name != "idle power" {
				power := c.Within.IdlePower
				inner.Offload.Idle.Power = model.Watts(within("power", float64(power.Lo), float64(power.Hi)))
			}
			_, lo, hi, _, err := q.find(c, m)
			if err != nil {
				t.Fatal(err)
			}
			x, _, _, _, err := q.find(inner, m)
			if err != nil {
				t.Fatal(err)
			}
			if x < lo*(1-1e-9) || x > hi*(1+1e-9) {
				t.Fatalf("%s %s: %v is not in [%v, %v]", m, q.name, x, lo, hi)
			}
		}
	})
}

func TestTradeoffRefusesWhatItCannotCompare(t *testing.T) {
	c := tradeoff()
	c.Energy = nil
	if _, err := c.RoundTrip(model.MetricEnergy); err == nil || !strings.Contains(err.Error(), "local energy:") {
		t.Errorf("energy unknown: %v", err)
	}
	if _, err := c.RoundTrip(model.MetricLatency); err != nil {
		t.Error(err)
	}
	if _, err := tradeoff().IdlePower(model.MetricLatency); err == nil {
		t.Error("idle power by latency: no error")
	}
	if _, err := tradeoff().Pays("speed"); err == nil || !strings.Contains(err.Error(), `metric "speed" is not known`) {
		t.Error(err)
	}
	c = tradeoff()
	c.Within.Exec = model.Interval[model.Seconds]{Lo: 0.004, Hi: 0.005}
	if _, err := c.Payload(model.MetricLatency); err == nil || !strings.Contains(err.Error(), "exec:") {
		t.Errorf("interval without its figure: %v", err)
	}
	c = tradeoff()
	c.Latency = model.Seconds(math.NaN())
	if _, err := c.Payload(model.MetricLatency); err == nil || !strings.Contains(err.Error(), "local latency:") {
		t.Error(err)
	}
}

func TestCrossingNamesTheUnknownCostsOfOffloading(t *testing.T) {
	c := tradeoff()
	c.Offload.Link = fiveG()
	x, err := c.RoundTrip(model.MetricEnergy)
	if err != nil || len(x.Missing) != 2 {
		t.Errorf("%+v, %v", x, err)
	}
	if x, err := c.RoundTrip(model.MetricLatency); err != nil || x.Missing != nil {
		t.Errorf("%+v, %v", x, err)
	}
}
