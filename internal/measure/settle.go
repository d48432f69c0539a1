package measure

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/stats"
)

// Settle says when a warm-up ends. The zero value of a field stands for its default.
//
// Inferences are grouped into successive windows of at least WindowTime and at least WindowRuns
// inferences. The latency has settled if the medians of the last Windows windows agree: all of them
// lie within Tolerance of each other, or the order-statistic intervals of all have a point in
// common.
//
//   - The intervals derive a tolerance from the windows' own spread, whatever its shape: a quiet
//     series must be level; a noisy or bimodal one need only be as level as its spread can show.
//     Each interval has 99 % confidence, or runs from the least to the greatest sample if there are
//     too few (94 % for 5 samples), so that level noise rarely fails by chance.
//   - Tolerance, 1 %, is a floor: without it, windows of thousands of inferences would show drifts
//     that do not matter.
//   - All of the last windows are compared, not only neighbours, so that a slow drift does not pass
//     in small steps.
//   - A window takes 100 ms: governors and boost clocks respond within tens of milliseconds, and a
//     fast model must not settle on its first microseconds. It holds five inferences: the spread of
//     fewer says nothing.
type Settle struct {
	Windows    int           // how many must agree; default 3
	WindowTime time.Duration // default 100 ms
	WindowRuns int           // default 5
	Tolerance  float64       // relative; default 0.01
	MaxTime    time.Duration // ends the warm-up unsettled, see slowFactor; default 10 s
	MaxRuns    int           // ends the warm-up unsettled; default 100 000
}

// slowFactor times MaxTime bounds a warm-up that has not filled its windows yet. Within MaxTime, a
// network that takes seconds for an inference could never settle.
const slowFactor = 6

func (s Settle) withDefaults() Settle {
	s.Windows = cmp.Or(s.Windows, 3)
	s.WindowTime = cmp.Or(s.WindowTime, 100*time.Millisecond)
	s.WindowRuns = cmp.Or(s.WindowRuns, 5)
	s.Tolerance = cmp.Or(s.Tolerance, 0.01)
	s.MaxTime = cmp.Or(s.MaxTime, 10*time.Second)
	s.MaxRuns = cmp.Or(s.MaxRuns, 100_000)
	return s
}

func (s Settle) check() error {
	switch {
	case s.Windows < 2:
		return fmt.Errorf("settle: %d windows; it takes 2 to agree", s.Windows)
	case s.WindowRuns < 1 || s.MaxRuns < 1 || s.WindowTime < 0 || s.MaxTime <= 0:
		return errors.New("settle: windows and bounds of time and runs must be above 0")
	case !(s.Tolerance >= 0 && s.Tolerance < 1):
		return fmt.Errorf("settle: tolerance %v; want 0 to 1, relative", s.Tolerance)
	}
	return nil
}

type settling struct {
	Settle
	window  []float64     // latencies in the window that is being filled, in seconds
	spent   time.Duration // their sum
	windows []level       // the last full ones, at most Windows
}

// level is a window's median with its interval, in seconds.
type level struct{ median, lo, hi float64 }

func (s *settling) full() bool { return len(s.windows) == s.Windows }

// add takes the next latency and reports whether the series has settled.
func (s *settling) add(latency time.Duration) bool {
	s.window = append(s.window, latency.Seconds())
	s.spent += latency
	if len(s.window) < s.WindowRuns || s.spent < s.WindowTime {
		return false
	}
	if len(s.windows) == s.Windows {
		s.windows = append(s.windows[:0], s.windows[1:]...)
	}
	s.windows = append(s.windows, levelOf(s.window))
	s.window, s.spent = s.window[:0], 0
	return s.full() && agree(s.windows, s.Tolerance)
}

// levelOf sorts samples, at least one, and returns their level.
func levelOf(samples []float64) level {
	slices.Sort(samples)
	iv, _ := stats.MedianInterval(samples, 0.99) // it fails only without samples
	return level{
		median: stats.Quantile(samples, 0.5),
		lo:     max(iv.Lo, samples[0]), // the ends are infinite for few samples
		hi:     min(iv.Hi, samples[len(samples)-1]),
	}
}

// agree reports whether the medians lie within the relative tolerance, or all intervals have a
// point in common.
func agree(levels []level, tolerance float64) bool {
	least, most := math.Inf(1), math.Inf(-1)
	lo, hi := math.Inf(-1), math.Inf(1)
	for _, l := range levels {
		least, most = min(least, l.median), max(most, l.median)
		lo, hi = max(lo, l.lo), min(hi, l.hi)
	}
	return most-least <= tolerance*least || lo <= hi
}

// driftOf returns the relative change of the median from the first third of the latencies (seconds,
// in order) to the last. It is 0 if the change is within the tolerance or explained by their
// spread.
func driftOf(latencies []float64, tolerance float64) float64 {
	third := len(latencies) / 3
	if third < 5 { // too few for an interval
		return 0
	}
	first := levelOf(slices.Clone(latencies[:third]))
	last := levelOf(slices.Clone(latencies[len(latencies)-third:]))
	if first.median <= 0 || agree([]level{first, last}, tolerance) {
		return 0
	}
	return last.median/first.median - 1
}
