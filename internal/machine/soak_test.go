package machine

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// oven is a machine that heats up while it works, on a simulated clock.
type oven struct {
	now     time.Duration
	celsius func(t time.Duration) float64
	limit   float64 // throttled from here on
	blind   bool
}

func (o *oven) config() SoakConfig {
	return SoakConfig{
		Work:        func(context.Context) error { o.now += 100 * time.Millisecond; return nil },
		Thermometer: func() (float64, bool) { return o.celsius(o.now), !o.blind },
		Probe: probeFunc(func() (Pulse, error) {
			return Pulse{Throttled: !o.blind && o.celsius(o.now) >= o.limit}, nil
		}),
		Clock: func() time.Duration { return o.now },
	}
}

type probeFunc func() (Pulse, error)

func (f probeFunc) Read() (Pulse, error) { return f() }

// heating approaches 80 degrees from 30 with a time constant of 4 minutes, shown
// by a thermometer with whole degrees and some noise.
func heating() func(time.Duration) float64 {
	rng := rand.New(rand.NewPCG(5, 6))
	return func(t time.Duration) float64 {
		return math.Round(80 - 50*math.Exp(-t.Minutes()/4) + 0.5*rng.NormFloat64())
	}
}

func TestSoakEndsWhenTheTemperatureIsSteady(t *testing.T) {
	o := oven{celsius: heating(), limit: 1000}
	soak, err := SoakUntilSteady(context.Background(), o.config())
	if err != nil {
		t.Fatal(err)
	}
	// The means of three minutes lie within half a degree once the rise is a
	// quarter of a degree a minute: after some 15 minutes.
	if !soak.Steady || soak.Time < 12*time.Minute || soak.Time > 20*time.Minute || soak.Throttled != nil {
		t.Errorf("%+v", soak)
	}
	if math.Abs(*soak.Celsius-80) > 2 {
		t.Errorf("%v degrees at the end", *soak.Celsius)
	}
}

func TestSoakTellsTheTimeToThrottling(t *testing.T) {
	o := oven{celsius: func(t time.Duration) float64 { return min(75, 30+10*t.Minutes()) }, limit: 70}
	soak, err := SoakUntilSteady(context.Background(), o.config())
	if err != nil || !soak.Steady || soak.Throttled == nil {
		t.Fatalf("%+v (%v)", soak, err)
	}
	if d := *soak.Throttled - 4*time.Minute; d < 0 || d > 2*time.Second {
		t.Errorf("throttled after %v, want 4 minutes and less than two readings", *soak.Throttled)
	}
	pulse := Pulse{Throttles: 7}
	o = oven{celsius: func(time.Duration) float64 { return 50 }}
	cfg := o.config()
	cfg.Probe = probeFunc(func() (Pulse, error) {
		if o.now > time.Minute {
			pulse.Throttles = 8
		}
		return pulse, nil
	})
	soak, err = SoakUntilSteady(context.Background(), cfg)
	if err != nil || soak.Throttled == nil || *soak.Throttled < time.Minute {
		t.Errorf("a counter that rises: %+v (%v)", soak, err)
	}
}

func TestSoakThatNeverGetsSteadyHitsItsBound(t *testing.T) {
	// A fan that starts and stops every two minutes.
	o := oven{celsius: func(t time.Duration) float64 { return 60 + 5*float64(int(t.Minutes())/2%2) }, limit: 1000}
	soak, err := SoakUntilSteady(context.Background(), o.config())
	if err != nil || soak.Steady || soak.Time < 20*time.Minute || soak.Time > 21*time.Minute ||
		!strings.Contains(soak.Reason, "20m0s") {
		t.Errorf("%+v (%v)", soak, err)
	}
}

func TestSoakWithoutThermometerSaysSo(t *testing.T) {
	o := oven{celsius: func(time.Duration) float64 { return 0 }, blind: true}
	soak, err := SoakUntilSteady(context.Background(), o.config())
	if err != nil || soak.Steady || soak.Celsius != nil || !strings.Contains(soak.Reason, "no thermometer") {
		t.Errorf("%+v (%v)", soak, err)
	}
	if o.now < 10*time.Minute || o.now > 11*time.Minute {
		t.Errorf("soaked for %v, want 10 minutes", o.now)
	}
}

func TestSoakEndsWithItsWorkOrItsContext(t *testing.T) {
	o := oven{celsius: heating(), limit: 1000}
	cfg := o.config()
	broken := errors.New("boom")
	cfg.Work = func(context.Context) error { return broken }
	if _, err := SoakUntilSteady(context.Background(), cfg); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := SoakUntilSteady(ctx, o.config()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
