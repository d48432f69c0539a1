package measure

import (
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
)

// What marks the samples taken between two readings of the machine's state. Throttling has no
// bound: a counter that rises, or a cooling device at work, marks them.
const (
	// readEvery is the least time between two readings. The kernel counts processor time in ticks
	// of 10 ms, so a shorter window could not show whether there was load. A reading takes about 30
	// microseconds, 0.03 % of the time.
	readEvery = 100 * time.Millisecond
	// foreignShare is the share of one processor from which the load of other processes marks. In a
	// window of 100 ms, less than three ticks may be counting error: busy and own time are rounded
	// separately, each by up to a tick for user time and one for system time. foreignTime is the
	// least that marks in a shorter window: the same three ticks.
	foreignShare = 0.3
	foreignTime  = 30 * time.Millisecond
	// stolenTime is the least time taken by the hypervisor that marks: one tick, so that any
	// visible rise does.
	stolenTime = 10 * time.Millisecond
	// latenessShare is by how much of an inference's latency an emulated link may miss its own
	// schedule, since results are stated to one percent. latenessTime is what it may miss in any
	// case: the cost of waking a thread.
	latenessShare = 0.01
	latenessTime  = 50 * time.Microsecond
)

func disturbance(before, after machine.Pulse, window time.Duration) results.Mark {
	var m results.Mark
	if after.Throttles > before.Throttles || before.Throttled || after.Throttled {
		m |= results.MarkThrottled
	}
	foreign := (after.Busy - before.Busy) - (after.Own - before.Own)
	if foreign >= foreignTime && float64(foreign) >= foreignShare*float64(window) {
		m |= results.MarkForeignLoad
	}
	if after.Stolen-before.Stolen >= stolenTime {
		m |= results.MarkStolen
	}
	return m
}

// readMachine reads the machine's state and marks the samples since the reading before.
func (r *Runner) readMachine() error {
	if r.cfg.Probe == nil {
		return nil
	}
	now := r.cfg.Clock()
	pulse, err := r.cfg.Probe.Read()
	if err != nil {
		return r.failed("read the machine's state", err)
	}
	if mark := disturbance(r.pulse, pulse, now-r.readAt); mark != 0 {
		for i := r.unmarked; i < len(r.block.Samples); i++ {
			r.block.Samples[i].Mark |= mark
		}
	}
	r.readAt, r.unmarked, r.pulse = now, len(r.block.Samples), pulse
	return nil
}
