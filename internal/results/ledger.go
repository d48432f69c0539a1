package results

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
)

// A Ledger accounts for every declared combination.
type Ledger struct {
	Rounds   int                 `json:"rounds"` // planned
	Declared []names.Combination `json:"declared"`
	Planned  []Planned           `json:"planned,omitempty"` // of what can run here
	Run      []Tally             `json:"run"`               // maintained by the Writer
	Skipped  []Outcome           `json:"skipped,omitempty"`
	Failed   []Outcome           `json:"failed,omitempty"`
	// Recovered failed before the run was interrupted, and were measured after it was resumed.
	Recovered []Outcome `json:"recovered,omitempty"`
	// Imprecise are the combinations whose medians were less precise than asked for when the budget
	// ended.
	Imprecise []Imprecise `json:"imprecise,omitempty"`
	// Complete says that the run reached its planned end.
	Complete bool `json:"complete"`
}

// Planned is what a run is going to measure of a combination.
type Planned struct {
	Combination names.Combination `json:"combination"`
	Rounds      int               `json:"rounds"`
	Block       time.Duration     `json:"block_ns"`          // steady time of each block
	Samples     int               `json:"samples,omitempty"` // least number of its steady samples
	// Open is the time to open in the probe, plus what the first inference took beyond a later one.
	// If that was expensive, the probe opens twice: Cold is the first time, and Open the second,
	// which may have found a cache.
	Open time.Duration `json:"open_ns"`
	Cold time.Duration `json:"cold_open_ns,omitempty"`
}

// A Tally counts a combination's blocks.
type Tally struct {
	Combination names.Combination `json:"combination"`
	Blocks      int               `json:"blocks"`
	// Details are those of the blocks' sessions, each once, in order of appearance. More than one
	// means that something changed between rounds, such as a library that was exchanged.
	Details []Details `json:"details,omitempty"`
}

// ProbeRound is the round of the probe, which plans a run and records no block.
const ProbeRound = -1

// An Outcome says why a combination gave no block, in one round or at all.
type Outcome struct {
	Combination names.Combination `json:"combination"`
	Round       int               `json:"round"` // ProbeRound for the probe
	Reason      string            `json:"reason"`
}

// ByReason says what each reason cost, one line per reason in order of appearance: a missing
// prerequisite can cost many combinations.
func ByReason(all []Outcome, title func(names.Combination) string) []string {
	var lines []string
	for len(all) > 0 {
		first := all[0]
		others := slices.DeleteFunc(slices.Clone(all), func(o Outcome) bool { return o.Reason == first.Reason })
		what := title(first.Combination)
		if n := len(all) - len(others); n > 1 {
			what = fmt.Sprintf("%d combinations, %s first", n, what)
		}
		lines = append(lines, what+": "+strings.TrimSpace(first.Reason))
		all = others
	}
	return lines
}

// Imprecise is a combination whose median is less precise than asked for. Both widths are those of
// the median's 95 % interval, relative to the median.
type Imprecise struct {
	Combination names.Combination `json:"combination"`
	Reached     *float64          `json:"reached,omitempty"` // nil if the interval is unbounded
	Wanted      float64           `json:"wanted"`
}

func (l *Ledger) count(b *Block) {
	i := slices.IndexFunc(l.Run, func(t Tally) bool { return t.Combination == b.Combination })
	if i < 0 {
		i = len(l.Run)
		l.Run = append(l.Run, Tally{Combination: b.Combination})
	}
	t := &l.Run[i]
	t.Blocks++
	if b.Details != nil && !slices.Contains(t.Details, *b.Details) {
		t.Details = append(t.Details, *b.Details)
	}
}

// recover removes the outcomes that a block of this combination and round disproves: its
// combination was skipped, or failed in this round or the probe.
func (l *Ledger) recover(c names.Combination, round int) {
	l.Skipped = slices.DeleteFunc(l.Skipped, func(o Outcome) bool { return o.Combination == c })
	l.Failed = slices.DeleteFunc(l.Failed, func(o Outcome) bool {
		recovered := o.Combination == c && (o.Round == round || o.Round == ProbeRound)
		if recovered {
			l.Recovered = append(l.Recovered, o)
		}
		return recovered
	})
}

// fail records that a combination failed in a round, in place of what was recorded before: that it
// was skipped, or an earlier failure in this round.
func (l *Ledger) fail(c names.Combination, round int, reason string) {
	l.Skipped = slices.DeleteFunc(l.Skipped, func(o Outcome) bool { return o.Combination == c })
	l.Failed = slices.DeleteFunc(l.Failed, func(o Outcome) bool { return o.Combination == c && o.Round == round })
	l.Failed = append(l.Failed, Outcome{Combination: c, Round: round, Reason: reason})
}

func (l *Ledger) skipped(c names.Combination) bool {
	return slices.ContainsFunc(l.Skipped, func(o Outcome) bool { return o.Combination == c })
}
