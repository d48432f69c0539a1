package link

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

func anyShape(t *rapid.T) Shape {
	return Shape{
		Name:    "any",
		Latency: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "latency")),
		Up:      rapid.Float64Range(1e3, 1e9).Draw(t, "up"),
		Jitter: Jitter{
			Distribution: rapid.SampledFrom(model.Distributions()).Draw(t, "distribution"),
			Mean:         time.Duration(rapid.Int64Range(0, int64(50*time.Millisecond)).Draw(t, "jitter")),
		},
		Loss: Loss{Probability: rapid.Float64Range(0, 0.5).Draw(t, "loss"), Retransmit: 50 * time.Millisecond},
		Seed: rapid.Uint64().Draw(t, "seed"),
	}
}

func TestScheduleKeepsOrderAndRate(t *testing.T) {
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

func TestScheduleRepeatsWithTheSameSeed(t *testing.T) {
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

func TestScheduleDiffersBetweenDirections(t *testing.T) {
	s := Shape{Jitter: Jitter{Distribution: model.Uniform, Mean: time.Millisecond}, Seed: 1}
	up, down := newSchedule(s, 0, 1, 0), newSchedule(s, 0, 1, 1)
	if up.delay() == down.delay() {
		t.Error("up and down draw the same jitter")
	}
}

func TestScheduleDelaysHaveTheMeanOfTheModel(t *testing.T) {
	const n = 40000
	for _, l := range []model.Link{
		{Name: "uniform", OneWay: 20e-3, Up: 1e6, Down: 1e6, Jitter: &model.Jitter{Distribution: model.Uniform, Mean: 2e-3}},
		{
			Name: "exponential", OneWay: 20e-3, Up: 1e6, Down: 1e6,
			Jitter: &model.Jitter{Distribution: model.Exponential, Mean: 2e-3},
		},
		{Name: "lossy", OneWay: 20e-3, Up: 1e6, Down: 1e6, Loss: &model.Loss{Probability: 0.1, Retransmit: 10e-3}},
	} {
		s, err := FromModel(l, 7)
		if err != nil {
			t.Fatal(err)
		}
		c := newSchedule(s, 0, 1, 0)
		var sum, squares float64
		for range n {
			d := (c.delay() - s.Latency).Seconds()
			if d < 0 {
				t.Fatalf("%s: a delay of %v below the latency", l.Name, d)
			}
			sum, squares = sum+d, squares+d*d
		}
		mean := sum / n
		deviation := math.Sqrt(squares/n - mean*mean)
		// Four standard errors. The seed is fixed, so the result is the same every time.
		if want := float64(l.Disturbance()) / 2; math.Abs(mean-want) > 4*deviation/math.Sqrt(n) {
			t.Errorf("%s: mean disturbance of one way %v s, the model says %v s", l.Name, mean, want)
		}
	}
}

func TestShapeOfAProfileIsItsLink(t *testing.T) {
	l, err := profiles.Link("radio")
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromModel(l, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Shape{Name: "radio", Latency: 29 * time.Millisecond, Up: 1e6, Down: 3.53e6, Seed: 1}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	for _, in := range []int64{3072, 49152} {
		want := time.Duration(math.Round(float64(l.NetworkTime(model.Bytes(in), 100)) * 1e9))
		if got := s.Network(in, 100); (got - want).Abs() > 2 {
			t.Errorf("%d bytes: network time %v, the model says %v", in, got, want)
		}
	}
	if _, err := FromModel(model.Link{Name: "none"}, 0); err == nil {
		t.Error("a link without a rate became a shape")
	}
}

func TestShapeNetworkIsEquation22(t *testing.T) {
	ethernet := Shape{Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6}
	// 2*10 ms + 3072 B/3.04 MB/s + 100 B/7.13 MB/s = 20 + 1.010526 + 0.014025 ms
	if got, want := ethernet.Network(3072, 100), 21024551*time.Nanosecond; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestShapeValidateRefusesNonsense(t *testing.T) {
	for want, s := range map[string]Shape{
		"latency":        {Latency: -1},
		"up":             {Up: math.NaN()},
		"down":           {Down: math.Inf(1)},
		"jitter":         {Jitter: Jitter{Mean: -1}},
		"distribution":   {Jitter: Jitter{Mean: 1, Distribution: "cauchy"}},
		"loss":           {Loss: Loss{Probability: 1}},
		"retransmission": {Loss: Loss{Retransmit: -1}},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v does not name %q", s, err, want)
		}
	}
}
