package rounds

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// minRounds is the least number of rounds that a combination gets if opening it is expensive: order
// statistics bound a median at 95 % from 6 on.
const minRounds = 6

// loopExcess is the share by which Go's benchmark loop exceeds its time: it aims a fifth beyond,
// and looks at the clock only when it is there.
const loopExcess = 0.2

// steadySamples is the least number of steady samples of any block. With fewer, warm-up and steady
// part together would not show a latency that still decays; see measure.Settle. steadyTime bounds
// what they may take: a warm-up of a slower model is long enough by itself.
const (
	steadySamples = 15
	steadyTime    = 6 * time.Second
)

// longestBlock is the default of Settings.Longest.
const longestBlock = time.Minute

// least returns the least number of steady samples of a block, of which each takes this long: as many
// as are asked for and as fit into the longest block.
func (s Settings) least(c names.Combination, latency time.Duration) int {
	if latency <= 0 { // no time passes
		return max(s.Samples[c], steadySamples)
	}
	fit := func(count int, within time.Duration) int {
		return max(1, min(count, int((within+latency-1)/latency)))
	}
	return max(fit(s.Samples[c], s.longest()), fit(steadySamples, steadyTime))
}

func (s Settings) longest() time.Duration { return cmp.Or(s.Longest, longestBlock) }

// A Plan says what a run is going to do.
type Plan struct {
	Open    []Item            // what will be measured
	Skipped []results.Outcome // what cannot run here, and why
}

// An Item is one combination of a plan.
type Item struct {
	names.Combination
	Block   time.Duration // steady time of each block
	Samples int           // least number of steady samples of each block
	Rounds  int           // blocks to measure
	Of      int           // rounds of the run, over which these are spread evenly
	Kept    int           // blocks that an interrupted run left
	cost    cost
}

// plan gives a combination its block time, least samples and rounds. If opening is expensive, the
// same steady time is spent in fewer, longer blocks, down to minRounds. The probe's warm-up does not
// make it so, since it does not predict the next one.
func plan(c names.Combination, cost cost, s Settings, rounds int) Item {
	p := Item{
		Combination: c, Block: s.Block, Samples: s.least(c, cost.latency), Rounds: rounds, Of: rounds, cost: cost,
	}
	if cost.expensive(s.Block) && rounds > minRounds {
		steady := time.Duration(rounds) * s.Block
		p.Rounds = max(minRounds, int(steady/max(cost.opening/2, s.Block)))
		p.Block = (steady / time.Duration(p.Rounds)).Round(time.Millisecond)
	}
	return p
}

// Duration returns how long the item still takes.
func (p Item) Duration() time.Duration { return time.Duration(max(0, p.Rounds-p.Kept)) * p.each() }

// each returns how long one block takes: opening, the first inference, warm-up, and whole
// inferences, Samples at least.
func (p Item) each() time.Duration {
	latency, steady := p.cost.latency, 1.0
	if latency < p.Block && latency > 0 {
		steady = math.Ceil((1 + loopExcess) * float64(p.Block) / float64(latency))
	}
	steady = max(steady, float64(p.Samples))
	return p.cost.opening + latency + p.cost.warmup + time.Duration(steady*float64(latency))
}

// in reports whether the combination has a block in a round. The blocks of one that is measured
// less often are spread over the run, cold rounds and hot ones.
func (p Item) in(round int) bool {
	return round < p.Of && (round+1)*p.Rounds/p.Of > round*p.Rounds/p.Of
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

// item returns the open item of a combination, nil if there is none.
func (p Plan) item(c names.Combination) *Item {
	i := slices.IndexFunc(p.Open, func(o Item) bool { return o.Combination == c })
	if i < 0 {
		return nil
	}
	return &p.Open[i]
}

// withinBudget refuses a plan that takes longer than what is left of the budget and names what to
// leave out.
func (d *Driver) withinBudget(left time.Duration) error {
	plan := d.ending.Plan
	if d.Settings.Budget == 0 || plan.Duration() <= left {
		return nil
	}
	longest := slices.Clone(plan.Open)
	slices.SortStableFunc(longest, func(a, b Item) int { return cmp.Compare(b.Duration(), a.Duration()) })
	var b strings.Builder
	over := plan.Duration() - left
	for _, p := range longest {
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
	return exit.Errorf(exit.Usage, "the plan takes about %s after a probe of %s, the budget is %s;"+
		" %s, or leave out the combinations that take longest:%s", Roughly(plan.Duration()),
		Roughly(d.Settings.Budget-left), Roughly(d.Settings.Budget), advice, b.String())
}

// fitting returns the greatest number of rounds whose plan takes no longer than left; 0 if none
// does, or if another number of rounds would be another run.
func (d *Driver) fitting(left time.Duration) int {
	if d.Settings.Precision > 0 || len(d.kept) > 0 {
		return 0
	}
	for n := d.Settings.Rounds - 1; n > 0; n-- {
		var p Plan
		for _, o := range d.ending.Plan.Open {
			p.Open = append(p.Open, plan(o.Combination, o.cost, d.Settings, n))
		}
		if p.Duration() <= left {
			return n
		}
	}
	return 0
}
