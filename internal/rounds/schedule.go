package rounds

import (
	"math/rand/v2"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
)

// A batch is the work of one process: blocks of one length, in order.
type batch struct {
	round int
	block time.Duration
	todo  []names.Combination
}

// schedule returns a round's open combinations in shuffled order, cut into batches of equal block
// time. The order depends only on seed and round.
func schedule(open []Item, round int, seed uint64) []batch {
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
