package load

import (
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

var names1 = names.Combination{Variant: "model=m", Backend: "offload-lab", Link: names.LinkDirect}

// figures returns rounds at a rate with the given latency, in seconds.
func figures(rate float64, tenant string, rounds int, latency func(round int) float64) []Figure {
	var all []Figure
	for round := range rounds {
		c := names1
		c.Load = Point{Rate: rate}.load(tenant)
		f := Figure{Combination: c, Round: round, Requests: 300, Answered: 300, Seconds: 1}
		for range 300 {
			f.latencies = append(f.latencies, latency(round))
		}
		all = append(all, f)
	}
	return all
}

func always(latency float64) func(int) float64 { return func(int) float64 { return latency } }

func TestJudgeFindsTheIntervalOfTheHighestRate(t *testing.T) {
	slo := SLO{0.99, 50 * time.Millisecond}
	mixed := func(round int) float64 { return []float64{0.01, 0.09}[round%2] }
	for _, c := range []struct {
		name          string
		rates         map[float64]func(int) float64
		passes, fails float64 // 0 for none
		code          exit.Code
	}{
		{"Between", map[float64]func(int) float64{10: always(.01), 20: always(.04), 40: always(.06)}, 20, 40, exit.OK},
		{"AroundUndecided", map[float64]func(int) float64{10: always(.01), 20: mixed, 40: always(.06)}, 10, 40, exit.OK},
		{"AllPass", map[float64]func(int) float64{10: always(.01), 20: always(.04)}, 20, 0, exit.OK},
		{"NonePasses", map[float64]func(int) float64{10: always(.06), 20: always(.07)}, 0, 10, exit.Threshold},
		{"Undecided", map[float64]func(int) float64{10: mixed, 20: mixed}, 0, 0, exit.Inconclusive},
		// A rate that passes above one that does not is luck or a mistake, so it does not count.
		{"Gap", map[float64]func(int) float64{10: always(.01), 20: mixed, 30: always(.01), 40: always(.1)}, 10, 40, exit.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Report{}
			for rate, latency := range c.rates {
				r.Figures = append(r.Figures, figures(rate, "", 8, latency)...)
			}
			got, err := r.Judge(slo)
			if err != nil {
				t.Fatal(err)
			}
			value := func(p *float64) float64 {
				if p == nil {
					return 0
				}
				return *p
			}
			if value(got.Passes) != c.passes || value(got.Fails) != c.fails || exit.CodeOf(got.Err()) != c.code {
				t.Errorf("%v to %v, %v; want %v to %v\n%s",
					value(got.Passes), value(got.Fails), got.Err(), c.passes, c.fails, got.Text())
			}
		})
	}
}

func TestJudgeNeedsAllTenantsToPass(t *testing.T) {
	r := &Report{Figures: append(figures(10, "a", 9, always(.01)), figures(10, "b", 9, always(.06))...)}
	got, err := r.Judge(SLO{0.9, 50 * time.Millisecond})
	if err != nil || got.Fails == nil || got.Rates[0].Value != .06 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestJudgeDoesNotBlameTheHostForALateGenerator(t *testing.T) {
	late := figures(10, "", 8, always(.06))
	for i := range late {
		late[i].LateP99 = .02
	}
	got, err := (&Report{Figures: late}).Judge(SLO{0.9, 50 * time.Millisecond})
	if err != nil || got.Fails != nil || !strings.Contains(got.Text(), "the generator itself was up to 20ms late") {
		t.Errorf("%s, %v", got.Text(), err)
	}
}

func TestJudgeNeedsEnoughRequests(t *testing.T) {
	few := figures(10, "", 8, always(.01))
	for i := range few {
		few[i].Requests = 10
	}
	if _, err := (&Report{Figures: few}).Judge(SLO{0.99, time.Second}); err == nil {
		t.Error("a p99 of ten requests was judged")
	}
	c := Config{SLO: &SLO{0.99, time.Second}, Duration: time.Second, Tenants: []Tenant{{Share: 1}}}
	if d := c.duration(10); d < 30*time.Second {
		t.Errorf("a block at 10/s is %v long; a p99 needs 300 requests", d)
	}
}

func TestParseSLO(t *testing.T) {
	for text, want := range map[string]SLO{
		"p99 50ms":    {0.99, 50 * time.Millisecond},
		"p99.9 1.5s":  {0.999, 1500 * time.Millisecond},
		"p50   800µs": {0.5, 800 * time.Microsecond},
	} {
		got, err := ParseSLO(text)
		if err != nil || got.Limit != want.Limit || got.Percentile-want.Percentile > 1e-12 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "p99", "50ms", "p0 5ms", "p100 5ms", "p99 50", "p99 -5ms", "p99 0s", "99 5ms", "p99<5ms",
	} {
		if got, err := ParseSLO(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestParseTenant(t *testing.T) {
	for text, want := range map[string]Tenant{
		"a=m": {"a", "m", 1}, "cam-1=mobilenet-32-pq@3": {"cam-1", "mobilenet-32-pq", 3},
	} {
		if got, err := ParseTenant(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "a", "=m", "a=", "A=m", "a/b=m", "a=m@0", "a=m@x", "a=m@", "a=@3"} {
		if got, err := ParseTenant(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func FuzzParseSLO(f *testing.F) {
	f.Add("p99 50ms")
	f.Add("p99.9 1h2m")
	f.Fuzz(func(t *testing.T, text string) {
		slo, err := ParseSLO(text)
		if err != nil {
			return
		}
		if again, err := ParseSLO(slo.String()); err != nil || again != slo {
			t.Errorf("%q is %+v, whose text %q is read as %+v, %v", text, slo, slo, again, err)
		}
	})
}

func FuzzParseTenant(f *testing.F) {
	f.Add("a=mobilenet-32-pq@3")
	f.Fuzz(func(t *testing.T, text string) {
		tenant, err := ParseTenant(text)
		if err != nil {
			return
		}
		c := names1
		c.Load = Point{Rate: 5}.load(tenant.Name)
		if again, err := names.ParseCombination(c.Name()); err != nil || again != c {
			t.Errorf("tenant %q: %q came back as %+v, %v", text, c.Name(), again, err)
		}
	})
}

func TestTenantNamesItsModelAsTheCatalogDoes(t *testing.T) {
	for model, want := range map[string]names.Variant{
		"mobilenet-32-pq": "model=mobilenet/input=32/compression=pq", "resnet": "model=resnet", "a/b c": "model=a%2Fb%20c",
	} {
		if got := (Tenant{Model: model}).variant(fixtures.Default()); got.Name != want {
			t.Errorf("%s is called %s, want %s", model, got.Name, want)
		}
	}
}
