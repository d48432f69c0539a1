package rounds

import (
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Screen shows a person how a run goes. Its methods are called one at a time.
type Screen interface {
	Probing(n int)  // before the probe of n combinations
	Planned(p Plan) // once the plan is made
	// Started is called when a block begins: done of total blocks are over; total is 0 if rounds go
	// on for a precision. In the probe the round is below 0.
	Started(c names.Combination, round, done, total int)
	// Finished is called with each block that was kept; left estimates the time to the end of the
	// run, or of its budget if total is 0.
	Finished(b *results.Block, done, total int, left time.Duration)
	// Dropped is called for a combination that is out of the run from now on: verb is "skipped" or
	// "failed".
	Dropped(c names.Combination, verb, reason string)
}

type quiet struct{}

func (quiet) Probing(int)                                      {}
func (quiet) Planned(Plan)                                     {}
func (quiet) Started(names.Combination, int, int, int)         {}
func (quiet) Finished(*results.Block, int, int, time.Duration) {}
func (quiet) Dropped(names.Combination, string, string)        {}

// Roughly prints a duration as a person would say it.
func Roughly(d time.Duration) string {
	switch {
	case d >= 10*time.Minute:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
