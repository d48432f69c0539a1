package measure

import (
	"cmp"
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
)

// Bounds say which readings of the machine's state mark the samples taken since
// the reading before. The zero value of a field stands for its default, which the
// field's comment gives. Throttling has no bound: a counter that rises, or a
// cooling device at work, marks them.
type Bounds struct {
	// Every is the least time between two readings: 100 ms. The kernel counts
	// processor time in ticks of 10 ms, so a shorter window could not show whether
	// there was load. A reading takes about 30 microseconds, 0.03 % of the time.
	Every time.Duration
	// Foreign is the share of one processor from which the load of other processes
	// marks: 0.3. In a window of 100 ms, less than three ticks may be counting
	// error: busy and own time are rounded separately, each by up to a tick for
	// user time and one for system time.
	Foreign float64
	// ForeignTime is the least foreign time that marks, for windows shorter than
	// Every: 30 ms, the same three ticks.
	ForeignTime time.Duration
	// Stolen is the least time taken by the hypervisor in a window that marks:
	// 10 ms, one tick, so that any visible rise does.
	Stolen time.Duration
	// Lateness is by how much of an inference's latency an emulated link may miss
	// its own schedule: 0.01, since results are stated to one percent. LatenessTime
	// is what it may miss in any case: 50 microseconds, the cost of waking a thread.
	Lateness     float64
	LatenessTime time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.Every = cmp.Or(b.Every, 100*time.Millisecond)
	b.Foreign = cmp.Or(b.Foreign, 0.3)
	b.ForeignTime = cmp.Or(b.ForeignTime, 30*time.Millisecond)
	b.Stolen = cmp.Or(b.Stolen, 10*time.Millisecond)
	b.Lateness = cmp.Or(b.Lateness, 0.01)
	b.LatenessTime = cmp.Or(b.LatenessTime, 50*time.Microsecond)
	return b
}

// lateness returns the bound for an inference that took total.
func (b Bounds) lateness(total time.Duration) time.Duration {
	return max(b.LatenessTime, time.Duration(b.Lateness*float64(total)))
}

// mark returns what disturbed the samples in the window between two readings.
func (b Bounds) mark(before, after machine.Pulse, window time.Duration) results.Mark {
	var m results.Mark
	if after.Throttles > before.Throttles || before.Throttled || after.Throttled {
		m |= results.MarkThrottled
	}
	foreign := (after.Busy - before.Busy) - (after.Own - before.Own)
	if foreign >= b.ForeignTime && float64(foreign) >= b.Foreign*float64(window) {
		m |= results.MarkForeignLoad
	}
	if after.Stolen-before.Stolen >= b.Stolen {
		m |= results.MarkStolen
	}
	return m
}

// marker reads the machine's state between samples and marks the samples of each
// window between two readings.
type marker struct {
	probe  machine.Probe // nil for none
	bounds Bounds
	at     time.Duration // when the last reading was taken
	from   int           // index of the first sample after it
	pulse  machine.Pulse // the last reading
}

// begin takes the first reading, at time now and after n samples.
func (m *marker) begin(p machine.Probe, bounds Bounds, now time.Duration, n int) (err error) {
	m.probe, m.bounds, m.at, m.from = p, bounds, now, n
	if p != nil {
		m.pulse, err = p.Read()
	}
	return err
}

// due reports whether the next reading is due.
func (m *marker) due(now time.Duration) bool {
	return now-m.at >= m.bounds.Every && m.probe != nil
}

// read takes a reading at time now and marks the samples since the one before.
func (m *marker) read(now time.Duration, samples []results.Sample) error {
	if m.probe == nil {
		return nil
	}
	pulse, err := m.probe.Read()
	if err != nil {
		return err
	}
	if mark := m.bounds.mark(m.pulse, pulse, now-m.at); mark != 0 {
		for i := m.from; i < len(samples); i++ {
			samples[i].Mark |= mark
		}
	}
	m.at, m.from, m.pulse = now, len(samples), pulse
	return nil
}
