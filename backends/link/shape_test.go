package link

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func anyShape(t *rapid.T) Shape {
	return Shape{
		Name:    "any",
		Latency: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "latency")),
		Up:      rapid.Float64Range(1e3, 1e9).Draw(t, "up"),
		Jitter: Jitter{
			Distribution: rapid.SampledFrom([]Distribution{Uniform, Normal, Exponential}).Draw(t, "distribution"),
			Scale:        time.Duration(rapid.Int64Range(0, int64(50*time.Millisecond)).Draw(t, "jitter")),
		},
		Loss: Loss{Probability: rapid.Float64Range(0, 0.5).Draw(t, "loss")},
		Seed: rapid.Uint64().Draw(t, "seed"),
	}
}

func TestArrivalsKeepOrderAndTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(t)
		c := newSchedule(s, s.Up, 1, 0)
		var at, last instant
		var busy time.Duration
		for range rapid.IntRange(1, 50).Draw(t, "writes") {
			at += instant(rapid.Int64Range(0, 5e6).Draw(t, "pause"))
			n := rapid.IntRange(0, 100000).Draw(t, "bytes")
			due := c.arrival(at, n)
			busy += transmission(n, s.Up)
			if due < last {
				t.Fatalf("bytes arrive at %d, before the earlier ones at %d", due, last)
			}
			if c.departed.sub(0) < busy {
				t.Fatalf("departed at %v although the bytes so far take %v", c.departed.sub(0), busy)
			}
			if due < c.departed {
				t.Fatalf("arrives at %d, before it departed at %d", due, c.departed)
			}
			last = due
		}
	})
}

func TestSameSeedDrawsTheSameDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(t)
		a, b := newSchedule(s, s.Up, 3, 0), newSchedule(s, s.Up, 3, 0)
		for i := range 20 {
			at, n := instant(i*1000), 3000
			if x, y := a.arrival(at, n), b.arrival(at, n); x != y {
				t.Fatalf("write %d arrives at %d and at %d", i, x, y)
			}
		}
	})
}

func TestBothDirectionsDrawApart(t *testing.T) {
	s := Shape{Jitter: Jitter{Distribution: Uniform, Scale: time.Millisecond}, Seed: 1}
	up, down := newSchedule(s, 0, 1, 0), newSchedule(s, 0, 1, 1)
	if up.delay(1) == down.delay(1) {
		t.Error("up and down draw the same jitter")
	}
}

func TestJitterHasTheMeanOfItsDistribution(t *testing.T) {
	const latency, scale, n = 20 * time.Millisecond, 2 * time.Millisecond, 20000
	for d, want := range map[Distribution]time.Duration{
		Uniform: latency + scale, Normal: latency, Exponential: latency + scale,
	} {
		c := newSchedule(Shape{Latency: latency, Jitter: Jitter{d, scale}, Seed: 7}, 0, 1, 0)
		var sum time.Duration
		for range n {
			sum += c.delay(100)
		}
		// Four standard errors of the widest of the three.
		if off := math.Abs(float64(sum/n - want)); off > 4*float64(scale)/math.Sqrt(n) {
			t.Errorf("%s: mean delay %v, want %v", d, sum/n, want)
		}
	}
}

func TestLossShowsAsRetransmissionDelay(t *testing.T) {
	const n = 20000
	s := Shape{Latency: 10 * time.Millisecond, Loss: Loss{Probability: 0.02}, Seed: 5}
	c := newSchedule(s, 0, 1, 0)
	late := 0
	for range n {
		switch d := c.delay(segment); {
		case d == s.Latency:
		case d >= s.Latency+220*time.Millisecond: // round trip + 200 ms
			late++
		default:
			t.Fatalf("a delay of %v is neither the latency nor a retransmission", d)
		}
	}
	if share := float64(late) / n; math.Abs(share-0.02) > 0.004 {
		t.Errorf("%.4f of the packets were lost, want 0.02", share)
	}
}

func TestNetworkTimeIsEquation22(t *testing.T) {
	ethernet := Shape{Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6}
	// 2*10 ms + 3072 B/3.04 MB/s + 100 B/7.13 MB/s = 20 + 1.010526 + 0.014025 ms
	if got, want := ethernet.Network(3072, 100), 21024551*time.Nanosecond; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNonsenseShapesAreRefused(t *testing.T) {
	for want, s := range map[string]Shape{
		"latency":        {Latency: -1},
		"up":             {Up: math.NaN()},
		"down":           {Down: math.Inf(1)},
		"jitter":         {Jitter: Jitter{Scale: -1}},
		"distribution":   {Jitter: Jitter{Scale: 1, Distribution: "cauchy"}},
		"loss":           {Loss: Loss{Probability: 1}},
		"retransmission": {Loss: Loss{Retransmit: -1}},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v does not name %q", s, err, want)
		}
	}
}
