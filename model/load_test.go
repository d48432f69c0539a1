package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/crossover-bench/crossover/model"
)

// shared is a host of one worker with 3 ms an inference, over Ethernet, against
// 30 ms on the device.
func shared() model.Load {
	return model.Load{Latency: 0.030, Offload: offload(ethernet(), 3072), Tenants: 4, Workers: 1}
}

// TestLoadAgreesWithASimulationOfTheWholePath runs uplinks, host and downlinks of all
// devices event by event, where Load takes every station for itself.
func TestLoadAgreesWithASimulationOfTheWholePath(t *testing.T) {
	l := shared()
	const rate, requests = 60, 400_000 // host at 0.72, uplink at 0.06
	up, exec, down := 3072/3.04e6, 0.003, 100/7.13e6
	want, err := l.Offloaded(rate)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	due := make([]float64, l.Tenants)
	upFree := make([]float64, l.Tenants)
	downFree := make([]float64, l.Tenants)
	var hostFree, hostWait, upWait float64
	for i := range due {
		due[i] = rng.ExpFloat64() / rate
	}
	for range requests {
		// The next to reach the host: its uplink's departure is the earliest.
		first := 0
		for i := range due {
			if max(due[i], upFree[i]) < max(due[first], upFree[first]) {
				first = i
			}
		}
		start := max(due[first], upFree[first])
		upWait += (start - due[first]) / requests
		upFree[first] = start + up
		begin := max(upFree[first], hostFree)
		hostWait += (begin - upFree[first]) / requests
		hostFree = begin + exec
		downFree[first] = max(hostFree, downFree[first]) + down
		due[first] += rng.ExpFloat64() / rate
	}
	if got := float64(want.Up); math.Abs(got-upWait) > 0.05*upWait {
		t.Errorf("uplink: simulated %v, model %v", upWait, got)
	}
	// Uplinks let nothing through faster than one payload each, so arrivals at the
	// host are a little smoother than Poisson: the model may say up to 5 % more.
	if got := float64(want.Host); got < hostWait*0.98 || got > hostWait*1.05 {
		t.Errorf("host: simulated %v, model %v", hostWait, got)
	}
}

func TestLoadPayingRatesEndWhereTheLatenciesCross(t *testing.T) {
	l := shared()
	intervals, err := l.PayingRates()
	if err != nil || len(intervals) != 1 {
		t.Fatalf("%v, %v", intervals, err)
	}
	// 24.02 against 30 ms: offloading pays at first. The device saturates at
	// 33.3/s and the host at 1/(4 * 3 ms) = 83.3/s, so it pays to the end.
	_, capacity, bound, err := l.Capacity()
	if err != nil || bound != "host" {
		t.Fatalf("%v, %v", bound, err)
	}
	near(t, "capacity", capacity, 1/0.012)
	if intervals[0].Lo != 0 || intervals[0].Hi != capacity {
		t.Errorf("%v, want 0 to %v", intervals, capacity)
	}

	l.Tenants = 20 // the host saturates at 16.7/s, before the device
	intervals, err = l.PayingRates()
	if err != nil || len(intervals) != 1 {
		t.Fatalf("%v, %v", intervals, err)
	}
	local, err := l.Local(intervals[0].Hi)
	if err != nil {
		t.Fatal(err)
	}
	offloaded, err := l.Offloaded(intervals[0].Hi)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "latency at the crossing", offloaded.Latency, local.Latency)

	l = shared()
	l.Latency = 0.024 // barely faster than offloading alone, but the device queues
	intervals, err = l.PayingRates()
	if err != nil || len(intervals) != 1 || intervals[0].Lo == 0 {
		t.Errorf("%v, %v: want an interval that starts above 0", intervals, err)
	}

	l.Latency = 0.001
	l.Tenants = 100
	if intervals, err = l.PayingRates(); err != nil || len(intervals) != 0 {
		t.Errorf("%v, %v: want none", intervals, err)
	}
}

func TestLoadMaxTenantsIsTheLastThatPays(t *testing.T) {
	l := shared()
	const rate = 10
	n, err := l.MaxTenants(rate)
	if err != nil || n < 1 {
		t.Fatalf("%d, %v", n, err)
	}
	local, err := l.Local(rate)
	if err != nil {
		t.Fatal(err)
	}
	l.Tenants = n
	if w, err := l.Offloaded(rate); err != nil || w.Latency >= local.Latency {
		t.Errorf("%d tenants: %v, %v, local %v", n, w.Latency, err, local.Latency)
	}
	l.Tenants = n + 1
	if w, err := l.Offloaded(rate); err == nil && w.Latency < local.Latency {
		t.Errorf("%d tenants: %v still pays against %v", n+1, w.Latency, local.Latency)
	}
	l.Latency = 0.001
	if n, err := l.MaxTenants(rate); err != nil || n != 0 {
		t.Errorf("a fast device: %d, %v", n, err)
	}
}
