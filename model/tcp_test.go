package model_test

import (
	"math"
	"testing"

	"github.com/crossover-bench/crossover/model"
)

func TestTCPSlowStartCountsTheRoundTripsAPauseCosts(t *testing.T) {
	tcp := model.DefaultTCP()
	for size, want := range map[model.Bytes]int{
		1: 0, 14600: 0, 14601: 1, 16875: 1, 43800: 1, 43801: 2, 49152: 2, 102200: 2, 102201: 3,
	} {
		// At an infinite rate every wait lasts exactly one round trip.
		if got := tcp.SlowStart(size, model.BytesPerSecond(math.Inf(1)), 1); got != model.Seconds(want) {
			t.Errorf("%v: %v round trips, want %d", size, float64(got), want)
		}
	}
	// 5G, 49152 B: windows of 14600 and 29200 B are sent in 0.578 and 1.156 ms of
	// a round trip of 2 ms, so the sender waits twice:
	// 2 + (1460 - 14600)/25.25e6 s = 1.479603960396 ms, 2 + (1460 - 29200)/25.25e6 s = 0.901386138614 ms.
	near(t, "5g", tcp.SlowStart(49152, 25.25e6, 0.002), model.Seconds(2.380990099010e-3))
	// Ethernet, 16875 B: 14600 B take 4.803 ms of 20 ms: 20 + (1460 - 14600)/3.04e6 s.
	near(t, "ethernet", tcp.SlowStart(16875, 3.04e6, 0.020), model.Seconds(15.67763157895e-3))
	// A window that outlasts the round trip never makes the sender wait.
	near(t, "slow link", tcp.SlowStart(1e6, 1e5, 0.002), 0)
}
