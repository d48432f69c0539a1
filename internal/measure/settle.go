package measure

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/crossover-bench/crossover/internal/results"
)

// Settle says when a warm-up ends. The zero value of a field stands for its default.
//
// The latency has settled if its last part shows no trend: the line of the trend test (trendOf) is
// not significant, or it changes the latency by less than Tolerance over that time and over the
// steady part to come.
//
//   - The last part is the last two thirds, counted in inferences, since what a slow decay needs to
//     become invisible grows with its time constant. The last half and the last quarter will do where
//     they take MinTime or more and hold hundreds of inferences: the line is certain enough then.
//   - The test is looked at whenever the warm-up has become a seventh longer, not after each
//     inference: each look is another chance to miss a decay.
//   - MinTime, half a second, and MinRuns, 15 inferences: governors and boost clocks respond within
//     tens of milliseconds, and a line through fewer says nothing.
//   - A noisy series of few inferences hides a slow decay. It goes on until the steady part together
//     with it will show one: see vague.
//
// A decay that cannot be waited for is not settled at the bound, or it shows as Block.Drift over
// warm-up and steady part.
type Settle struct {
	MinTime   time.Duration // default 500 ms
	MinRuns   int           // default 15
	Tolerance float64       // relative; default 0.01
	MaxTime   time.Duration // ends the warm-up unsettled, see slowFactor; default 10 s
	MaxRuns   int           // ends the warm-up unsettled; default 100 000
}

const (
	// settleErrors is how many standard errors of a trend a warm-up may show, driftErrors how many a
	// block. A needless look costs little time, a needless remark costs trust.
	settleErrors = 2
	driftErrors  = 2.5
	// lookGrowth is by how much a warm-up becomes longer between two looks.
	lookGrowth = 1.15
	// slowRuns is the number of inferences that a warm-up may take after MaxTime, and slowFactor times
	// MaxTime what bounds it even then: ten seconds of a network that takes 300 ms for an inference
	// are too few to see through correlated noise, and those of one that takes seconds hold no line.
	slowRuns   = 100
	slowFactor = 6
	// shortRuns is how many inferences make the last half or quarter of a warm-up long enough.
	shortRuns = 200
	// manyRuns is from how many inferences on a series is never vague, and vagueTime how long it may
	// be.
	manyRuns  = 100
	vagueTime = 3 * time.Second
	// slowestDecay is the change of latency per second that a block must show: that of an excess of
	// 50 % with a time constant of 10 s, 0.5 / 1.5 / 10 s. showErrors is by how many standard errors.
	slowestDecay = 1.0 / 30
	showErrors   = 10
)

func (s Settle) withDefaults() Settle {
	s.MinTime = cmp.Or(s.MinTime, 500*time.Millisecond)
	s.MinRuns = cmp.Or(s.MinRuns, 15)
	s.Tolerance = cmp.Or(s.Tolerance, 0.01)
	s.MaxTime = cmp.Or(s.MaxTime, 10*time.Second)
	s.MaxRuns = cmp.Or(s.MaxRuns, 100_000)
	return s
}

func (s Settle) check() error {
	switch {
	case s.MinTime < 0 || s.MaxTime <= 0 || s.MinRuns < 1 || s.MaxRuns < 1:
		return errors.New("settle: the bounds of time and runs must be above 0")
	case !(s.Tolerance >= 0 && s.Tolerance < 1):
		return fmt.Errorf("settle: tolerance %v; want 0 to 1, relative", s.Tolerance)
	}
	return nil
}

// settling follows a warm-up.
type settling struct {
	Settle
	steady func(each time.Duration) time.Duration // how long the steady part will take

	latencies []time.Duration
	spent     time.Duration // their sum
	next      time.Duration // when to look
	level     int           // the index in latencies from which on the last look found them level
}

// add takes the next latency and reports whether the series has settled.
func (s *settling) add(latency time.Duration) bool {
	s.latencies = append(s.latencies, latency)
	s.spent += latency
	if len(s.latencies) < s.MinRuns || s.spent < max(s.next, s.MinTime) {
		return false
	}
	s.next = time.Duration(lookGrowth * float64(s.spent))
	n := len(s.latencies)
	each := s.spent / time.Duration(n)
	for i, level := range [...]int{n / 3, n / 2, n - n/4} {
		if i > 0 && (n-level < shortRuns || time.Duration(n-level)*each < s.MinTime) {
			break
		}
		s.level = level
		if s.settled(each) {
			return true
		}
	}
	s.level = n / 3
	return false
}

// settled reports whether the latencies from s.level on are level; each is their mean.
func (s *settling) settled(each time.Duration) bool {
	tr, ok := trendOf(s.latencies[s.level:])
	span := (each * time.Duration(len(s.latencies)-s.level)).Seconds()
	steady := s.steady(each).Seconds()
	if !ok || s.vague(tr, span, steady) {
		return false
	}
	return !tr.significant(settleErrors) || math.Abs(tr.change)*max(1, steady/span) < s.Tolerance
}

// over returns why a warm-up that took this long must end unsettled, or "".
func (s *settling) over(taken time.Duration) string {
	switch runs := len(s.latencies); {
	case taken >= s.MaxTime && (runs >= slowRuns || taken >= slowFactor*s.MaxTime):
		return fmt.Sprintf("not settled within the bound of %v", s.MaxTime)
	case runs >= s.MaxRuns:
		return fmt.Sprintf("not settled within the bound of %d runs", s.MaxRuns)
	}
	return ""
}

// vague reports whether the level part of a warm-up, of span seconds, together with the steady part
// to come would leave the slowest decay hidden in noise. The standard error of a slope falls with the
// power 3/2 of the time.
func (s *settling) vague(tr trend, span, steady float64) bool {
	if len(s.latencies) >= manyRuns || s.spent >= vagueTime {
		return false
	}
	slopeError := tr.err / span * math.Pow(span/(span+steady), 1.5)
	return showErrors*slopeError > slowestDecay
}

// driftTolerance is the relative change within a block up to which no drift is reported: a
// regression gate looks for 3 % and more. Of fewer than driftRuns inferences it takes
// proportionately more, because their correlation is not known well enough: level AR(1) noise of
// 0.9 that spreads by 2 % passes the trend test too often.
const (
	driftTolerance = 0.02
	driftRuns      = 120
)

// driftOf returns the relative change of the median from the first third of the latencies to the
// last. It is 0 unless there is a trend that noise does not explain.
func driftOf(latencies []time.Duration) float64 {
	tr, ok := trendOf(latencies)
	tolerance := driftTolerance * max(1, driftRuns/float64(len(latencies)))
	if !ok || !tr.significant(driftErrors) || max(math.Abs(tr.change), math.Abs(tr.thirds)) <= tolerance {
		return 0
	}
	return tr.thirds
}

// totals returns the latencies of samples.
func totals(samples []results.Sample) []time.Duration {
	all := make([]time.Duration, len(samples))
	for i, s := range samples {
		all[i] = s.Total
	}
	return all
}
