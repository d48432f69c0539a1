package accept

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/stats"
)

// A Spread limits how much the medians of variants at one place vary: their standard deviation over
// their mean, as the study's table of thresholds has it.
type Spread struct {
	limiting
	Subjects // at least two
	Quantity Quantity
	Bound    Bound // a share
}

// Judge implements Claim. Each of the k medians is known to within an interval, at alpha/k. The
// standard deviation moves by no more than sqrt(k/(k-1)) times the largest error, and the mean by
// no more than that error, so the interval holds whatever the distribution of the medians.
func (s Spread) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: s.String(), Measure: "spread of the median " + s.Quantity.Name,
		Bound: s.Bound.String(), Unit: share,
	}
	return judge(s, data, g, func(g *Judgement) error {
		k := float64(len(s.Subjects))
		var medians []float64
		half := 0.0
		for _, c := range s.Needs() {
			of, err := data.series(c, s.Quantity)
			if err != nil {
				return err
			}
			g.count(of)
			r, err := stats.RoundsAtMost(of.Values, 0.5, math.Inf(1), alpha/k)
			if err != nil {
				return err
			}
			medians = append(medians, r.Value)
			half = max(half, r.Value-r.Interval.Lo, r.Interval.Hi-r.Value)
		}
		mean, sd := stat.Mean(medians, nil), stat.StdDev(medians, nil)
		g.Value, g.Verdict = new(sd/mean), Inconclusive
		if half < mean {
			wide := half * math.Sqrt(k/(k-1))
			g.Lo, g.Hi = new(max(0, sd-wide)/(mean+half)), new((sd+wide)/(mean-half))
			g.Verdict = s.Bound.verdict(*g.Lo, *g.Hi)
		}
		if g.Verdict == Inconclusive {
			g.Reason = fmt.Sprintf("a median is known to within %s only: measure more rounds", s.Quantity.Unit.Format(half))
		}
		return nil
	})
}
