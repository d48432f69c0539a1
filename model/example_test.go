package model_test

import (
	"fmt"
	"time"

	"github.com/crossover-bench/crossover/model"
)

// ethernetLink is the study's Ethernet.
var ethernetLink = ethernet()

// overEthernet is a 32x32 image over Ethernet to a host that takes 3 ms, from a
// board that waits at 0.91 W.
var overEthernet = offload(ethernetLink, 3072)

// against compares it with 50 ms and 150 mJ on the board.
var against = tradeoff()

// four is four such boards that share a host.
var four = shared()

func ExampleParse() {
	rate, err := model.Parse[model.BytesPerSecond]("202Mbit/s")
	fmt.Println(float64(rate), err)
	_, err = model.Parse[model.Watts]("10ms")
	fmt.Println(err)
	// Output:
	// 2.525e+07 <nil>
	// want watts such as 0.91W, got "10ms", a time
}

func ExampleRound() {
	fmt.Println(model.Round(model.Seconds(0.0240245515), 3))
	// Output: 24ms
}

func ExampleSecondsOf() {
	fmt.Println(model.SecondsOf(1500 * time.Microsecond))
	// Output: 1.5ms
}

func ExampleBytes_At() {
	fmt.Println(model.Bytes(3040).At(3.04e6))
	// Output: 1ms
}

func ExampleBytes_Cost() {
	fmt.Println(model.Round(model.Bytes(1000).Cost(128e-9), 6))
	// Output: 128µJ
}

func ExampleWatts_For() {
	fmt.Println(model.Watts(0.5).For(0.030))
	// Output: 15mJ
}

func ExamplePayload_UnmarshalText() {
	var p model.Payload
	err := p.UnmarshalText([]byte("75x75x3"))
	fmt.Println(p, p.Size, err)
	// Output: 75x75x3 16875B <nil>
}

func ExampleDistributions() {
	fmt.Println(model.Distributions())
	// Output: [uniform exponential]
}

func ExampleLink_Validate() {
	l := ethernetLink
	l.Up = 0
	fmt.Println(l.Validate())
	// Output: link ethernet: up: want bytes or bits per second above zero, got 0B/s
}

func ExampleLink_RTT() {
	fmt.Println(ethernetLink.RTT())
	// Output: 20ms
}

func ExampleLink_NetworkTime() {
	fmt.Println(model.Round(ethernetLink.NetworkTime(3072, 100), 6))
	// Output: 21.0246ms
}

func ExampleUnknowns_MarshalJSON() {
	none, err := model.Unknowns(nil).MarshalJSON()
	fmt.Printf("%s %v\n", none, err)
	// Output: [] <nil>
}

func ExampleLink_NetworkEnergy() {
	fmt.Println(model.Round(ethernetLink.NetworkEnergy(3072, 100).Joules, 6))
	fmt.Println(fiveG().NetworkEnergy(3072, 100).Missing)
	// Output:
	// 398.916µJ
	// [transmit energy of link 5g receive energy of link 5g]
}

func ExampleLink_Disturbance() {
	l := ethernetLink
	l.Jitter = &model.Jitter{Distribution: model.Uniform, Mean: 0.002}
	l.Loss = &model.Loss{Probability: 0.2, Retransmit: 0.004}
	fmt.Println(l.Disturbance())
	// Output: 6ms
}

func ExampleEnergy_Complete() {
	fmt.Println(ethernetLink.NetworkEnergy(1, 1).Complete(), fiveG().NetworkEnergy(1, 1).Complete())
	// Output: true false
}

func ExampleIdle_Validate() {
	fmt.Println(model.Idle{Power: -1}.Validate())
	// Output: idle power: want watts above zero, got -1W
}

func ExampleDevice_Validate() {
	fmt.Println(model.Device{Name: "board", Memories: []model.Memory{{Name: "L1"}}}.Validate())
	// Output: device board: memory L1: want bytes above zero, got 0B
}

func ExampleDevice_IdleMode() {
	d := model.Device{Name: "board", Idle: []model.Idle{{Name: "high", Power: 3.05}}}
	i, err := d.IdleMode("high")
	fmt.Println(i.Power, err)
	_, err = d.IdleMode("deep")
	fmt.Println(err)
	// Output:
	// 3.05W <nil>
	// device board has no idle mode "deep"; it has [high]
}

func ExampleDevice_LocalEnergy() {
	fmt.Println(model.Device{Name: "board", Active: new(model.Watts(5))}.LocalEnergy(0.020).Joules)
	fmt.Println(model.Device{Name: "other"}.LocalEnergy(0.020).Missing)
	// Output:
	// 100mJ
	// [active power of device other]
}

func ExampleHostProfile_Validate() {
	fmt.Println(model.HostProfile{Name: "server", Active: new(model.Watts(0))}.Validate())
	// Output: host server: active: want watts above zero, got 0W
}

func ExamplePredict() {
	p, err := model.Predict(overEthernet)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("latency", model.Round(p.Latency, 6), "network", model.Round(p.Network, 6))
	fmt.Println("energy ", model.Round(p.Energy.Joules, 6), "waiting", model.Round(p.EnergyParts.Idle, 6))
	fmt.Println("EDP    ", model.Round(p.EDP, 6))
	// Output:
	// latency 24.0246ms network 21.0246ms
	// energy  22.2613mJ waiting 21.8623mJ
	// EDP     534.817µJs
}

func ExamplePrediction_Cost() {
	p, err := model.Predict(overEthernet)
	fmt.Printf("%.4g s, %.4g J, %v\n", p.Cost(model.MetricLatency), p.Cost(model.MetricEnergy), err)
	// Output: 0.02402 s, 0.02226 J, <nil>
}

func ExamplePrediction_Missing() {
	p, err := model.Predict(offload(fiveG(), 3072))
	fmt.Println(p.Missing(model.MetricLatency), p.Missing(model.MetricEnergy), err)
	// Output: [] [transmit energy of link 5g receive energy of link 5g] <nil>
}

func ExampleOffload_Validate() {
	o := overEthernet
	o.Exec = 0
	fmt.Println(o.Validate())
	// Output: exec: want seconds above zero, got 0s
}

func ExampleOffloadLatency() {
	fmt.Println(model.OffloadLatency(0.003, 0.021))
	// Output: 24ms
}

func ExampleOffloadEnergy() {
	fmt.Println(model.Round(model.OffloadEnergy(0.024, 0.91, model.Energy{Joules: 0.0004}).Joules, 6))
	// Output: 22.24mJ
}

func ExampleEDP() {
	fmt.Println(model.EDP(0.25, 0.5))
	// Output: 125mJs
}

func ExampleDefaultTCP() {
	fmt.Println(*model.DefaultTCP())
	// Output: {10 1460B}
}

func ExampleTCP_Validate() {
	fmt.Println(model.TCP{Segment: 1460}.Validate())
	// Output: tcp: initial window: want at least 1 segment, got 0
}

func ExampleTCP_SlowStart() {
	// An image of 128x128 after a pause, over 5G.
	fmt.Println(model.Round(model.DefaultTCP().SlowStart(49152, 25.25e6, 0.002), 4))
	// Output: 2.381ms
}

func ExampleWholeSystem() {
	host := model.HostProfile{Name: "server", Active: new(model.Watts(125))}
	e, err := model.WholeSystem(overEthernet, model.System{Host: host})
	fmt.Println(model.Round(e.Device, 4), *e.Host, model.Round(e.Joules, 4), e.Missing, err)
	// Output: 22.26mJ 375mJ 397.3mJ [energy per byte of the network between device and host] <nil>
}

func ExampleMetrics() {
	fmt.Println(model.Metrics())
	// Output: [latency energy edp]
}

func ExampleTradeoff_Validate() {
	fmt.Println(model.Tradeoff{Offload: overEthernet}.Validate())
	// Output: local latency: want seconds above zero, got 0s
}

func ExampleTradeoff_Pays() {
	fmt.Println(against.Pays(model.MetricLatency))
	// Output: true <nil>
}

func ExampleTradeoff_LocalCost() {
	fmt.Println(against.LocalCost(model.MetricEnergy))
	fmt.Println(model.Tradeoff{Latency: 0.050}.LocalCost(model.MetricEnergy))
	// Output:
	// 0.15 true
	// 0 false
}

func ExampleTradeoff_LocalLatency() {
	c := against
	c.Within.Exec = model.Interval[model.Seconds]{Lo: 0.002, Hi: 0.005}
	x, err := c.LocalLatency(model.MetricLatency)
	fmt.Println(x.Pays, model.Round(x.At, 4), "from", model.Round(x.Lo, 4), "to", model.Round(x.Hi, 4), err)
	// Output: above 24.02ms from 23.02ms to 26.02ms <nil>
}

func ExampleTradeoff_Bandwidth() {
	x, err := against.Bandwidth(model.MetricLatency)
	fmt.Printf("%s %.0f bit/s %v\n", x.Pays, 8*x.At, err)
	// Output: above 939852 bit/s <nil>
}

func ExampleTradeoff_RoundTrip() {
	x, err := against.RoundTrip(model.MetricEnergy)
	fmt.Println(x.Pays, model.Round(x.At, 4), err)
	// Output: below 160.4ms <nil>
}

func ExampleTradeoff_Payload() {
	x, err := against.Payload(model.MetricLatency)
	fmt.Println(x.Pays, model.Round(x.At, 4), err)
	// Output: below 82040B <nil>
}

func ExampleTradeoff_IdlePower() {
	x, err := against.IdlePower(model.MetricEnergy)
	fmt.Println(x.Pays, model.Round(x.At, 4), err)
	// Output: below 6.227W <nil>
}

func ExampleCrossing_Exists() {
	slow := against
	slow.Latency = 0.010 // less than the network time
	x, err := slow.Bandwidth(model.MetricLatency)
	fmt.Println(x.Exists(), err)
	// Output: false <nil>
}

func ExampleCrossing_Always() {
	slow := against
	slow.Latency = 0.010
	x, err := slow.Bandwidth(model.MetricLatency)
	fmt.Println(x.Always(), err)
	// Output: false <nil>
}

func ExampleErlangC() {
	p, err := model.ErlangC(1.8, 2)
	fmt.Printf("%.4f %v\n", p, err)
	// Output: 0.8526 <nil>
}

func ExampleMMk() {
	w, err := model.MMk(2.8, 1, 4)
	fmt.Println(model.Round(w, 4), err)
	// Output: 357.2ms <nil>
}

func ExampleMGk() {
	w, err := model.MGk(0.9, 1, 0, 1) // M/D/1
	fmt.Println(model.Round(w, 4), err)
	_, err = model.MGk(1.2, 1, 0, 1)
	fmt.Println(err)
	w, err = model.MGk(0.5, 1, 1, 1) // M/G/1
	fmt.Println(model.Round(w, 4), err)
	w, err = model.MGk(2.8, 1, 0, 4) // M/D/4
	fmt.Println(model.Round(w, 3), err)
	w, err = model.MGk(2.8, 1, 0.5, 4)
	fmt.Println(model.Round(w, 3), err)
	// Output:
	// 4.5s <nil>
	// queue: the queue is unstable at a utilization of 1.2; it has a mean wait only below 1
	// 1s <nil>
	// 189ms <nil>
	// 273ms <nil>
}

func ExampleMerge() {
	s, err := model.Merge(model.Stream{Arrivals: 3, Service: 0.5}, model.Stream{Arrivals: 1, Service: 2.5})
	fmt.Println(s.Arrivals, s.Service, s.SCV, err)
	// Output: 4/s 1s 0.75 <nil>
}

func ExampleLoad_Validate() {
	l := four
	l.Tenants = 0
	fmt.Println(l.Validate())
	// Output: tenants: want at least 1, got 0
}

func ExampleLoad_Local() {
	w, err := four.Local(20)
	fmt.Println(model.Round(w.Latency, 4), err)
	_, err = four.Local(40)
	fmt.Println(err)
	// Output:
	// 52.5ms <nil>
	// device: the queue is unstable at a utilization of 1.2; it has a mean wait only below 1
}

func ExampleLoad_Offloaded() {
	w, err := four.Offloaded(60)
	fmt.Println(model.Round(w.Latency, 4), "of it waiting for the host", model.Round(w.Host, 4), err)
	// Output: 27.91ms of it waiting for the host 3.857ms <nil>
}

func ExampleLoad_Capacity() {
	local, offload, bound, err := four.Capacity()
	fmt.Println(model.Round(local, 4), model.Round(offload, 4), bound, err)
	// Output: 33.33/s 83.33/s host <nil>
}

func ExampleLoad_PayingRates() {
	l := four
	l.Tenants = 20
	rates, err := l.PayingRates()
	for _, r := range rates {
		fmt.Println("from", r.Lo, "to", model.Round(r.Hi, 4), err)
	}
	// Output: from 0/s to 15.44/s <nil>
}

func ExampleLoad_MaxTenants() {
	fmt.Println(four.MaxTenants(10))
	// Output: 29 <nil>
}

func ExampleLayerFit() {
	// MobileNet, 32x32: 3 516 964 parameters in 89 layers, L1 of 32 KiB.
	percent, err := model.LayerFit(3516964, 89, 32<<10)
	fmt.Printf("%.1f %% %v\n", percent, err)
	// Output: 120.6 % <nil>
}

func ExampleLayersThatFit() {
	f, err := model.LayersThatFit([]model.Bytes{864, 9216, 2048, 65536}, 32<<10)
	fmt.Printf("%d of %d layers, %.0f %% of the weights, %v\n", f.Fitting, f.Layers, 100*f.Weights, err)
	// Output: 3 of 4 layers, 16 % of the weights, <nil>
}
