package rounds

import (
	"math/rand/v2"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
)

// minRounds is the least number of rounds that a combination gets when opening
// it is dear: fewer could not show how much it varies from round to round.
const minRounds = 5

// Planned is one combination of a plan.
type Planned struct {
	grid.Combination
	Overhead time.Duration // opening, first inference and warm-up, as the probe saw them
	Block    time.Duration // steady time of each block
	Rounds   int           // blocks to measure
}

// Duration returns how long the combination takes over all its rounds.
func (p Planned) Duration() time.Duration {
	return time.Duration(p.Rounds) * (p.Overhead + p.Block)
}

// plan gives a combination its block time and rounds. Where opening takes more
// than twice the steady time, the same steady time is spent in fewer, longer
// blocks, down to minRounds.
func plan(c grid.Combination, overhead, block time.Duration, rounds int) Planned {
	p := Planned{Combination: c, Overhead: overhead, Block: block, Rounds: rounds}
	if overhead > 2*block && rounds > minRounds {
		steady := time.Duration(rounds) * block
		p.Rounds = max(minRounds, int(steady/max(overhead/2, block)))
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
