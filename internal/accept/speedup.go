package accept

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A Speedup limits how many times as fast the first subject of a pair is as the second: the ratio
// of their median latencies in a typical round, on average over the pairs. As with a Comparison, a
// difference that the run cannot resolve is inconclusive.
type Speedup struct {
	Pairs [][2]Subject // one at least
	Bound Bound        // a number: "6 times"
}

// Needs implements Claim.
func (s Speedup) Needs() []names.Combination {
	var out []names.Combination
	for _, p := range s.Pairs {
		out = append(out, p[0].Combination(), p[1].Combination())
	}
	return out
}

// ErrorRate implements Claim.
func (Speedup) ErrorRate() float64 { return ComparisonError }

// Judge implements Claim. In each round that holds all pairs it takes the mean of their ratios.
func (s Speedup) Judge(data *Data, alpha float64) Judgement {
	a, b := s.Pairs[0][0], s.Pairs[0][1]
	g := Judgement{
		Subject: a.String() + " against " + b.String(), Measure: "speedup in median latency",
		Bound: s.Bound.String(), Unit: times,
	}
	if n := len(s.Pairs); n > 1 {
		g.Subject = fmt.Sprintf("%d pairs, %s and so on", n, g.Subject)
		g.Measure = "mean over the pairs of the " + g.Measure
	}
	return judge(s, data, g, func(g *Judgement) error {
		if a.Place != b.Place {
			if err := supportsComparison(a, b); err != nil {
				return err
			}
		}
		var all []*summary.Series
		for _, pair := range s.Pairs {
			for _, subject := range pair {
				series, err := data.series(subject.Combination(), Latency, results.Median)
				if err != nil {
					return named(err, subject)
				}
				all = append(all, series)
			}
		}
		// Asked after the data, so that a side that cannot run here is a skip.
		if !data.Interleaved {
			return unsupported("a comparison",
				data.Name+" did not measure its combinations in turns, so the machine may have changed between them",
				"measure with crossover bench or crossover accept, which interleave")
		}
		logs := summary.Across(all, func(f []float64) float64 {
			var ratios []float64
			for i := 0; i < len(f); i += 2 {
				ratios = append(ratios, f[i+1]/f[i])
			}
			return math.Log(stat.Mean(ratios, nil))
		})
		if len(logs.Values) == 0 {
			return noSharedRound
		}
		g.count(&logs)
		c := ratioClaim{lo: math.Inf(-1), hi: math.Log(s.Bound.Value)}
		c.resolution = summary.Resolution(len(logs.Values), all...)
		if s.Bound.Direction == AtLeast {
			c.lo, c.hi = c.hi, math.Inf(1)
		}
		return g.ratio(logs.Values, c, alpha)
	})
}
