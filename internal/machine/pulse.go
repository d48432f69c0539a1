package machine

import "time"

// A Pulse is what a Probe reads of the machine while samples are taken. The
// durations and Throttles count up from an arbitrary start: only differences
// of two pulses of one Probe mean something.
type Pulse struct {
	Busy      time.Duration // processor time used by everyone, over all processors
	Own       time.Duration // processor time used by this process and its helpers
	Stolen    time.Duration // processor time that the hypervisor took
	Throttles uint64        // how often a processor was slowed, or the group's quota ran out
	Throttled bool          // a cooling device slows a processor now
}

// A Probe reads the Pulse. Reading is cheap (tens of microseconds), allocates
// nothing, and is not safe for concurrent use.
type Probe interface {
	Read() (Pulse, error)
}
