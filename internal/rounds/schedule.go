package rounds

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
)

// minRounds is the least number of rounds that a combination gets when opening
// it is dear: order statistics bound a median at 95 % from 6 on.
const minRounds = 6

// loopExcess is by how much of its time Go's benchmark loop goes beyond it: it
// aims a fifth beyond, and looks at the clock only when it is there.
const loopExcess = 0.2

// A cost is what the probe saw of a combination.
type cost struct {
	opening time.Duration // with what the first inference takes beyond another, when delegates compile
	cold    time.Duration // opening the first time, where that was dear; else 0
	warmup  time.Duration
	latency time.Duration // 0 where latencies are computed: no time passes
}

// dear reports whether opening takes more than twice the steady time.
func (c cost) dear(block time.Duration) bool { return c.opening > 2*block }

// Planned is one combination of a plan.
type Planned struct {
	grid.Combination
	Block  time.Duration // steady time of each block
	Rounds int           // blocks to measure
	Of     int           // rounds of the run, over which these are spread evenly
	Kept   int           // blocks that an interrupted run left
	cost   cost
}

// Duration returns how long the combination still takes.
func (p Planned) Duration() time.Duration { return time.Duration(max(0, p.Rounds-p.Kept)) * p.each() }

// each returns how long one block takes: opening, the first inference, warm-up,
// and whole inferences, one at least.
func (p Planned) each() time.Duration {
	latency, steady := p.cost.latency, 1.0
	if latency < p.Block && latency > 0 {
		steady = math.Ceil((1 + loopExcess) * float64(p.Block) / float64(latency))
	}
	return p.cost.opening + latency + p.cost.warmup + time.Duration(steady*float64(latency))
}

// in reports whether the combination has a block in a round: one that is
// measured less often owns neither the cold rounds nor the hot ones.
func (p Planned) in(round int) bool {
	return round < p.Of && (round+1)*p.Rounds/p.Of > round*p.Rounds/p.Of
}

// plan gives a combination its block time and rounds. Where opening is dear, the
// same steady time is spent in fewer, longer blocks, down to minRounds. How long
// the warm-up took in one probe says nothing of the next.
func plan(c grid.Combination, cost cost, block time.Duration, rounds int) Planned {
	p := Planned{Combination: c, Block: block, Rounds: rounds, Of: rounds, cost: cost}
	if cost.dear(block) && rounds > minRounds {
		steady := time.Duration(rounds) * block
		p.Rounds = max(minRounds, int(steady/max(cost.opening/2, block)))
		p.Block = (steady / time.Duration(p.Rounds)).Round(time.Millisecond)
	}
	return p
}

// A batch is the work of one process: blocks of one length, in order.
type batch struct {
	round int
	block time.Duration
	todo  []grid.Combination
}

// schedule returns a round's open combinations in shuffled order, cut into
// batches of equal block time. The order depends on seed and round alone.
func schedule(open []Planned, round int, seed uint64) []batch {
	order := rand.New(rand.NewPCG(seed, uint64(round))).Perm(len(open))
	var out []batch
	for _, i := range order {
		p := open[i]
		if n := len(out); n == 0 || out[n-1].block != p.Block {
			out = append(out, batch{round: round, block: p.Block})
		}
		last := &out[len(out)-1]
		last.todo = append(last.todo, p.Combination)
	}
	return out
}
