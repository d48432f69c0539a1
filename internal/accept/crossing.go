package accept

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Crossing limits the crossing point of a local and an offloaded combination: the local latency
// above which offloading wins. That is the offloaded latency itself (equation 2.3 of the study,
// measured).
type Crossing struct {
	limiting
	Local, Offloaded Subject
	Bound            Bound // on the median, in seconds
}

// Needs implements Claim. The local combination shows on which side it lies.
func (x Crossing) Needs() []names.Combination { return Subjects{x.Local, x.Offloaded}.Needs() }

// Judge implements Claim.
func (x Crossing) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: fmt.Sprintf("%s against %s", x.Local, x.Offloaded.Place),
		Measure: "crossing point", Bound: x.Bound.String(), Unit: seconds,
	}
	return judge(x, data, g, func(g *Judgement) error {
		if err := supportsComparison(x.Offloaded); err != nil {
			return err
		}
		local, err := data.series(x.Local.Combination(), Latency, results.Median)
		if err != nil {
			return err
		}
		offloaded := Limit{Subject: x.Offloaded, Quantity: Latency, Statistic: results.Median, Bound: x.Bound}
		if err := g.limit(offloaded, data, alpha); err != nil {
			return err
		}
		if g.Value != nil {
			t := stats.Median(local.Values)
			side := "stays below: local wins"
			if t > *g.Value {
				side = "lies above: offloading wins"
			}
			g.note("the local latency, " + seconds.Format(t) + ", " + side)
		}
		return nil
	})
}
