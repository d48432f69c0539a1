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

// marker reads the machine's state between samples and marks the samples of each window between two
// readings.
type marker struct {
	probe machine.Probe // nil for none
	at    time.Duration // when the last reading was taken
	from  int           // index of the first sample after it
	pulse machine.Pulse // the last reading
}

func (m *marker) due(now time.Duration) bool { return m.probe != nil && now-m.at >= readEvery }

// read takes a reading at time now and marks the samples since the one before.
func (m *marker) read(now time.Duration, samples []results.Sample) error {
	if m.probe == nil {
		return nil
	}
	pulse, err := m.probe.Read()
	if err != nil {
		return err
	}
	if mark := disturbance(m.pulse, pulse, now-m.at); mark != 0 {
		for i := m.from; i < len(samples); i++ {
			samples[i].Mark |= mark
		}
	}
	m.at, m.from, m.pulse = now, len(samples), pulse
	return nil
}
