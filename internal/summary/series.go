package summary

import (
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Series is one statistic of one quantity of a combination over its rounds: one value per round,
// in the quantity's SI unit. It is what every verdict and every figure of a table rests on.
type Series struct {
	Statistic string    // its name: "p90"
	Least     int       // inferences that a round must hold to carry it
	Rounds    []int     // the numbers of the rounds that carry the statistic, in order
	Values    []float64 // of these rounds
	// Short counts rounds with too few inferences for the statistic, and Fewest is how many the
	// shortest of them holds. Leaving them out would select fast rounds, since a block lasts for a
	// time, so a limit counts each of them on the wrong side.
	Short, Fewest int
	Samples       int     // judged inferences, those of short rounds too
	Left          int     // inferences left out, because the machine was disturbed
	Largest       float64 // of the judged values
}

// SeriesOf returns the statistic of a quantity over the blocks of one combination. Inferences with a
// mark in leaveOut are left out, and so are rounds of which nothing is left: the machine chose them,
// not their latency.
func SeriesOf(blocks []results.Block, q results.Quantity, st results.Statistic, leaveOut results.Mark) Series {
	s := Series{Statistic: st.String(), Least: st.Least()}
	s.add(blocks, q, leaveOut, st.Of)
	return s
}

// ExceedingSeries returns the share of a quantity's values above limit over the blocks of one
// combination, to be checked against the share most. It needs as many values a round as the
// percentile 1-most. A round's share is the median-unbiased estimate that corresponds to such a
// percentile (type 8 of Hyndman and Fan): with over of n values above the limit,
// (over + 2/3) / (n + 1/3).
func ExceedingSeries(
	blocks []results.Block, q results.Quantity, limit, most float64, leaveOut results.Mark,
) (s Series, over int) {
	s = Series{Statistic: fmt.Sprintf("share of %.6g %%", 100*most), Least: stats.LeastForPercentile(1 - most)}
	s.add(blocks, q, leaveOut, func(values []float64) (float64, bool) {
		above := 0
		for _, v := range values {
			if v > limit {
				above++
			}
		}
		over += above
		return (float64(above) + 2.0/3) / (float64(len(values)) + 1.0/3), len(values) >= s.Least
	})
	return s, over
}

// add takes the figure of each block; of returns it, false if there are too few values.
func (s *Series) add(
	blocks []results.Block, q results.Quantity, leaveOut results.Mark, of func([]float64) (float64, bool),
) {
	for i := range blocks {
		values, left := q.Values(&blocks[i], leaveOut)
		s.Left += left
		s.Samples += len(values)
		if len(values) == 0 {
			continue
		}
		s.Largest = max(s.Largest, slices.Max(values))
		if value, ok := of(values); ok {
			s.Rounds, s.Values = append(s.Rounds, blocks[i].Round), append(s.Values, value)
		} else {
			s.short(len(values))
		}
	}
}

// short counts a round that holds only n values.
func (s *Series) short(n int) {
	if s.Short == 0 || n < s.Fewest {
		s.Fewest = n
	}
	s.Short++
}

// At returns the value of a round, false if the series has none.
func (s *Series) At(round int) (float64, bool) {
	i := slices.Index(s.Rounds, round)
	if i < 0 {
		return 0, false
	}
	return s.Values[i], true
}

// Typical estimates the series' value in a typical round, with its 95 % interval; false if no round
// or not every round carries the statistic.
func (s *Series) Typical() (stats.Estimate, bool) {
	if len(s.Values) == 0 || s.Short > 0 {
		return stats.Estimate{}, false
	}
	e, err := stats.Typical(s.Values, Confidence)
	return e, err == nil
}

// TooShort says that rounds are too short for the statistic, and what to do; empty if none is.
func (s *Series) TooShort() string {
	if s.Short == 0 {
		return ""
	}
	return fmt.Sprintf("a %s needs %d inferences a round, and %s only %d: measure longer blocks",
		s.Statistic, s.Least, shortest(s.Short), s.Fewest)
}

func shortest(short int) string {
	if short == 1 {
		return "one round holds"
	}
	return fmt.Sprintf("the shortest of %d rounds holds", short)
}

// A Pattern is what a series shows besides independent noise.
type Pattern struct {
	Dependence stats.Dependence
	Groups     *stats.Modes // nil unless the rounds fall into two groups
}

// Pattern returns what the rounds of the series show.
func (s *Series) Pattern() Pattern {
	p := Pattern{Dependence: stats.DependenceOf(s.Values)}
	if m, two := stats.ModesOf(s.Values); two {
		p.Groups = &m
	}
	return p
}

// Words names the pattern in a few words for a table, each empty case left out: "trend",
// "correlated", "2 groups".
func (p Pattern) Words() []string {
	var words []string
	switch {
	case p.Dependence.Flagged && p.Dependence.Trend:
		words = append(words, "trend")
	case p.Dependence.Flagged:
		words = append(words, "correlated")
	}
	if p.Groups != nil {
		words = append(words, "2 groups")
	}
	return words
}

// Sentence says what the pattern is and what it does to the interval; empty without one. format
// writes a value of the series.
func (p Pattern) Sentence(format func(float64) string) string {
	switch {
	case p.Groups != nil:
		return fmt.Sprintf("the rounds fall into two groups: %d near %s, %d near %s",
			p.Groups.InLow, format(p.Groups.Low), p.Groups.InHigh, format(p.Groups.High))
	case p.Dependence.Flagged && p.Dependence.Trend:
		return fmt.Sprintf("the rounds follow a trend, so they count as %.1f independent ones", p.Dependence.Effective)
	case p.Dependence.Flagged:
		return fmt.Sprintf("the rounds are correlated, so they count as %.1f independent ones", p.Dependence.Effective)
	}
	return ""
}
