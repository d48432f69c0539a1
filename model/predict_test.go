package model_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/model"
)

// The study's links, declared here so that the model's tests do not need the
// profiles.
func ethernet() model.Link {
	return model.Link{
		Name: "ethernet", OneWay: 0.010, Up: 3.04e6, Down: 7.13e6,
		EnergyUp: new(model.JoulesPerByte(128e-9)), EnergyDown: new(model.JoulesPerByte(57e-9)),
	}
}

func radio() model.Link {
	return model.Link{
		Name: "radio", OneWay: 0.029, Up: 1e6, Down: 3.53e6,
		EnergyUp: new(model.JoulesPerByte(139e-9)), EnergyDown: new(model.JoulesPerByte(110e-9)),
	}
}

func fiveG() model.Link {
	return model.Link{Name: "5g", OneWay: 0.001, Up: 25.25e6, Down: 25.25e6}
}

func near[Q ~float64](t *testing.T, what string, got, want Q) {
	t.Helper()
	if !(math.Abs(float64(got-want)) <= 1e-9*math.Abs(float64(want))) {
		t.Errorf("%s: got %v, want %v (%.3g apart)", what, float64(got), float64(want), float64(got-want))
	}
}

// Computed by hand for exec 3 ms, output 100 B and idle power 0.91 W, to
// thirteen digits.
//
// Ethernet, 2 * 10 ms = 20 ms:
//
//	up     3072 / 3.04e6 = 1.010526315789 ms; 16875 / 3.04e6 = 5.550986842105 ms; 49152 / 3.04e6 = 16.16842105263 ms
//	down   100 / 7.13e6 = 0.01402524544179 ms
//	t_net  21.02455156123 ms; 25.56501208755 ms; 36.18244629807 ms
//	t_off  24.02455156123 ms; 28.56501208755 ms; 39.18244629807 ms
//	E_net  3072 * 128 nJ = 393.216 uJ; 16875 * 128 nJ = 2160 uJ; 49152 * 128 nJ = 6291.456 uJ;
//	       each + 100 * 57 nJ = 5.7 uJ
//	E_off  0.91 * t_off + E_net = 21.86234192072 + 0.398916 = 22.26125792072 mJ;
//	       25.99416099967 + 2.1657 = 28.15986099967 mJ; 35.65602613124 + 6.297156 = 41.95318213124 mJ
//
// Radio, 2 * 29 ms = 58 ms:
//
//	up     3.072 ms; 16.875 ms; 49.152 ms
//	down   100 / 3.53e6 = 0.02832861189802 ms
//	t_net  61.10032861190 ms; 74.90332861190 ms; 107.1803286119 ms
//	t_off  64.10032861190 ms; 77.90332861190 ms; 110.1803286119 ms
//	E_net  3072 * 139 nJ = 427.008 uJ; 16875 * 139 nJ = 2345.625 uJ; 49152 * 139 nJ = 6832.128 uJ;
//	       each + 100 * 110 nJ = 11 uJ
//	E_off  58.33129903683 + 0.438008 = 58.76930703683 mJ; 70.89202903683 + 2.356625 = 73.24865403683 mJ;
//	       100.2640990368 + 6.843128 = 107.1072270368 mJ
//
// 5G, 2 * 1 ms = 2 ms, 202 Mbit/s = 25.25e6 B/s:
//
//	up     0.1216633663366 ms; 0.6683168316832 ms; 1.946613861386 ms
//	down   100 / 25.25e6 = 0.003960396039604 ms
//	t_net  2.125623762376 ms; 2.672277227723 ms; 3.950574257426 ms
//	t_off  5.125623762376 ms; 5.672277227723 ms; 6.950574257426 ms
//	E_off  without E_net, which is unknown: 4.664317623762 mJ; 5.161772277228 mJ; 6.325022574257 mJ
var byHand = []struct {
	link             model.Link
	input            model.Bytes
	up, network, off float64 // ms
	netEnergy        float64 // uJ
	energy           float64 // mJ
}{
	{ethernet(), 3072, 1.010526315789, 21.02455156123, 24.02455156123, 398.916, 22.26125792072},
	{ethernet(), 16875, 5.550986842105, 25.56501208755, 28.56501208755, 2165.7, 28.15986099967},
	{ethernet(), 49152, 16.16842105263, 36.18244629807, 39.18244629807, 6297.156, 41.95318213124},
	{radio(), 3072, 3.072, 61.10032861190, 64.10032861190, 438.008, 58.76930703683},
	{radio(), 16875, 16.875, 74.90332861190, 77.90332861190, 2356.625, 73.24865403683},
	{radio(), 49152, 49.152, 107.1803286119, 110.1803286119, 6843.128, 107.1072270368},
	{fiveG(), 3072, 0.1216633663366, 2.125623762376, 5.125623762376, 0, 4.664317623762},
	{fiveG(), 16875, 0.6683168316832, 2.672277227723, 5.672277227723, 0, 5.161772277228},
	{fiveG(), 49152, 1.946613861386, 3.950574257426, 6.950574257426, 0, 6.325022574257},
}

func offload(l model.Link, in model.Bytes) model.Offload {
	return model.Offload{Link: l, Input: in, Output: 100, Exec: 0.003, Idle: model.Idle{Name: "idle", Power: 0.91}}
}

func TestPredictEqualsTheEquationsComputedByHand(t *testing.T) {
	for _, c := range byHand {
		p, err := model.Predict(offload(c.link, c.input))
		if err != nil {
			t.Fatal(err)
		}
		what := c.link.Name + " " + c.input.String() + " "
		near(t, what+"up", p.Time.Up, model.Seconds(c.up/1e3))
		near(t, what+"network", p.Network, model.Seconds(c.network/1e3))
		near(t, what+"latency", p.Latency, model.Seconds(c.off/1e3))
		if c.link.EnergyUp != nil {
			near(t, what+"network energy", *p.EnergyParts.Transmit+*p.EnergyParts.Receive, model.Joules(c.netEnergy/1e6))
		}
		near(t, what+"energy", p.Energy.Joules, model.Joules(c.energy/1e3))
		near(t, what+"EDP", p.EDP, model.JouleSeconds(c.energy/1e3*c.off/1e3))
		if complete := c.link.EnergyUp != nil; p.Energy.Complete() != complete {
			t.Errorf("%s: missing %v", what, p.Energy.Missing)
		}
	}
}

func TestPredictLeavesUnknownEnergyIncompleteNotZero(t *testing.T) {
	p, err := model.Predict(offload(fiveG(), 3072))
	if err != nil {
		t.Fatal(err)
	}
	want := model.Unknowns{"transmit energy of link 5g", "receive energy of link 5g"}
	if !reflect.DeepEqual(p.Energy.Missing, want) {
		t.Errorf("missing %q, want %q", p.Energy.Missing, want)
	}
	if p.Energy.Joules != p.EnergyParts.Idle || p.Energy.Joules == 0 {
		t.Errorf("energy %v is not the idle part %v", p.Energy.Joules, p.EnergyParts.Idle)
	}
	if p.EnergyParts.Transmit != nil || p.EnergyParts.Receive != nil {
		t.Errorf("unknown parts are given as %v and %v", p.EnergyParts.Transmit, p.EnergyParts.Receive)
	}
}

func TestPredictGivesALowerBoundForSuspendedIdleUnlessWakingIsGiven(t *testing.T) {
	o := offload(ethernet(), 3072)
	awake, err := model.Predict(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Idle.Suspends = true
	bound, err := model.Predict(o)
	if err != nil {
		t.Fatal(err)
	}
	if bound.Latency != awake.Latency || len(bound.LatencyMissing) != 1 || bound.Energy.Complete() {
		t.Errorf("%+v", bound)
	}
	o.Idle.WakeTime, o.Idle.WakeEnergy = new(model.Seconds(0.3)), new(model.Joules(0.4))
	given, err := model.Predict(o)
	if err != nil {
		t.Fatal(err)
	}
	// Waiting costs idle power, waking its own energy: the wake time is not
	// charged twice.
	near(t, "latency", given.Latency, awake.Latency+0.3)
	near(t, "energy", given.Energy.Joules, awake.Energy.Joules+0.4)
	if !given.Energy.Complete() || given.LatencyMissing != nil {
		t.Errorf("%+v", given)
	}
}

func TestPredictNamesEveryBadField(t *testing.T) {
	for _, c := range []struct {
		want string
		set  func(o *model.Offload, v float64)
	}{
		{"latency:", func(o *model.Offload, v float64) { o.Link.OneWay = model.Seconds(v) }},
		{"up:", func(o *model.Offload, v float64) { o.Link.Up = model.BytesPerSecond(v) }},
		{"down:", func(o *model.Offload, v float64) { o.Link.Down = model.BytesPerSecond(v) }},
		{"input:", func(o *model.Offload, v float64) { o.Input = model.Bytes(v) }},
		{"output:", func(o *model.Offload, v float64) { o.Output = model.Bytes(v) }},
		{"exec:", func(o *model.Offload, v float64) { o.Exec = model.Seconds(v) }},
		{"idle power:", func(o *model.Offload, v float64) { o.Idle.Power = model.Watts(v) }},
		{"jitter: mean:", func(o *model.Offload, v float64) {
			o.Link.Jitter = &model.Jitter{Distribution: model.Uniform, Mean: model.Seconds(v)}
		}},
		{"loss: retransmit:", func(o *model.Offload, v float64) { o.Link.Loss = &model.Loss{Retransmit: model.Seconds(v)} }},
		{"tcp: segment:", func(o *model.Offload, v float64) {
			o.TCP = &model.TCP{InitialWindow: 10, Segment: model.Bytes(v)}
		}},
	} {
		for _, v := range []float64{0, -1, math.Inf(1), math.Inf(-1), math.NaN()} {
			o := offload(ethernet(), 3072)
			c.set(&o, v)
			if _, err := model.Predict(o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %v: %v", c.want, v, err)
			}
		}
	}
	for _, v := range []float64{-1, math.Inf(1), math.NaN()} {
		for want, set := range map[string]func(o *model.Offload){
			"overhead:":    func(o *model.Offload) { o.Overhead = model.Seconds(v) },
			"energy-up:":   func(o *model.Offload) { o.Link.EnergyUp = new(model.JoulesPerByte(v)) },
			"energy-down:": func(o *model.Offload) { o.Link.EnergyDown = new(model.JoulesPerByte(v)) },
			"wake-time:":   func(o *model.Offload) { o.Idle.Suspends, o.Idle.WakeTime = true, new(model.Seconds(v)) },
			"wake-energy:": func(o *model.Offload) { o.Idle.Suspends, o.Idle.WakeEnergy = true, new(model.Joules(v)) },
			"loss:": func(o *model.Offload) {
				o.Link.Loss = &model.Loss{Probability: v, Retransmit: 1}
			},
		} {
			o := offload(ethernet(), 3072)
			set(&o)
			if _, err := model.Predict(o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %v: %v", want, v, err)
			}
		}
	}
	_, err := model.Predict(model.Offload{})
	for _, field := range []string{"latency:", "up:", "down:", "input:", "output:", "exec:", "idle power:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("nothing given: %v does not name %s", err, field)
		}
	}
}

// genOffload draws any offload that Predict accepts, within what hardware does.
func genOffload(t *rapid.T) model.Offload {
	f := func(name string, lo, hi float64) float64 {
		return math.Exp(rapid.Float64Range(math.Log(lo), math.Log(hi)).Draw(t, name))
	}
	o := model.Offload{
		Link: model.Link{
			Name: "drawn", OneWay: model.Seconds(f("latency", 1e-6, 1)),
			Up: model.BytesPerSecond(f("up", 1e3, 1e10)), Down: model.BytesPerSecond(f("down", 1e3, 1e10)),
		},
		Input: model.Bytes(math.Round(f("input", 1, 1e8))), Output: model.Bytes(math.Round(f("output", 1, 1e7))),
		Exec:     model.Seconds(f("exec", 1e-6, 10)),
		Overhead: model.Seconds(rapid.Float64Range(0, 0.01).Draw(t, "overhead")),
		Idle:     model.Idle{Name: "idle", Power: model.Watts(f("idle", 1e-3, 100))},
	}
	if rapid.Bool().Draw(t, "energy known") {
		o.Link.EnergyUp = new(model.JoulesPerByte(rapid.Float64Range(0, 1e-6).Draw(t, "energy up")))
		o.Link.EnergyDown = new(model.JoulesPerByte(rapid.Float64Range(0, 1e-6).Draw(t, "energy down")))
	}
	if rapid.Bool().Draw(t, "suspends") {
		o.Idle.Suspends = true
		o.Idle.WakeTime = new(model.Seconds(rapid.Float64Range(0, 1).Draw(t, "wake")))
	}
	if rapid.Bool().Draw(t, "disturbed") {
		o.Link.Jitter = &model.Jitter{Distribution: model.Exponential, Mean: model.Seconds(f("jitter", 1e-6, 0.1))}
		o.Link.Loss = &model.Loss{Probability: rapid.Float64Range(0, 0.5).Draw(t, "loss"), Retransmit: 0.2}
	}
	if rapid.Bool().Draw(t, "tcp") {
		o.TCP = &model.TCP{InitialWindow: rapid.IntRange(1, 40).Draw(t, "window"), Segment: 1460}
	}
	return o
}

func TestPredictNeverCostsMoreUnderBetterConditions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		worse := genOffload(t)
		better := worse
		k := rapid.Float64Range(1, 1000).Draw(t, "by")
		what := []string{"up", "down", "latency", "host", "overhead", "input", "output", "idle"}
		switch rapid.SampledFrom(what).Draw(t, "what") {
		case "up":
			better.Link.Up *= model.BytesPerSecond(k)
		case "down":
			better.Link.Down *= model.BytesPerSecond(k)
		case "latency":
			better.Link.OneWay /= model.Seconds(k)
		case "host":
			better.Exec /= model.Seconds(k)
		case "overhead":
			better.Overhead /= model.Seconds(k)
		case "input":
			better.Input /= model.Bytes(k)
		case "output":
			better.Output /= model.Bytes(k)
		case "idle":
			better.Idle.Power /= model.Watts(k)
		}
		w, err := model.Predict(worse)
		if err != nil {
			t.Fatal(err)
		}
		b, err := model.Predict(better)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range model.Metrics() {
			if b.Cost(m) > w.Cost(m)*(1+1e-12) { // rounding of sums whose parts shrank
				t.Fatalf("better: %+v\nworse: %+v", b, w)
			}
		}
	})
}

func TestPredictPartsAddUpAndNothingIsNegativeOrNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := model.Predict(genOffload(t))
		if err != nil {
			t.Fatal(err)
		}
		var time, energy float64
		for _, part := range []any{p.Time, p.EnergyParts} {
			v := reflect.ValueOf(part)
			for i := range v.NumField() {
				field := v.Field(i)
				if field.Kind() == reflect.Pointer {
					if field.IsNil() {
						continue
					}
					field = field.Elem()
				}
				x := field.Float()
				if !(x >= 0) || math.IsInf(x, 0) {
					t.Fatalf("%s is %v", v.Type().Field(i).Name, x)
				}
				if v.Type() == reflect.TypeFor[model.TimeParts]() {
					time += x
				} else {
					energy += x
				}
			}
		}
		if math.Abs(time-float64(p.Latency)) > 1e-12*time || math.Abs(energy-float64(p.Energy.Joules)) > 1e-12*energy {
			t.Fatalf("parts make %v s and %v J, not %v and %v", time, energy, p.Latency, p.Energy.Joules)
		}
	})
}

func TestPredictGivesAFiniteFigureOrAnErrorForExtremeInputs(t *testing.T) {
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		f := func(name string) float64 {
			return math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, name))
		}
		o := model.Offload{
			Link: model.Link{
				OneWay: model.Seconds(f("latency")),
				Up:     model.BytesPerSecond(f("up")), Down: model.BytesPerSecond(f("down")),
			},
			Input: model.Bytes(f("input")), Output: model.Bytes(f("output")), Exec: model.Seconds(f("exec")),
			Idle: model.Idle{Power: model.Watts(f("power"))},
			TCP:  &model.TCP{InitialWindow: rapid.IntRange(1, 1e6).Draw(t, "window"), Segment: model.Bytes(f("segment"))},
		}
		p, err := model.Predict(o)
		if err != nil {
			refused++
			return
		}
		for _, v := range []float64{
			float64(p.Latency), float64(p.Network), float64(p.Energy.Joules), float64(p.EDP), float64(p.Time.SlowStart),
		} {
			if !(v >= 0) || math.IsInf(v, 0) {
				t.Fatalf("%+v", p)
			}
		}
		c := model.Tradeoff{Latency: model.Seconds(f("local")), Energy: new(model.Joules(f("local energy"))), Offload: o}
		for _, m := range model.Metrics() {
			for _, q := range quantities {
				if q.skips == m {
					continue
				}
				if x, _, _, _, err := q.find(c, m); err == nil && !(x >= 0) {
					t.Fatalf("%s %s: %v", q.name, m, x)
				}
			}
		}
	})
	if refused == 0 {
		t.Error("nothing was refused: the inputs were not extreme")
	}
}
