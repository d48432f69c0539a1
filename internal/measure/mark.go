package measure

import (
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
)

// Samples are marked as disturbed by windows: successive whole samples that take windowLength or
// more together. What is left after the last window is judged together with that window, and so is a
// block that is shorter than one.
//
// What is left out because of a mark must not depend on how long it took. With a bound of a share of
// the window, the same load marks a window of a thousand samples and one of a single sample; with any
// fixed time, such as the kernel's tick, a sample of two seconds would be left out for what two
// hundred samples of ten milliseconds may ignore. The window is a hundred ticks long, so that the
// bounds are far above what a steady trickle of ticks makes by chance: at 20 ms of stolen time in
// each second, which left out 98 % of the samples of two seconds when a tick was the bound, a window
// passes 10 % in less than one of ten thousand, whatever the latency.
//
// The bounds are shares of one processor, for a thread loses what is taken from the processor that
// it runs on. Below them a disturbance stays in the result: it is part of this machine, and the
// rounds show it. Throttling has no bound: a counter that rises or a cooling device at work marks the
// window.
const (
	windowLength = time.Second
	stolenShare  = 0.1
	foreignShare = 0.3
	// leastTime is the least time that marks a block shorter than a window. Busy and own time are
	// counted in ticks of 10 ms and rounded separately, each by up to a tick for user time and one for
	// system time: less than three may be counting error.
	leastTime = 30 * time.Millisecond
	// readEvery is the least time between two readings, which look for a cooling device at work. A
	// reading takes about 30 microseconds, 0.03 % of the time.
	readEvery = 100 * time.Millisecond
	// latenessShare is by how much of an inference's latency an emulated link may miss its own
	// schedule, since results are stated to one percent. latenessTime is what it may miss in any
	// case: the cost of waking a thread.
	latenessShare = 0.01
	latenessTime  = 50 * time.Microsecond
)

// A window is a stretch of measurement that is not over yet.
type window struct {
	first     int           // index of its first sample
	start     time.Duration // when that was due, about
	pulse     machine.Pulse // read then
	throttled bool          // a cooling device was at work at one of the readings
}

// marks returns the marks of a window that ends now with this pulse. If it is shorter than
// windowLength, time is compared from the beginning of the one before, if there is one.
func (w *window) marks(before *window, now time.Duration, pulse machine.Pulse) results.Mark {
	var m results.Mark
	if w.throttled || pulse.Throttles > w.pulse.Throttles {
		m |= results.MarkThrottled
	}
	if before != nil && now-w.start < windowLength {
		w = before
	}
	bound := func(share float64) time.Duration {
		return max(leastTime, time.Duration(share*float64(now-w.start)))
	}
	if (pulse.Busy-w.pulse.Busy)-(pulse.Own-w.pulse.Own) >= bound(foreignShare) {
		m |= results.MarkForeignLoad
	}
	if pulse.Stolen-w.pulse.Stolen >= bound(stolenShare) {
		m |= results.MarkStolen
	}
	return m
}

// watch begins the first window: nothing before it is marked.
func (r *Runner) watch() error {
	if r.cfg.Probe == nil {
		return nil
	}
	pulse, now, err := r.pulse()
	r.window = window{first: len(r.block.Samples), start: now, pulse: pulse, throttled: pulse.Throttled}
	return err
}

// readMachine reads the machine's state, and ends the window if that is long enough.
func (r *Runner) readMachine() error {
	pulse, now, err := r.pulse()
	if err != nil {
		return err
	}
	r.window.throttled = r.window.throttled || pulse.Throttled
	if now-r.window.start >= windowLength {
		r.endWindow(now, pulse)
	}
	return nil
}

// unwatch ends the last window.
func (r *Runner) unwatch() error {
	if r.cfg.Probe == nil {
		return nil
	}
	pulse, now, err := r.pulse()
	if err != nil {
		return err
	}
	r.window.throttled = r.window.throttled || pulse.Throttled
	r.endWindow(now, pulse)
	return nil
}

func (r *Runner) pulse() (machine.Pulse, time.Duration, error) {
	r.readAt = r.cfg.Clock()
	pulse, err := r.cfg.Probe.Read()
	return pulse, r.readAt, r.failed("read the machine's state", err)
}

// endWindow marks the samples of the window and begins the next.
func (r *Runner) endWindow(now time.Duration, pulse machine.Pulse) {
	before := &r.before
	if r.before.first == 0 { // a window follows a first inference and a warm-up
		before = nil
	}
	mark := r.window.marks(before, now, pulse)
	for i := r.window.first; i < len(r.block.Samples); i++ {
		r.block.Samples[i].Mark |= mark
	}
	r.before = r.window
	r.window = window{first: len(r.block.Samples), start: now, pulse: pulse, throttled: pulse.Throttled}
}
