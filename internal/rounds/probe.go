package rounds

import (
	"context"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// probeTime is the steady time of a probe's block.
const probeTime = 20 * time.Millisecond

// noLonger begins the reason of a failure if what ran before went away.
const noLonger = "it can no longer run: "

// A cost is what the probe saw of a combination.
type cost struct {
	// opening includes what the first inference takes beyond a later one, since
	// delegates compile then; cold is the opening of the first probe, if there was a
	// second.
	opening, cold time.Duration
	warmup        time.Duration
	latency       time.Duration // 0 if latencies are computed: no time passes
}

// expensive reports whether opening takes more than twice the steady time.
func (c cost) expensive(block time.Duration) bool { return c.opening > 2*block }

// costOf returns what a probe's block says of its combination.
func costOf(b *results.Block) cost {
	c := cost{opening: b.Open, warmup: b.Warmup.Time}
	if b.Origin == names.Computed {
		return cost{opening: b.Open}
	}
	if n := len(b.Samples); n > 0 {
		c.latency = b.Samples[n-1].Total
		c.opening += max(0, b.Samples[0].Total-c.latency)
	}
	return c
}

// probe runs one short block of every combination, a second one of those that are
// expensive to open, and makes the plan.
func (d *Driver) probe(ctx context.Context, declared []names.Combination) error {
	d.Screen.Probing(len(declared))
	seen := map[names.Combination]cost{}
	err := d.probeEach(ctx, declared, seen, func(b *results.Block) { seen[b.Combination] = costOf(b) })
	if err != nil {
		return err
	}
	// What was compiled the first time may come out of a cache from now on.
	var expensive []names.Combination
	for _, c := range declared {
		if seen[c].expensive(d.Settings.Block) {
			expensive = append(expensive, c)
		}
	}
	if err := d.probeEach(ctx, expensive, seen, func(b *results.Block) {
		second := costOf(b)
		second.cold = seen[b.Combination].opening
		seen[b.Combination] = second
	}); err != nil {
		return err
	}
	made := &d.outcome.Plan
	for _, c := range declared {
		if cost, ok := seen[c]; ok && !d.dropped[c] {
			made.Open = append(made.Open, d.plan(c, cost))
		}
	}
	d.Screen.Planned(*made)
	if len(made.Open) == 0 {
		return exit.Errorf(exit.NoData, "no combination can run here, so there is nothing to measure:\n%s",
			reasons(append(made.Skipped, made.Failed...)))
	}
	return d.keepPlan()
}

// probeEach runs one short block of each combination and passes those that ran to
// ran. What cannot run here is skipped, unless it ran before: then it is in seen
// or has blocks. Patience is fivefold, since their speed is still unknown and a
// delegate may compile for minutes.
func (d *Driver) probeEach(
	ctx context.Context, todo []names.Combination, seen map[names.Combination]cost, ran func(*results.Block),
) error {
	b, done := batch{round: results.ProbeRound, block: probeTime, todo: todo}, 0
	made := &d.outcome.Plan
	patience := func(names.Combination) time.Duration { return 5 * d.Patience }
	handle := func(ev results.Event) error {
		c := ev.Combination
		switch ev.Kind {
		case results.EventStart:
			d.Screen.Started(c, results.ProbeRound, done, len(todo))
			return nil
		case results.EventBlock:
			ran(ev.Block)
			done++
			return nil
		case results.EventSkip:
			done++
			if _, ran := seen[c]; !ran && len(d.kept[c]) == 0 {
				made.Skipped = append(made.Skipped, Dropped{c, ev.Reason})
				return d.skip(c, ev.Reason)
			}
			// It ran earlier, so this is a failure, not a missing prerequisite.
			ev.Reason = noLonger + ev.Reason
		case results.EventFail:
			done++
		default:
			return nil
		}
		made.Failed = append(made.Failed, Dropped{c, ev.Reason})
		return d.fail(c, results.ProbeRound, ev.Reason)
	}
	for len(b.todo) > 0 {
		p := process{binary: d.Binary, patience: patience, handle: handle}
		left, err := p.run(ctx, d.job(b))
		if err != nil {
			return d.interrupted(err, true)
		}
		b.todo = left
	}
	return nil
}

// keepPlan keeps what is planned. For what was measured before an interrupt, that
// is what was planned then.
func (d *Driver) keepPlan() error {
	planned := slices.Clone(d.Planned)
	for _, p := range d.outcome.Plan.Open {
		if d.planned(p.Combination) == nil {
			planned = append(planned, results.Planned{
				Combination: p.Combination, Rounds: p.Rounds, Block: p.Block, Open: p.cost.opening, Cold: p.cost.cold,
			})
		}
	}
	return d.Store.Plan(planned)
}

// planned returns what was planned of a combination before an interrupt; nil if
// nothing was measured of it.
func (d *Driver) planned(c names.Combination) *results.Planned {
	i := slices.IndexFunc(d.Planned, func(p results.Planned) bool { return p.Combination == c })
	if i < 0 {
		return nil
	}
	return &d.Planned[i]
}

// plan plans a combination, as before the interrupt if it was measured then.
func (d *Driver) plan(c names.Combination, cost cost) Item {
	p := plan(c, cost, d.Settings.Block, d.Settings.Least())
	p.Kept = len(d.kept[c])
	if before := d.planned(c); before != nil {
		p.Block, p.Rounds = before.Block, before.Rounds
	}
	return p
}
