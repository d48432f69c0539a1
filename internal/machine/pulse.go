package machine

import "time"

// A Pulse is what a Probe reads of the machine between samples. The durations and Throttles count
// from an arbitrary start: only differences between two pulses of one Probe have a meaning.
type Pulse struct {
	Busy      time.Duration // processor time that all processes used, over all processors
	Own       time.Duration // processor time that this process and its helpers used
	Stolen    time.Duration // processor time that the hypervisor took
	Throttles uint64        // how often a processor was slowed or the group's quota was used up
	Throttled bool          // a cooling device slows a processor now
}

// A Probe reads the Pulse. A read takes tens of microseconds, allocates nothing, and is not safe
// for concurrent use.
type Probe interface {
	Read() (Pulse, error)
}
