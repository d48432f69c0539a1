// Package rounds measures combinations in shuffled rounds: it drives the suites' test binary, which
// takes the blocks, and keeps what it sends. One call of [Driver.Run] is one run:
//
//  1. Probe: one short block of each combination shows how long opening and warming up take, and
//     what cannot run here. What is expensive to open gets a second block, since it may come from a
//     cache then.
//  2. Plan: a [Plan] says how long the run will take. Above the budget it is refused, with a list
//     of what to leave out.
//  3. Rounds: each measures every open combination once, in processes of its own and in an order
//     shuffled by the run's seed. So no combination gets only the cold or the hot minutes, and a crash
//     costs only its own combination.
//  4. Precision: if the [Settings] ask for one, rounds go on for the combinations whose median is
//     not known well enough yet.
//
// [Driver.Extend] adds rounds to a run. The driver is the only writer of the run folder, its
// [Store]. A [Binary] also answers questions, without a driver.
package rounds

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Store is what the driver writes to the run folder; *results.Writer is one.
type Store interface {
	AppendBlock(b results.Block) error
	Plan(planned []results.Planned) error
	Skip(c names.Combination, reason string) error
	Fail(c names.Combination, round int, reason string) error
}

// Settings say how much to measure.
type Settings struct {
	Rounds    int           // blocks of each combination, without a precision
	Block     time.Duration // steady time of a block
	Seed      uint64        // of the order within the rounds
	Budget    time.Duration // the run is refused if probe and plan are longer; 0 means unlimited
	Precision float64       // see stats.PreciseEnough; 0 means a fixed number of rounds
	// Samples is the least number of steady samples that each block of a combination needs, such as
	// for a percentile. Its blocks become longer than Block for them, up to Longest; 0 means a minute.
	Samples map[names.Combination]int
	Longest time.Duration
}

// Least returns the number of rounds that are planned; a precision may add more.
func (s Settings) Least() int {
	if s.Precision > 0 {
		return stats.LeastPreciseRounds
	}
	return s.Rounds
}

// An Ending says how a run ended.
type Ending struct {
	Plan      Plan
	Finished  bool                // the run came to its planned end, even if it dropped combinations
	Failed    []results.Outcome   // combinations that crashed, hung or returned an error
	Imprecise []results.Imprecise // those that the budget ended before they reached the precision asked for
}

// A Driver measures combinations in rounds.
type Driver struct {
	Binary   Binary
	Settings Settings
	Store    Store
	Screen   Screen // nil for none
	// Ready is called before the first round of Run, once the plan stands; nil if there is nothing
	// to do. The budget does not bound its time.
	Ready func() error
	// LeaveOut are the marks of the samples that do not count towards a precision.
	LeaveOut results.Mark
	// Recorded are the blocks that an interrupted run left. They count as measured, and Run
	// completes what is missing, as it was Planned then.
	Recorded []results.Block
	Planned  []results.Planned
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Patience is how long the next result may take beyond ten times what the plan says, before the
	// process counts as hung; 0 means a minute.
	Patience time.Duration

	kept     map[names.Combination][]keptRound
	dropped  map[names.Combination]bool
	before   map[names.Combination]results.Planned // what is Planned of those with a block
	ending   Ending
	probed   int       // combinations
	done     int       // blocks
	next     int       // the round after the last with a block
	deadline time.Time // of rounds added for precision
}

// keptRound is what the driver remembers of a block that was kept. The samples are on disk only,
// since a run may be long.
type keptRound struct {
	round  int
	median float64 // latency in seconds; NaN if all samples are left out
}

// Run measures the combinations as the settings say. The error says why nothing, or not everything,
// was measured; the ending holds what is known even then.
func (d *Driver) Run(ctx context.Context, declared []names.Combination) (*Ending, error) {
	d.begin()
	start := d.Now()
	if err := d.probe(ctx, declared); err != nil {
		return &d.ending, err
	}
	left := d.Settings.Budget - d.Now().Sub(start)
	if err := d.withinBudget(left); err != nil {
		return &d.ending, err
	}
	if d.Ready != nil {
		if err := d.Ready(); err != nil {
			return &d.ending, err
		}
	}
	if d.Settings.Budget > 0 {
		d.deadline = d.Now().Add(left)
	}
	for round := 0; d.pending(round); round++ {
		if err := d.round(ctx, round, d.due(round)); err != nil {
			return &d.ending, err
		}
	}
	d.ending.Finished = true
	return &d.ending, d.failed()
}

// Extend measures this many more rounds of the combinations, whatever number the settings give, and
// numbers them on from the last. Settings.Samples may have grown since the plan: blocks become longer
// then. Combinations that are new to the run are probed first. What cannot
// run here is in the ending; a combination that failed is an error, as in Run.
func (d *Driver) Extend(ctx context.Context, combinations []names.Combination, rounds int) (*Ending, error) {
	d.begin()
	known := func(c names.Combination) bool { return d.dropped[c] || d.ending.Plan.item(c) != nil }
	unknown := slices.DeleteFunc(slices.Clone(combinations), known)
	if len(unknown) > 0 {
		if err := d.probe(ctx, unknown); err != nil {
			return &d.ending, err
		}
	}
	first := d.next
	for round := first; round < first+rounds; round++ {
		var due []Item
		for i := range d.ending.Plan.Open {
			p := &d.ending.Plan.Open[i]
			if !d.dropped[p.Combination] && slices.Contains(combinations, p.Combination) {
				p.Samples = max(p.Samples, d.Settings.least(p.Combination, p.cost.latency))
				p.Rounds = max(p.Rounds, len(d.kept[p.Combination])+first+rounds-round)
				due = append(due, *p)
			}
		}
		if err := d.round(ctx, round, due); err != nil {
			return &d.ending, err
		}
	}
	if err := d.keepPlan(); err != nil {
		return &d.ending, err
	}
	return &d.ending, d.failed()
}

func (d *Driver) begin() {
	if d.kept != nil {
		return
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Patience = cmp.Or(d.Patience, time.Minute)
	if d.Screen == nil {
		d.Screen = quiet{}
	}
	d.kept, d.dropped = map[names.Combination][]keptRound{}, map[names.Combination]bool{}
	for i := range d.Recorded {
		d.keep(&d.Recorded[i])
	}
	d.Recorded = nil
	// A combination without a block may get another plan.
	d.Planned = slices.DeleteFunc(slices.Clone(d.Planned), func(p results.Planned) bool {
		return len(d.kept[p.Combination]) == 0
	})
	d.before = map[names.Combination]results.Planned{}
	for _, p := range d.Planned {
		d.before[p.Combination] = p
	}
}

func (d *Driver) keep(b *results.Block) {
	median, ok := results.Median.OfBlock(b, results.Latency, d.LeaveOut)
	if !ok {
		median = math.NaN() // every inference was disturbed
	}
	d.kept[b.Combination] = append(d.kept[b.Combination], keptRound{b.Round, median})
	d.next = max(d.next, b.Round+1)
	d.done++
}

func (d *Driver) round(ctx context.Context, round int, due []Item) error {
	handle := func(ev results.Event) error {
		switch ev.Kind {
		case results.EventStart:
			d.Screen.Started(ev.Combination, round, d.done, d.total())
		case results.EventBlock:
			if err := d.Store.AppendBlock(*ev.Block); err != nil {
				return err
			}
			d.keep(ev.Block)
			d.Screen.Finished(ev.Block, d.done, d.total(), d.left())
		case results.EventSkip: // it ran in the probe
			return d.fail(ev.Combination, round, noLonger+ev.Reason)
		case results.EventFail:
			return d.fail(ev.Combination, round, ev.Reason)
		}
		return nil
	}
	for _, b := range schedule(due, round, d.Settings.Seed) {
		if err := d.do(ctx, b, d.patience, handle); err != nil {
			return err
		}
	}
	return nil
}

// do runs a batch, starting a new process for what a dead one left.
func (d *Driver) do(
	ctx context.Context, b batch, patience func(names.Combination) time.Duration, handle func(results.Event) error,
) error {
	for len(b.todo) > 0 {
		j := d.Binary.job(job.Measure, b.todo)
		j.Round, j.Block = b.round, b.block
		j.MinSamples, j.Longest = d.minSamples(b), d.Settings.longest()
		p := process{binary: d.Binary, patience: patience, handle: handle}
		left, err := p.run(ctx, j)
		if err != nil {
			return d.interrupted(err, b.round)
		}
		b.todo = left
	}
	return nil
}

// minSamples returns the least steady samples of a batch's combinations by name; none for the probe.
func (d *Driver) minSamples(b batch) map[string]int {
	least := map[string]int{}
	for _, c := range b.todo {
		if p := d.ending.Plan.item(c); p != nil && b.round != results.ProbeRound {
			least[c.Name()] = p.Samples
		}
	}
	return least
}

// patience is how long the next result of a planned combination may take.
func (d *Driver) patience(c names.Combination) time.Duration {
	if p := d.ending.Plan.item(c); p != nil {
		return d.Patience + 10*p.each()
	}
	return d.Patience
}

func (d *Driver) skip(c names.Combination, reason string) error {
	d.dropped[c] = true
	skipped := results.Outcome{Combination: c, Round: results.ProbeRound, Reason: reason}
	d.ending.Plan.Skipped = append(d.ending.Plan.Skipped, skipped)
	d.Screen.Dropped(c, "skipped", reason)
	return d.Store.Skip(c, reason)
}

// fail takes a combination that crashed, hung or returned an error out of the run.
func (d *Driver) fail(c names.Combination, round int, reason string) error {
	d.dropped[c] = true
	d.Screen.Dropped(c, "failed", reason)
	d.ending.Failed = append(d.ending.Failed, results.Outcome{Combination: c, Round: round, Reason: reason})
	return d.Store.Fail(c, round, reason)
}

func (d *Driver) failed() error {
	if len(d.ending.Failed) == 0 {
		return nil
	}
	return exit.Errorf(exit.NoData, "%d of %d combinations failed:\n%s",
		len(d.ending.Failed), d.probed, reasons(d.ending.Failed))
}

func reasons(all []results.Outcome) string {
	return "  " + strings.Join(results.ByReason(all, names.Combination.Name), "\n  ")
}

// interrupted says how far the run had come, if err is that of an interrupt.
func (d *Driver) interrupted(err error, round int) error {
	switch {
	case !errors.Is(err, context.Canceled):
		return err
	case round == results.ProbeRound:
		return exit.Errorf(exit.NoData, "interrupted during the probe, with %d blocks measured before", d.done)
	case d.total() == 0:
		return exit.Errorf(exit.NoData, "interrupted after %d blocks", d.done)
	}
	return exit.Errorf(exit.NoData, "interrupted after %d of %d blocks", d.done, d.total())
}

// total returns the number of blocks of the run, 0 if a precision decides when it ends.
func (d *Driver) total() int {
	if d.Settings.Precision > 0 {
		return 0
	}
	return max(d.ending.Plan.Blocks(), d.done)
}

// left estimates the time to the end of the run. If rounds go on for a precision, it is the time to
// the end of the budget, 0 without one.
func (d *Driver) left() time.Duration {
	if d.Settings.Precision > 0 {
		if d.deadline.IsZero() {
			return 0
		}
		return max(0, d.deadline.Sub(d.Now()))
	}
	var sum time.Duration
	for _, p := range d.ending.Plan.Open {
		if !d.dropped[p.Combination] {
			p.Kept = len(d.kept[p.Combination])
			sum += p.Duration()
		}
	}
	return sum
}
