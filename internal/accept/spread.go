package accept

import (
	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A Spread limits how much variants at one place differ: the standard deviation of their medians
// over the mean of these, as the study's table of thresholds has it, in a typical round.
type Spread struct {
	limiting
	Subjects // at least two
	Quantity Quantity
	Bound    Bound // a share
}

// Judge implements Claim.
func (s Spread) Judge(data *Data, alpha float64) Judgement {
	g := Judgement{
		Subject: s.String(), Measure: "spread of the median " + s.Quantity.Name,
		Bound: s.Bound.String(), Unit: share,
	}
	return judge(s, data, g, func(g *Judgement) error {
		across, err := data.across(s.Subjects, s.Quantity, results.Median, func(medians []float64) float64 {
			return stat.StdDev(medians, nil) / stat.Mean(medians, nil)
		})
		if err != nil {
			return err
		}
		return g.typical(across, s.Bound, alpha)
	})
}

// across returns one value per round over the subjects, of their figures in that round. It is an
// *unanswered if the data lacks one of them, or if they share no round.
func (d *Data) across(
	subjects Subjects, q Quantity, st results.Statistic, of func(figures []float64) float64,
) (*summary.Series, error) {
	var all []*summary.Series
	for _, subject := range subjects {
		s, err := d.series(subject.Combination(), q, st)
		if err != nil {
			return nil, named(err, subject)
		}
		all = append(all, s)
	}
	across := summary.Across(all, of)
	if len(across.Values)+across.Short == 0 {
		return nil, missing("they share no round in which each has a figure")
	}
	return &across, nil
}
