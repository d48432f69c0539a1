package measure

import (
	"cmp"
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
)

// Bounds say from when on a reading of the machine's state marks the samples
// taken since the reading before. The zero value of a field stands for the
// default. Throttling has no bound: a counter that rises, or a cooling device
// that is at work, marks.
type Bounds struct {
	// Every is the least time between two readings: 100 ms. The kernel counts
	// processor time in ticks of 10 ms, so less could not tell load from none;
	// and a reading of some 30 microseconds then takes 0.03 % of the time.
	Every time.Duration
	// Foreign is the share of one processor that others may take: 0.3. Three
	// ticks in 100 ms is where counting error ends: busy and own time are
	// rounded apart, each by up to a tick for user and for system.
	Foreign float64
	// ForeignTime is the least foreign time that marks, for windows shorter
	// than Every: 30 ms, the same three ticks.
	ForeignTime time.Duration
	// Stolen is the processor time that the hypervisor may take in a window:
	// less than a tick, 10 ms, so any rise that can be seen marks.
	Stolen time.Duration
	// Lateness is by how much of its latency an emulated link may miss its own
	// schedule: 0.01, for results are told to one percent; and LatenessTime
	// the least that marks: 50 microseconds, what a thread's waking costs.
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

// lateness is the bound of an inference that took total.
func (b Bounds) lateness(total time.Duration) time.Duration {
	return max(b.LatenessTime, time.Duration(b.Lateness*float64(total)))
}

// mark says what happened in a window from the pulse before to the one after
// it that makes its samples doubtful.
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

// marker reads the machine's state between samples and marks the samples of
// each window.
type marker struct {
	probe  machine.Probe
	bounds Bounds
	at     time.Duration // of the last reading
	from   int           // the first sample after it
	pulse  machine.Pulse
}

// begin takes the first reading at now, when n samples were taken.
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

// read takes a reading at now and marks the samples since the one before.
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
