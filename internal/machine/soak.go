package machine

import "time"

// A Soak says how a machine was brought to its steady temperature.
type Soak struct {
	Steady  bool          `json:"steady"`
	Time    time.Duration `json:"time_ns"`
	Reason  string        `json:"reason"`            // "steady", or the bound that ended it
	Celsius *float64      `json:"celsius,omitempty"` // at its end; nil when no thermometer is visible
	// Throttled is the time to the first throttling; nil when none was seen.
	Throttled *time.Duration `json:"throttled_ns,omitempty"`
}
