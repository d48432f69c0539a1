package machine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// A Soak says how a machine was brought to its steady temperature.
type Soak struct {
	Steady  bool          `json:"steady"`
	Time    time.Duration `json:"time_ns"`
	Reason  string        `json:"reason"`            // "steady", or the bound that ended it
	Celsius *float64      `json:"celsius,omitempty"` // at its end; nil without a thermometer
	// Throttled is the time to the first throttling; nil if none was seen.
	Throttled *time.Duration `json:"throttled_ns,omitempty"`
}

// A SoakConfig says what SoakUntilSteady does. 0 stands for the default of a
// duration and of Within, which its comment gives.
type SoakConfig struct {
	// Work heats the machine. One call should take much less time than Every.
	Work func(context.Context) error
	// Thermometer returns the highest temperature in degrees Celsius; ok is false
	// if there is no reading. It is nil if there is no thermometer.
	Thermometer func() (celsius float64, ok bool)
	// Throttling returns a count that rises with each throttling, and whether the
	// machine is throttled now. It is nil if throttling cannot be seen.
	Throttling func() (count uint64, now bool)
	// Clock is a monotonic clock.
	Clock func() time.Duration

	Every  time.Duration // between two readings; 1 s
	Window time.Duration // over which temperatures are averaged; 1 min
	Within float64       // degrees by which the means may differ; 0.5
	Max    time.Duration // of the soak; 20 min
	Blind  time.Duration // of the soak without a thermometer; 10 min
}

// SoakUntilSteady works until the temperature is steady: until the means of the
// last three Windows are Within of each other. Thermometers step by whole degrees
// and fans start and stop within seconds, so single readings say little; a mean
// over a minute resolves tenths. A case heats up within some ten minutes, during
// which its mean rises by more than half a degree per minute.
//
// Without a thermometer, as in most virtual machines, the soak lasts for Blind,
// and its Reason says so. An error comes from Work or from ctx.
func SoakUntilSteady(ctx context.Context, cfg SoakConfig) (Soak, error) {
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	cfg.Window = cmp.Or(cfg.Window, time.Minute)
	cfg.Within = cmp.Or(cfg.Within, 0.5)
	cfg.Max = cmp.Or(cfg.Max, 20*time.Minute)
	cfg.Blind = cmp.Or(cfg.Blind, 10*time.Minute)
	var soak Soak
	var throttles uint64
	if cfg.Throttling != nil {
		throttles, _ = cfg.Throttling()
	}
	var means []float64 // of the windows
	var sum float64
	var readings int
	start := cfg.Clock()
	read, window := start, start // when the current interval and window began
	for {
		if err := ctx.Err(); err != nil {
			return soak, fmt.Errorf("soak: %w", context.Cause(ctx))
		}
		if err := cfg.Work(ctx); err != nil {
			return soak, fmt.Errorf("soak: %w", err)
		}
		now := cfg.Clock()
		soak.Time = now - start
		if now-read < cfg.Every {
			continue
		}
		read = now
		if cfg.Throttling != nil && soak.Throttled == nil {
			if count, is := cfg.Throttling(); is || count > throttles {
				at := soak.Time
				soak.Throttled = &at
			}
		}
		ok := false
		if cfg.Thermometer != nil {
			var celsius float64
			if celsius, ok = cfg.Thermometer(); ok {
				soak.Celsius = &celsius
				sum += celsius
				readings++
			}
		}
		if !ok && soak.Celsius == nil {
			if soak.Time >= cfg.Blind {
				soak.Reason = fmt.Sprintf("no thermometer is visible; soaked for %v", cfg.Blind)
				return soak, nil
			}
			continue
		}
		if now-window >= cfg.Window && readings > 0 {
			means = append(means, sum/float64(readings))
			sum, readings, window = 0, 0, now
			last := means[max(0, len(means)-3):]
			if len(last) == 3 && slices.Max(last)-slices.Min(last) <= cfg.Within {
				soak.Steady, soak.Reason = true, "steady"
				return soak, nil
			}
		}
		if soak.Time >= cfg.Max {
			soak.Reason = fmt.Sprintf("not steady within the bound of %v", cfg.Max)
			return soak, nil
		}
	}
}

// Throttling returns a SoakConfig's Throttling that reads p. If a reading fails,
// it repeats the one before.
func Throttling(p Probe) func() (count uint64, now bool) {
	last, _ := p.Read()
	return func() (uint64, bool) {
		if pulse, err := p.Read(); err == nil {
			last = pulse
		}
		return last.Throttles, last.Throttled
	}
}

// Hottest returns the highest temperature in s; ok is false if it has none.
func (s *Snapshot) Hottest() (celsius float64, ok bool) {
	for _, t := range s.Temperatures {
		if !ok || t.Celsius > celsius {
			celsius, ok = t.Celsius, true
		}
	}
	return celsius, ok
}
