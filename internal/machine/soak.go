package machine

import (
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

// A SoakConfig says how SoakUntilSteady heats and watches the machine.
type SoakConfig struct {
	// Work heats the machine. One call should take much less time than soakEvery.
	Work func(context.Context) error
	// Thermometer returns the highest temperature in degrees Celsius; ok is false if there is no
	// reading.
	Thermometer func() (celsius float64, ok bool)
	Probe       Probe // sees when the machine throttles
	// Clock is a monotonic clock.
	Clock func() time.Duration
}

const (
	soakEvery  = time.Second // between two readings
	soakWindow = time.Minute // over which temperatures are averaged
	soakWithin = 0.5         // degrees by which the means may differ
)

// The longest soak, and the length of one without a thermometer.
const (
	SoakMax   = 20 * time.Minute
	SoakBlind = 10 * time.Minute
)

// SoakUntilSteady works until the temperature is steady: until the means of the last three windows
// are within half a degree of each other. Thermometers step by whole degrees and fans start and
// stop within seconds, so single readings say little; a mean over a minute resolves tenths. A case
// heats up within some ten minutes, during which its mean rises by more than half a degree per
// minute.
//
// Without a thermometer, as in most virtual machines, the soak has a fixed length, and its Reason
// says so. An error comes from Work or from ctx.
func SoakUntilSteady(ctx context.Context, cfg SoakConfig) (Soak, error) {
	var soak Soak
	var means []float64 // of the windows
	var sum float64
	var readings int
	before, _ := cfg.Probe.Read()
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
		if now-read < soakEvery {
			continue
		}
		read = now
		pulse, err := cfg.Probe.Read()
		if err == nil && soak.Throttled == nil && (pulse.Throttled || pulse.Throttles > before.Throttles) {
			soak.Throttled = new(soak.Time)
		}
		if celsius, ok := cfg.Thermometer(); ok {
			soak.Celsius = &celsius
			sum += celsius
			readings++
		}
		if now-window >= soakWindow && readings > 0 {
			means = append(means, sum/float64(readings))
			sum, readings, window = 0, 0, now
			last := means[max(0, len(means)-3):]
			if len(last) == 3 && slices.Max(last)-slices.Min(last) <= soakWithin {
				soak.Steady, soak.Reason = true, "steady"
				return soak, nil
			}
		}
		switch {
		case soak.Celsius == nil && soak.Time >= SoakBlind:
			soak.Reason = "no thermometer is visible, so the time is fixed"
			return soak, nil
		case soak.Time >= SoakMax:
			soak.Reason = fmt.Sprintf("not steady within the bound of %v", SoakMax)
			return soak, nil
		}
	}
}
