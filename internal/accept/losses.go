package accept

import (
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A LossLimit claims that no more than a share of an offloaded inference's requests are lost: failed,
// and retried until they were answered.
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
		if l.Place.Backend.IsLocal() {
			return unsupported("a limit on losses", string(l.Place.Backend)+" sends no requests", "choose a host")
		}
		var lost, requests []int
		for i := range blocks {
			// A request is lost or not whatever the machine did at the time.
			steady, _ := blocks[i].Steady(0)
			if len(steady) == 0 {
				continue
			}
			_, n := blocks[i].Lost()
			lost, requests = append(lost, n), append(requests, n+len(steady))
			g.Samples += len(steady)
		}
		g.Rounds = len(lost)
		r, err := stats.LossesAtMost(lost, requests, l.Most, alpha)
		if err != nil {
			return err
		}
		g.answer(r, "requests")
		return nil
	})
}

// losses names the combinations that lost requests, and how many, in the order of their names.
func (d *Data) losses() []string {
	var out []string
	for c, blocks := range d.blocks {
		inferences, requests, all := 0, 0, 0
		for i := range blocks {
			n, lost := blocks[i].Lost()
			steady, _ := blocks[i].Steady(0)
			inferences, requests, all = inferences+n, requests+lost, all+len(steady)
		}
		if inferences > 0 {
			out = append(out, fmt.Sprintf("%s %d of %d inferences", c.Title(c.Variant.Title()), inferences, all))
		}
	}
	slices.Sort(out)
	return out
}
