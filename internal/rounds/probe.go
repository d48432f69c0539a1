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

// noLonger begins the reason of a failure if what ran before went away: that is not a missing
// prerequisite.
const noLonger = "it can no longer run: "

// A cost is what the probe saw of a combination.
type cost struct {
	// opening includes what the first inference takes beyond a later one, since delegates compile
	// then; cold is the opening of the first probe, if there was a second.
	opening, cold time.Duration
	warmup        time.Duration
	latency       time.Duration // 0 if latencies are computed: no time passes
}

func (c cost) expensive(block time.Duration) bool { return c.opening > 2*block }

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

// probe runs one short block of every combination, a second one of those that are expensive to
// open, and makes the plan.
func (d *Driver) probe(ctx context.Context, declared []names.Combination) error {
	d.Screen.Probing(len(declared))
	d.probed += len(declared)
	seen := map[names.Combination]cost{}
	if err := d.probeEach(ctx, declared, seen); err != nil {
		return err
	}
	// What was compiled the first time may come out of a cache from now on.
	cheap := func(c names.Combination) bool { return !seen[c].expensive(d.Settings.Block) }
	if err := d.probeEach(ctx, slices.DeleteFunc(slices.Clone(declared), cheap), seen); err != nil {
		return err
	}
	made := &d.ending.Plan
	for _, c := range declared {
		if cost, ok := seen[c]; ok && !d.dropped[c] {
			made.Open = append(made.Open, d.plan(c, cost))
		}
	}
	d.Screen.Planned(*made)
	if len(made.Open) == 0 {
		return exit.Errorf(exit.NoData, "no combination can run here, so there is nothing to measure:\n%s",
			reasons(slices.Concat(made.Skipped, d.ending.Failed)))
	}
	return d.keepPlan()
}

// probeEach runs one short block of each combination and notes in seen what it costs. What cannot
// run here is skipped, unless it ran before: then it is in seen or has blocks. Patience is
// fivefold, since their speed is still unknown and a delegate may compile for minutes.
func (d *Driver) probeEach(ctx context.Context, todo []names.Combination, seen map[names.Combination]cost) error {
	b, done := batch{round: results.ProbeRound, block: probeTime, todo: todo}, 0
	patience := func(names.Combination) time.Duration { return 5 * d.Patience }
	return d.do(ctx, b, patience, func(ev results.Event) error {
		switch c := ev.Combination; ev.Kind {
		case results.EventStart:
			d.Screen.Started(c, results.ProbeRound, done, len(todo))
			done++
		case results.EventBlock:
			cost := costOf(ev.Block)
			cost.cold = seen[ev.Block.Combination].opening
			seen[ev.Block.Combination] = cost
		case results.EventSkip:
			if _, ran := seen[c]; ran || len(d.kept[c]) > 0 {
				return d.fail(c, results.ProbeRound, noLonger+ev.Reason)
			}
			return d.skip(c, ev.Reason)
		case results.EventFail:
			return d.fail(c, results.ProbeRound, ev.Reason)
		}
		return nil
	})
}

// keepPlan keeps what is planned. For what was measured before an interrupt, that is what was
// planned then.
func (d *Driver) keepPlan() error {
	planned := slices.Clone(d.Planned)
	for _, p := range d.ending.Plan.Open {
		if _, before := d.before[p.Combination]; !before {
			planned = append(planned, results.Planned{
				Combination: p.Combination, Rounds: p.Rounds, Block: p.Block, Samples: p.Samples,
				Open: p.cost.opening, Cold: p.cost.cold,
			})
		}
	}
	return d.Store.Plan(planned)
}

// plan plans a combination, as before the interrupt if it was measured then.
func (d *Driver) plan(c names.Combination, cost cost) Item {
	p := plan(c, cost, d.Settings, d.Settings.Least())
	p.Kept = len(d.kept[c])
	if before, ok := d.before[c]; ok {
		p.Block, p.Samples, p.Rounds = before.Block, before.Samples, before.Rounds
	}
	return p
}
