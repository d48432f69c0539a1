// Package rounds drives the suites' test binary, which measures, and keeps what
// it sends. One call of [Driver.Run] is one run:
//
//  1. probe: one short block of each combination tells how long opening and
//     warming up take, and what cannot run here; a second one of what is dear
//     to open, since it may come from a cache then;
//  2. plan: from the probe, how long the run will take; above the budget it is
//     refused, with what to leave out;
//  3. rounds: every open combination once a round, in an order shuffled by the
//     run's seed, in processes of their own, so that no combination owns the
//     cold or the hot minutes and a crash costs its combination alone;
//  4. with a precision, rounds go on for the combinations whose median is not
//     known well enough yet.
//
// The driver is the one writer of the run folder.
package rounds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Keeper is what the driver does to the run folder; *results.Writer is one.
type Keeper interface {
	AppendBlock(b results.Block) error
	Plan(planned []results.Planned) error
	Skip(c grid.Combination, reason string) error
	Fail(c grid.Combination, round int, reason string) error
}

// Screen shows a person how a run goes. Its methods are called one at a time.
type Screen interface {
	// Probing is called before the probe of n combinations.
	Probing(n int)
	// Planned is called once the plan is made.
	Planned(p Plan)
	// Started is called when a block begins: done of total blocks are over; total
	// is 0 where rounds go on for a precision. In the probe the round is below 0.
	Started(c grid.Combination, round, done, total int)
	// Finished is called with each block that was kept; left is the estimate of
	// the time to the end of the run, of its budget where total is 0.
	Finished(b *results.Block, done, total int, left time.Duration)
	// Lost is called for a combination that is out of the run from now on.
	Lost(c grid.Combination, verb, reason string)
}

// Settings say how much to measure.
type Settings struct {
	Rounds    int           // blocks of each combination, without a precision
	Block     time.Duration // steady time of a block
	Seed      uint64        // of the order within the rounds
	Budget    time.Duration // the run is refused when probe and plan are longer; 0: no bound
	Precision float64       // see stats.PreciseEnough; 0: a fixed number of rounds
}

// Least returns the number of rounds that are planned; a precision may go on.
func (s Settings) Least() int {
	if s.Precision > 0 {
		return stats.LeastPreciseRounds
	}
	return s.Rounds
}

// A Plan says what a run is going to do.
type Plan struct {
	Open []Planned // what will be measured
	// Skipped are the combinations that cannot run here, Failed those whose
	// probe failed; both with the reason.
	Skipped, Failed []Lost
}

// Lost is a combination that is not measured, and why.
type Lost struct {
	grid.Combination
	Reason string
}

// Duration returns how long the plan takes.
func (p Plan) Duration() time.Duration {
	var sum time.Duration
	for _, o := range p.Open {
		sum += o.Duration()
	}
	return sum
}

// Blocks returns the number of blocks of the plan.
func (p Plan) Blocks() int {
	n := 0
	for _, o := range p.Open {
		n += o.Rounds
	}
	return n
}

// Outcome says how a run ended.
type Outcome struct {
	Plan Plan
	// Finished says that the run came to its planned end, whatever it lost.
	Finished bool
	// Failed are the combinations that crashed, hung or returned an error.
	Failed []Lost
	// Imprecise are those that the budget ended before they reached the
	// precision asked for.
	Imprecise []results.Imprecise
}

// A Driver measures combinations in rounds.
type Driver struct {
	Binary   Binary
	Settings Settings
	Keep     Keeper
	Screen   Screen
	// Ready is called before the first round of Run, once the plan stands; nil for
	// nothing to do. The budget does not bound its time.
	Ready func() error
	// LeaveOut are the marks of the samples that say nothing of a precision.
	LeaveOut results.Mark
	// Recorded are the blocks that an interrupted run left: they count as
	// measured, and Run completes what is missing, as planned then.
	Recorded []results.Block
	Planned  []results.Planned
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Patience is how long the next result may take beyond ten times what the
	// plan says, before the process counts as hung; 0 means a minute.
	Patience time.Duration

	kept     map[grid.Combination][]keptRound
	lost     map[grid.Combination]bool
	outcome  Outcome
	done     int
	deadline time.Time // of rounds added for precision
}

// keptRound is what the driver needs to know of a block that was kept: a run
// may be long, and its samples are on disk.
type keptRound struct {
	round  int
	median float64 // latency in seconds; NaN when all samples are left out
}

// probeTime is the steady time of a probe's block.
const probeTime = 20 * time.Millisecond

// Run measures the combinations as the settings say. The error says why nothing,
// or not everything, was measured; the outcome holds what is known even then.
func (d *Driver) Run(ctx context.Context, declared []grid.Combination) (*Outcome, error) {
	d.begin()
	start := d.Now()
	if err := d.probe(ctx, declared); err != nil {
		return &d.outcome, err
	}
	left := d.Settings.Budget - d.Now().Sub(start)
	if err := d.withinBudget(left); err != nil {
		return &d.outcome, err
	}
	if d.Ready != nil {
		if err := d.Ready(); err != nil {
			return &d.outcome, err
		}
	}
	if d.Settings.Budget > 0 {
		d.deadline = d.Now().Add(left)
	}
	for round := 0; d.pending(round); round++ {
		if err := d.round(ctx, round, d.due(round)); err != nil {
			return &d.outcome, err
		}
	}
	d.outcome.Finished = true
	return &d.outcome, d.failed()
}

// Extend measures so many further rounds of the combinations, whatever the
// settings say of rounds, numbered on from the last. Combinations that are new
// to the run are probed first. What cannot run here is in the outcome; a
// combination that failed is an error, as in Run.
func (d *Driver) Extend(ctx context.Context, combinations []grid.Combination, rounds int) (*Outcome, error) {
	d.begin()
	var unknown []grid.Combination
	for _, c := range combinations {
		if !d.lost[c] && !slices.ContainsFunc(d.outcome.Plan.Open, func(p Planned) bool { return p.Combination == c }) {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		if err := d.probe(ctx, unknown); err != nil {
			return &d.outcome, err
		}
	}
	first := 0
	for _, kept := range d.kept {
		for _, k := range kept {
			first = max(first, k.round+1)
		}
	}
	for round := first; round < first+rounds; round++ {
		var due []Planned
		for i := range d.outcome.Plan.Open {
			p := &d.outcome.Plan.Open[i]
			if !d.lost[p.Combination] && slices.Contains(combinations, p.Combination) {
				p.Rounds = max(p.Rounds, len(d.kept[p.Combination])+first+rounds-round)
				due = append(due, *p)
			}
		}
		if err := d.round(ctx, round, due); err != nil {
			return &d.outcome, err
		}
	}
	if err := d.keepPlan(); err != nil {
		return &d.outcome, err
	}
	return &d.outcome, d.failed()
}

// begin readies the driver, once.
func (d *Driver) begin() {
	if d.kept != nil {
		return
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Patience == 0 {
		d.Patience = time.Minute
	}
	d.kept, d.lost = map[grid.Combination][]keptRound{}, map[grid.Combination]bool{}
	for i := range d.Recorded {
		d.keep(&d.Recorded[i])
	}
	d.Recorded = nil
	// What nothing was measured of may be planned anew.
	d.Planned = slices.DeleteFunc(slices.Clone(d.Planned), func(p results.Planned) bool { return len(d.kept[p.Combination]) == 0 })
}

// keep counts a block as measured.
func (d *Driver) keep(b *results.Block) {
	judged, _ := b.Steady(d.LeaveOut)
	d.kept[b.Combination] = append(d.kept[b.Combination], keptRound{b.Round, stats.Median(results.Latencies(judged))})
	d.done++
}

// round measures one block of each combination that is due.
func (d *Driver) round(ctx context.Context, round int, due []Planned) error {
	for _, b := range schedule(due, round, d.Settings.Seed) {
		if err := d.measure(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// failed returns an error that names the combinations that failed, or nil.
func (d *Driver) failed() error {
	if len(d.outcome.Failed) == 0 {
		return nil
	}
	plan := d.outcome.Plan
	return exit.Errorf(exit.NoData, "%d of %d combinations failed:\n%s",
		len(d.outcome.Failed), len(plan.Open)+len(plan.Skipped)+len(plan.Failed), reasons(d.outcome.Failed))
}

func reasons(lost []Lost) string {
	var b strings.Builder
	for _, l := range lost {
		fmt.Fprintf(&b, "  %s: %s\n", l.Name(), l.Reason)
	}
	return strings.TrimRight(b.String(), "\n")
}

// probe runs one short block of every combination, a second one of those that
// are dear to open, and makes the plan.
func (d *Driver) probe(ctx context.Context, declared []grid.Combination) error {
	d.Screen.Probing(len(declared))
	seen := map[grid.Combination]cost{}
	if err := d.probeEach(ctx, declared, seen, func(b *results.Block) { seen[b.Combination] = costOf(b) }); err != nil {
		return err
	}
	// What was compiled the first time may come out of a cache from now on.
	var dear []grid.Combination
	for _, c := range declared {
		if seen[c].dear(d.Settings.Block) {
			dear = append(dear, c)
		}
	}
	if err := d.probeEach(ctx, dear, seen, func(b *results.Block) {
		again := costOf(b)
		again.cold = seen[b.Combination].opening
		seen[b.Combination] = again
	}); err != nil {
		return err
	}
	made := &d.outcome.Plan
	for _, c := range declared {
		if cost, ok := seen[c]; ok && !d.lost[c] {
			made.Open = append(made.Open, d.plan(c, cost))
		}
	}
	d.Screen.Planned(*made)
	if len(made.Open) == 0 {
		return exit.Errorf(exit.NoData, "no combination can run here, so there is nothing to measure:\n%s", reasons(append(made.Skipped, made.Failed...)))
	}
	return d.keepPlan()
}

// keepPlan keeps what is planned; of what was measured before an interrupt, what
// was planned then.
func (d *Driver) keepPlan() error {
	planned := slices.Clone(d.Planned)
	for _, p := range d.outcome.Plan.Open {
		if d.planned(p.Combination) == nil {
			planned = append(planned, results.Planned{Combination: p.Combination, Rounds: p.Rounds, Block: p.Block, Open: p.cost.opening, Cold: p.cost.cold})
		}
	}
	return d.Keep.Plan(planned)
}

// planned returns what was planned of a combination before an interrupt; nil
// where nothing was measured of it.
func (d *Driver) planned(c grid.Combination) *results.Planned {
	i := slices.IndexFunc(d.Planned, func(p results.Planned) bool { return p.Combination == c })
	if i < 0 {
		return nil
	}
	return &d.Planned[i]
}

// plan plans a combination, as before the interrupt where it was measured then.
func (d *Driver) plan(c grid.Combination, cost cost) Planned {
	p := plan(c, cost, d.Settings.Block, d.Settings.Least())
	p.Kept = len(d.kept[c])
	if before := d.planned(c); before != nil {
		p.Block, p.Rounds = before.Block, before.Rounds
	}
	return p
}

// probeEach runs one short block of each combination and gives those that ran to
// ran. What cannot run here is skipped, unless it ran before: it is in seen then,
// or has blocks. Nothing is known of their speed yet, and a delegate may compile
// for minutes, so patience is fivefold.
func (d *Driver) probeEach(ctx context.Context, todo []grid.Combination, seen map[grid.Combination]cost, ran func(*results.Block)) error {
	b, done := batch{round: results.ProbeRound, block: probeTime, todo: todo}, 0
	for len(b.todo) > 0 {
		left, err := d.Binary.run(ctx, b, func(grid.Combination) time.Duration { return 5 * d.Patience }, func(ev results.Event) error {
			made := &d.outcome.Plan
			switch ev.Kind {
			case results.EventStart:
				d.Screen.Started(ev.Combination, results.ProbeRound, done, len(todo))
				return nil
			case results.EventBlock:
				ran(ev.Block)
				done++
				return nil
			case results.EventSkip:
				done++
				if _, ran := seen[ev.Combination]; !ran && len(d.kept[ev.Combination]) == 0 {
					made.Skipped = append(made.Skipped, Lost{ev.Combination, ev.Reason})
					return d.skip(ev.Combination, ev.Reason)
				}
				// It ran before, so this is no matter of what is here.
				ev.Reason = noLonger + ev.Reason
			case results.EventFail:
				done++
			default:
				return nil
			}
			made.Failed = append(made.Failed, Lost{ev.Combination, ev.Reason})
			return d.fail(ev.Combination, results.ProbeRound, ev.Reason)
		})
		if err != nil {
			return d.interrupted(err, true)
		}
		b.todo = left
	}
	return nil
}

// noLonger begins the reason of a failure where something went away.
const noLonger = "it can no longer run: "

// costOf returns what a probe's block says of its combination.
func costOf(b *results.Block) cost {
	c := cost{opening: b.Open, warmup: b.Warmup.Time}
	if b.Origin == results.OriginComputed {
		return cost{opening: b.Open}
	}
	if n := len(b.Samples); n > 0 {
		c.latency = b.Samples[n-1].Total
		c.opening += max(0, b.Samples[0].Total-c.latency)
	}
	return c
}

// patience is how long the next result of a planned combination may take.
func (d *Driver) patience(c grid.Combination) time.Duration {
	i := slices.IndexFunc(d.outcome.Plan.Open, func(p Planned) bool { return p.Combination == c })
	if i < 0 {
		return d.Patience
	}
	return d.Patience + 10*d.outcome.Plan.Open[i].each()
}

// skip and fail take a combination out of the run.
func (d *Driver) skip(c grid.Combination, reason string) error {
	d.lost[c] = true
	d.Screen.Lost(c, "skipped", reason)
	return d.Keep.Skip(c, reason)
}

func (d *Driver) fail(c grid.Combination, round int, reason string) error {
	d.lost[c] = true
	d.Screen.Lost(c, "failed", reason)
	d.outcome.Failed = append(d.outcome.Failed, Lost{c, reason})
	return d.Keep.Fail(c, round, reason)
}

// withinBudget refuses a plan that takes longer than what is left of the budget
// and names what to leave out.
func (d *Driver) withinBudget(left time.Duration) error {
	plan := d.outcome.Plan
	if d.Settings.Budget == 0 || plan.Duration() <= left {
		return nil
	}
	dearest := slices.Clone(plan.Open)
	slices.SortStableFunc(dearest, func(a, b Planned) int { return cmp.Compare(b.Duration(), a.Duration()) })
	var b strings.Builder
	over := plan.Duration() - left
	for _, p := range dearest {
		if over <= 0 || p.Duration() == 0 {
			break
		}
		over -= p.Duration()
		fmt.Fprintf(&b, "\n  %s: %s", p.Name(), Roughly(p.Duration()))
	}
	advice := "raise the budget"
	if n := d.fitting(left); n > 0 {
		advice += fmt.Sprintf(", measure fewer rounds (%d would fit)", n)
	}
	return exit.Errorf(exit.Usage, "the plan takes about %s after a probe of %s, the budget is %s; %s, or leave out the dearest combinations:%s",
		Roughly(plan.Duration()), Roughly(d.Settings.Budget-left), Roughly(d.Settings.Budget), advice, b.String())
}

// fitting returns the greatest number of rounds whose plan takes no longer than
// left; 0 when none does, and where another number of rounds is another run.
func (d *Driver) fitting(left time.Duration) int {
	if d.Settings.Precision > 0 || len(d.kept) > 0 {
		return 0
	}
	for n := d.Settings.Rounds - 1; n > 0; n-- {
		var p Plan
		for _, o := range d.outcome.Plan.Open {
			p.Open = append(p.Open, plan(o.Combination, o.cost, d.Settings.Block, n))
		}
		if p.Duration() <= left {
			return n
		}
	}
	return 0
}

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

// pending reports whether any combination is to be measured in this round or a
// later one, and notes those that the budget ends before they are precise.
func (d *Driver) pending(round int) bool {
	pending := false
	d.outcome.Imprecise = nil
	for _, p := range d.outcome.Plan.Open {
		switch {
		case d.lost[p.Combination]:
		case d.Settings.Precision == 0:
			pending = pending || round < p.Of
		default:
			switch {
			case d.precise(p):
			case d.outOfTime(p, 0):
				i := results.Imprecise{Combination: p.Combination, Wanted: d.Settings.Precision}
				if width := stats.RelativeWidth(d.medians(p.Combination)); !math.IsInf(width, 1) {
					i.Reached = &width
				}
				d.outcome.Imprecise = append(d.outcome.Imprecise, i)
			default:
				pending = true
			}
		}
	}
	return pending
}

// due returns the combinations to measure in this round: those that lack its
// block and still need it, with a precision as many as end within the budget.
func (d *Driver) due(round int) []Planned {
	var out []Planned
	var planned time.Duration
	for _, p := range d.outcome.Plan.Open {
		has := slices.ContainsFunc(d.kept[p.Combination], func(k keptRound) bool { return k.round == round })
		needs := p.in(round)
		if d.Settings.Precision > 0 {
			needs = !d.precise(p) && !d.outOfTime(p, planned)
		}
		if !d.lost[p.Combination] && !has && needs {
			out = append(out, p)
			planned += p.each()
		}
	}
	return out
}

// precise reports whether p's median is known as well as asked for.
func (d *Driver) precise(p Planned) bool {
	return stats.PreciseEnough(d.medians(p.Combination), d.Settings.Precision)
}

// medians returns those of c's rounds that have one, in the order measured.
func (d *Driver) medians(c grid.Combination) []float64 {
	var medians []float64
	for _, k := range d.kept[c] {
		if !math.IsNaN(k.median) {
			medians = append(medians, k.median)
		}
	}
	return medians
}

// outOfTime reports whether another block of p, after what is planned already,
// would end after the budget.
func (d *Driver) outOfTime(p Planned, planned time.Duration) bool {
	return !d.deadline.IsZero() && d.Now().Add(planned+p.each()).After(d.deadline)
}

// measure runs one batch, starting a new process for what a dead one left.
func (d *Driver) measure(ctx context.Context, b batch) error {
	for len(b.todo) > 0 {
		left, err := d.Binary.run(ctx, b, d.patience, func(ev results.Event) error {
			switch ev.Kind {
			case results.EventStart:
				d.Screen.Started(ev.Combination, b.round, d.done, d.total())
			case results.EventBlock:
				if err := d.Keep.AppendBlock(*ev.Block); err != nil {
					return err
				}
				d.keep(ev.Block)
				d.Screen.Finished(ev.Block, d.done, d.total(), d.left())
			case results.EventSkip:
				// It ran in the probe, so this is no matter of what is here.
				return d.fail(ev.Combination, b.round, noLonger+ev.Reason)
			case results.EventFail:
				return d.fail(ev.Combination, b.round, ev.Reason)
			}
			return nil
		})
		if err != nil {
			return d.interrupted(err, false)
		}
		b.todo = left
	}
	return nil
}

// interrupted says how far the run had come, when err is that of an interrupt.
func (d *Driver) interrupted(err error, probing bool) error {
	switch {
	case !errors.Is(err, context.Canceled):
		return err
	case probing:
		return exit.Errorf(exit.NoData, "interrupted during the probe, with %d blocks measured before", d.done)
	case d.total() == 0:
		return exit.Errorf(exit.NoData, "interrupted after %d blocks", d.done)
	}
	return exit.Errorf(exit.NoData, "interrupted after %d of %d blocks", d.done, d.total())
}

// total returns the number of blocks of the run, 0 where a precision says when
// it ends.
func (d *Driver) total() int {
	if d.Settings.Precision > 0 {
		return 0
	}
	return max(d.outcome.Plan.Blocks(), d.done)
}

// left estimates the time to the end of the run; where rounds go on for a
// precision, it is the time to the end of the budget, 0 without one.
func (d *Driver) left() time.Duration {
	if d.Settings.Precision > 0 {
		if d.deadline.IsZero() {
			return 0
		}
		return max(0, d.deadline.Sub(d.Now()))
	}
	var sum time.Duration
	for _, p := range d.outcome.Plan.Open {
		if !d.lost[p.Combination] {
			sum += time.Duration(max(0, p.Rounds-len(d.kept[p.Combination]))) * p.each()
		}
	}
	return sum
}
