package model_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/model"
)

func TestQueueWaitsEqualTheKnownFigures(t *testing.T) {
	for _, c := range []struct {
		name string
		wait func() (model.Seconds, error)
		want float64
	}{
		{"M/M/1 at 0.5", func() (model.Seconds, error) { return model.MMk(0.5, 1, 1) }, 1.0},
		{"M/M/1 at 0.9", func() (model.Seconds, error) { return model.MMk(0.9, 1, 1) }, 9.0},
		{"M/D/1 at 0.5", func() (model.Seconds, error) { return model.MGk(0.5, 1, 0, 1) }, 0.5},
		{"M/D/1 at 0.9", func() (model.Seconds, error) { return model.MGk(0.9, 1, 0, 1) }, 4.5},
		{"M/M/2 at 0.5", func() (model.Seconds, error) { return model.MMk(1, 1, 2) }, 0.3333},
		{"M/M/2 at 0.9", func() (model.Seconds, error) { return model.MMk(1.8, 1, 2) }, 4.263},
		{"M/M/4 at 0.7", func() (model.Seconds, error) { return model.MMk(2.8, 1, 4) }, 0.3572},
		{"M/G/1 of M/M/1", func() (model.Seconds, error) { return model.MGk(0.9, 1, 1, 1) }, 9.0},
	} {
		if got, err := c.wait(); err != nil || math.Abs(float64(got)-c.want) > 5e-4*c.want {
			t.Errorf("%s: %v, %v, want %v", c.name, float64(got), err, c.want)
		}
	}
}

// crommelin is the exact mean wait of M/D/k with service time 1: Crommelin's
// series of 1932, with the Poisson tails as incomplete gamma functions.
func crommelin(rho float64, k int) float64 {
	var w float64
	for i := 1; ; i++ {
		n, mean := float64(i*k), float64(i*k)*rho
		term := mathext.GammaIncReg(n, mean) - mathext.GammaIncReg(n+1, mean)/rho
		w += term
		if term < 1e-13*w || term < 1e-16 {
			return w
		}
	}
}

func TestMGkOfAConstantTimeIsWithinItsStatedErrorOfTheExactSeries(t *testing.T) {
	for _, k := range []int{1, 2, 3, 4, 8, 16, 32, 64} {
		for _, rho := range []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98} {
			exact := crommelin(rho, k)
			got, err := model.MGk(model.PerSecond(rho*float64(k)), 1, 0, k)
			if err != nil {
				t.Fatal(err)
			}
			apart := math.Abs(float64(got) - exact)
			t.Logf("k %d, rho %.2f: %.6f, exact %.6f, %.2f %%", k, rho, float64(got), exact, 100*apart/exact)
			if apart > 0.003 {
				t.Errorf("k %d, rho %v: %v apart from %v, more than 0.3 %% of a service time", k, rho, apart, exact)
			}
			if exact >= 0.05 && apart > 0.01*exact {
				t.Errorf("k %d, rho %v: %v, exact %v", k, rho, float64(got), exact)
			}
			if k == 1 && apart > 1e-7*exact {
				t.Errorf("M/D/1 at %v: %v, exact %v", rho, float64(got), exact)
			}
		}
	}
}

// simulated is the mean wait that a simulation gives, with the half width of
// its confidence interval by batch means.
type simulated struct{ mean, half float64 }

// simulate runs a first-come-first-served queue with Poisson arrivals and k
// servers event by event: each arrival takes the server that is free first.
func simulate(rate float64, k int, service func(*rand.Rand) float64) simulated {
	const batches, size, warm = 32, 50_000, 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	free := make([]float64, k)
	var now float64
	next := func() float64 {
		now += rng.ExpFloat64() / rate
		first := 0
		for i := range free {
			if free[i] < free[first] {
				first = i
			}
		}
		wait := max(0, free[first]-now)
		free[first] = now + wait + service(rng)
		return wait
	}
	for range warm {
		next()
	}
	means := make([]float64, batches)
	var mean, square float64
	for b := range means {
		for range size {
			means[b] += next() / size
		}
		mean += means[b] / batches
	}
	for _, m := range means {
		square += (m - mean) * (m - mean) / (batches - 1)
	}
	return simulated{mean: mean, half: 3.022 * math.Sqrt(square/batches)} // Student's t, 31 degrees, 99.5 % two-sided
}

func constant(*rand.Rand) float64      { return 1 }
func exponential(r *rand.Rand) float64 { return r.ExpFloat64() }
func uniform(r *rand.Rand) float64     { return 2 * r.Float64() } // scv 1/3

// A formula is the mean wait at an arrival rate, for a mean service time of 1 s.
type formula func(model.PerSecond) (model.Seconds, error)

func mgk(scv float64, k int) formula {
	return func(rate model.PerSecond) (model.Seconds, error) { return model.MGk(rate, 1, scv, k) }
}

func mmk(k int) formula {
	return func(rate model.PerSecond) (model.Seconds, error) { return model.MMk(rate, 1, k) }
}

func TestQueueFormulasAgreeWithASimulation(t *testing.T) {
	for _, c := range []struct {
		name    string
		rho     float64
		k       int
		service func(*rand.Rand) float64
		wait    formula
		error   float64 // stated relative error of the formula, 0 when it is exact
	}{
		{"M/D/1", 0.5, 1, constant, mgk(0, 1), 0},
		{"M/D/1", 0.8, 1, constant, mgk(0, 1), 0},
		{"M/G/1 uniform", 0.7, 1, uniform, mgk(1.0/3, 1), 0},
		{"M/G/1 mixture", 0.6, 1, mixture, mgk(mixtureSCV, 1), 0},
		{"M/M/1", 0.7, 1, exponential, mmk(1), 0},
		{"M/M/2", 0.8, 2, exponential, mmk(2), 0},
		{"M/M/4", 0.7, 4, exponential, mmk(4), 0},
		{"M/D/2", 0.8, 2, constant, mgk(0, 2), 0.01},
		{"M/D/4", 0.7, 4, constant, mgk(0, 4), 0.01},
		{"M/G/4 uniform", 0.8, 4, uniform, mgk(1.0/3, 4), 0.05},
		{"M/G/4 mixture", 0.8, 4, mixture, mgk(mixtureSCV, 4), 0.05},
	} {
		t.Run(fmt.Sprintf("%s at %v", c.name, c.rho), func(t *testing.T) {
			t.Parallel()
			rate := c.rho * float64(c.k)
			want, err := c.wait(model.PerSecond(rate))
			if err != nil {
				t.Fatal(err)
			}
			got := simulate(rate, c.k, c.service)
			if got.half > 0.05*got.mean {
				t.Fatalf("the interval %v +- %v is too wide to confirm anything", got.mean, got.half)
			}
			if math.Abs(got.mean-float64(want)) > got.half+c.error*float64(want) {
				t.Errorf("simulated %v +- %v, formula %v", got.mean, got.half, float64(want))
			}
		})
	}
}

// mixture is two tenants' constant services, 0.5 three times as often as 2.5:
// mean 1, second moment 0.75*0.25 + 0.25*6.25 = 1.75, so scv 0.75.
func mixture(r *rand.Rand) float64 {
	if r.Float64() < 0.75 {
		return 0.5
	}
	return 2.5
}

const mixtureSCV = 0.75

func TestMergeAddsUpTenants(t *testing.T) {
	s, err := model.Merge(model.Stream{Arrivals: 3, Service: 0.5}, model.Stream{Arrivals: 1, Service: 2.5})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "arrivals", s.Arrivals, 4)
	near(t, "service", s.Service, 1)
	near(t, "scv", s.SCV, mixtureSCV)
	for _, bad := range [][]model.Stream{
		nil,
		{{Arrivals: 0, Service: 1}},
		{{Arrivals: 1, Service: 0}},
		{{Arrivals: 1, Service: 1, SCV: -1}},
		{{Arrivals: 1, Service: 1, SCV: math.NaN()}},
	} {
		if _, err := model.Merge(bad...); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestQueueThatIsUnstableIsAnErrorNotANumber(t *testing.T) {
	for _, rate := range []model.PerSecond{1, 1.5, 1e9} {
		w, err := model.MGk(rate, 1, 0, 1)
		u, ok := errors.AsType[*model.UnstableError](err)
		if !ok || w != 0 || u.Utilization != float64(rate) {
			t.Errorf("%v: %v, %v", rate, w, err)
		}
	}
	for _, rate := range []model.PerSecond{0, -1, model.PerSecond(math.Inf(1)), model.PerSecond(math.NaN())} {
		if _, err := model.MGk(rate, 1, 0, 1); err == nil || !strings.Contains(err.Error(), "arrivals:") {
			t.Errorf("%v: %v", rate, err)
		}
	}
	if _, err := model.MMk(1, 1, 0); err == nil || !strings.Contains(err.Error(), "servers:") {
		t.Error(err)
	}
	if _, err := model.MGk(0.5, 1, -1, 1); err == nil || !strings.Contains(err.Error(), "scv:") {
		t.Error(err)
	}
	if _, err := shared().Offloaded(1e6); err == nil || !strings.Contains(err.Error(), "link: the queue is unstable") {
		t.Error(err)
	}
}

func TestQueueWaitNeverShrinksUnderMoreLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 64).Draw(t, "k")
		scv := rapid.Float64Range(0, 10).Draw(t, "scv")
		lo := rapid.Float64Range(0.001, 0.98).Draw(t, "rho")
		hi := rapid.Float64Range(lo, 0.99).Draw(t, "more")
		a, err := model.MGk(model.PerSecond(lo*float64(k)), 1, scv, k)
		if err != nil {
			t.Fatal(err)
		}
		b, err := model.MGk(model.PerSecond(hi*float64(k)), 1, scv, k)
		if err != nil {
			t.Fatal(err)
		}
		if !(a >= 0) || a > b*(1+1e-9) || math.IsInf(float64(b), 0) {
			t.Fatalf("%v at %v and %v at %v", a, lo, b, hi)
		}
	})
}
