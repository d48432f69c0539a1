package accept

import (
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A LossLimit claims that no more than a share of the requests to a host are lost: an inference whose
// request failed is one, however often it was retried.
type LossLimit struct {
	limiting
	Subject
	Most float64 // share of requests
}

// Judge implements Claim, by the exact interval of the share over all rounds; see
// stats.LossesAtMost for what it assumes.
func (l LossLimit) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: l.Subject.String(), Measure: "share of requests lost",
		Bound: "at most " + percent(l.Most), Unit: share,
	}
	return judge(l, data, g, func(g *Judgement) error {
		blocks, err := data.blocksOf(l.Combination())
		if err != nil {
			return err
		}
		switch {
		case l.Place.Backend.IsLocal():
			return unsupported("a limit on losses", string(l.Place.Backend)+" sends no requests", "choose a host")
		case g.Origin != names.Measured:
			return unsupported("a limit on losses", "nothing was sent: the latencies are "+string(g.Origin), "measure a host")
		}
		var lost, requests []int
		for i := range blocks {
			// A request is lost or not whatever the machine did at the time.
			steady, _ := blocks[i].Steady(0)
			if len(steady) == 0 {
				continue
			}
			n, _ := blocks[i].Lost()
			lost, requests = append(lost, n), append(requests, len(steady))
			g.Samples += len(steady)
		}
		g.Rounds = len(lost)
		r, err := stats.LossesAtMost(lost, requests, l.Most, alpha)
		if err != nil {
			return err
		}
		g.answer(r, "rounds")
		return nil
	})
}

// losses names the combinations that lost requests, and how many, in the order of their names.
func (d *Data) losses() []string {
	var out []string
	for c, blocks := range d.blocks {
		inferences, all := 0, 0
		for i := range blocks {
			n, _ := blocks[i].Lost()
			steady, _ := blocks[i].Steady(0)
			inferences, all = inferences+n, all+len(steady)
		}
		if inferences > 0 {
			out = append(out, fmt.Sprintf("%s %d of %d inferences", c.Title(c.Variant.Title()), inferences, all))
		}
	}
	slices.Sort(out)
	return out
}
