package summary

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Confidence is that of every interval in a summary.
const Confidence = 0.95

// A Summary is what a person wants to know about one combination. Times are in seconds. A figure is
// nil if it does not apply, or if the rounds do not carry it.
type Summary struct {
	Combination names.Combination `json:"combination"`
	Origin      names.Origin      `json:"origin"` // of the latencies: Measured or Computed
	Blocks      int               `json:"blocks"`
	Rounds      int               `json:"rounds"`          // those with a judged inference
	Samples     int               `json:"samples"`         // steady ones that are judged
	Marked      int               `json:"marked"`          // steady ones with a mark
	LeftOut     int               `json:"left_out"`        // steady ones that are not judged
	Marks       map[string]int    `json:"marks,omitempty"` // marked inferences by reason
	Lost        int               `json:"lost"`            // steady ones of which a request was lost

	// The latency of a typical round: the median over the rounds of each round's statistic.
	Median   *float64 `json:"median_sec,omitempty"`
	Lo       *float64 `json:"median_lo_sec,omitempty"`
	Hi       *float64 `json:"median_hi_sec,omitempty"`
	Interval string   `json:"interval,omitempty"` // how it was computed, see stats.Typical
	Mean     *float64 `json:"mean_sec,omitempty"`
	MeanLo   *float64 `json:"mean_lo_sec,omitempty"`
	MeanHi   *float64 `json:"mean_hi_sec,omitempty"`
	P90      *float64 `json:"p90_sec,omitempty"`
	P90Lo    *float64 `json:"p90_lo_sec,omitempty"`
	P90Hi    *float64 `json:"p90_hi_sec,omitempty"`
	P99      *float64 `json:"p99_sec,omitempty"`
	P99Lo    *float64 `json:"p99_lo_sec,omitempty"`
	P99Hi    *float64 `json:"p99_hi_sec,omitempty"`

	// MedianOfAll is the median with the disturbed inferences, nil if the interval of Median holds
	// it: only then do those left out matter.
	MedianOfAll *float64 `json:"median_of_all_sec,omitempty"`
	Longest     float64  `json:"longest_sec"` // the longest judged inference

	// Spread is the interquartile range within a typical round, relative to that round's median.
	Spread       float64   `json:"spread"`
	RoundMedians []float64 `json:"round_medians_sec"`
	// Pattern names what the rounds' medians show besides noise: "trend", "correlated", "2 groups".
	Pattern []string `json:"pattern,omitempty"`
	// DependenceVisible says that there are enough rounds to see whether they depend on each other.
	DependenceVisible bool `json:"dependence_visible"`

	// Means of a typical round.
	Exec    *float64 `json:"exec_sec,omitempty"`
	Network *float64 `json:"network_sec,omitempty"` // of an offloaded inference
	Sent    *float64 `json:"sent_bytes,omitempty"`
	Receive *float64 `json:"received_bytes,omitempty"`

	Open      float64 `json:"open_sec"`  // median over the blocks
	First     float64 `json:"first_sec"` // median over the blocks
	Unsettled int     `json:"unsettled"` // blocks whose warm-up reached a bound before it settled
	Drifting  int     `json:"drifting"`  // blocks whose latency drifted in the steady part

	// The lowest and the highest temperature at the ends of the blocks; nil without a thermometer.
	Coolest *float64 `json:"coolest_celsius,omitempty"`
	Hottest *float64 `json:"hottest_celsius,omitempty"`

	// Speed is how many times faster this is than the uncompressed variant at the same place; nil
	// if that was not measured.
	Speed *Speed `json:"speed,omitempty"`

	medians Series
	pattern Pattern
}

// A Speed is a ratio of latencies: 2 is twice as fast.
type Speed struct {
	Value float64  `json:"value"`
	Lo    *float64 `json:"lo,omitempty"`
	Hi    *float64 `json:"hi,omitempty"`
}

// Summarize returns a summary of each combination that has a block, in the order of the
// declaration, then of appearance.
func Summarize(run *results.Run) []Summary {
	return OfBlocks(run.Blocks, run.Ledger.Declared, run.Meta.LeaveOut())
}

// OfBlocks summarizes blocks in the given order of combinations; combinations that it lacks come
// last. Inferences with a mark of leaveOut are left out.
func OfBlocks(blocks []results.Block, order []names.Combination, leaveOut results.Mark) []Summary {
	of := make(map[names.Combination][]results.Block)
	order = slices.Clone(order)
	for _, b := range blocks {
		if of[b.Combination] == nil && !slices.Contains(order, b.Combination) {
			order = append(order, b.Combination)
		}
		of[b.Combination] = append(of[b.Combination], b)
	}
	summaries := []Summary{}
	for _, c := range order {
		if of[c] != nil {
			slices.SortStableFunc(of[c], func(a, b results.Block) int { return cmp.Compare(a.Round, b.Round) })
			summaries = append(summaries, summarize(c, of[c], leaveOut))
			delete(of, c)
		}
	}
	for i := range summaries {
		s := &summaries[i]
		variant, ok := s.Combination.Variant.Uncompressed()
		base := s.Combination.Place().Of(variant)
		j := slices.IndexFunc(summaries, func(o Summary) bool { return o.Combination == base })
		if ok && j >= 0 {
			s.Speed = speedOf(s, &summaries[j])
		}
	}
	return summaries
}

func summarize(c names.Combination, blocks []results.Block, leaveOut results.Mark) Summary {
	s := Summary{Combination: c, Origin: names.Measured, Blocks: len(blocks), RoundMedians: []float64{}}
	for i := range blocks {
		s.addConditions(&blocks[i])
		s.addSamples(&blocks[i], leaveOut)
	}
	typical := func(q results.Quantity, st results.Statistic) (value, lo, hi *float64) {
		series := SeriesOf(blocks, q, st, leaveOut)
		e, ok := series.Typical()
		if !ok {
			return nil, nil, nil
		}
		return &e.Value, finite(e.Interval.Lo), finite(e.Interval.Hi)
	}
	s.medians = SeriesOf(blocks, results.Latency, results.Median, leaveOut)
	s.Rounds, s.Samples = len(s.medians.Rounds), s.medians.Samples
	s.RoundMedians = append(s.RoundMedians, s.medians.Values...)
	s.pattern = s.medians.Pattern()
	s.Pattern, s.DependenceVisible = s.pattern.Words(), s.pattern.Dependence.Visible
	if e, ok := s.medians.Typical(); ok {
		s.Median, s.Lo, s.Hi, s.Interval = &e.Value, finite(e.Interval.Lo), finite(e.Interval.Hi), e.How
	}
	s.Spread = spread(blocks, leaveOut)
	s.Mean, s.MeanLo, s.MeanHi = typical(results.Latency, results.Mean)
	s.P90, s.P90Lo, s.P90Hi = typical(results.Latency, results.P90)
	s.P99, s.P99Lo, s.P99Hi = typical(results.Latency, results.P99)
	s.Exec, _, _ = typical(results.Execution, results.Mean)
	s.Network, _, _ = typical(results.Network, results.Mean)
	s.Sent, _, _ = typical(results.Sent, results.Mean)
	s.Receive, _, _ = typical(results.Received, results.Mean)
	if open, _, _ := typical(results.Opening, results.Median); open != nil {
		s.Open = *open
	}
	if first, _, _ := typical(results.First, results.Median); first != nil {
		s.First = *first
	}
	if s.LeftOut > 0 {
		all := SeriesOf(blocks, results.Latency, results.Median, 0)
		if m := stats.Median(all.Values); s.Median == nil || s.Lo != nil && s.Hi != nil && (m < *s.Lo || m > *s.Hi) {
			s.MedianOfAll = finite(m)
		}
	}
	return s
}

// spread returns the interquartile range within a typical round, relative to its median.
func spread(blocks []results.Block, leaveOut results.Mark) float64 {
	var spreads []float64
	for i := range blocks {
		values, _ := results.Latency.Values(&blocks[i], leaveOut)
		slices.Sort(values)
		if median := stats.Quantile(values, 0.5); median > 0 {
			spreads = append(spreads, (stats.Quantile(values, 0.75)-stats.Quantile(values, 0.25))/median)
		}
	}
	if len(spreads) == 0 {
		return 0
	}
	return stats.Median(spreads)
}

func (s *Summary) addConditions(b *results.Block) {
	if b.Origin != "" {
		s.Origin = b.Origin
	}
	if !b.Warmup.Settled {
		s.Unsettled++
	}
	if b.Drift != 0 {
		s.Drifting++
	}
	if t := b.Celsius; t != nil && (s.Coolest == nil || *t < *s.Coolest) {
		s.Coolest = t
	}
	if t := b.Celsius; t != nil && (s.Hottest == nil || *t > *s.Hottest) {
		s.Hottest = t
	}
}

// addSamples counts the steady inferences of a block: marked, left out, lost, and the longest.
func (s *Summary) addSamples(b *results.Block, leaveOut results.Mark) {
	all, _ := b.Steady(0)
	for _, sample := range all {
		if sample.Mark != 0 {
			s.Marked++
			if s.Marks == nil {
				s.Marks = make(map[string]int)
			}
			for name := range strings.SplitSeq(sample.Mark.String(), "+") {
				s.Marks[name]++
			}
		}
		if sample.Mark&results.MarkLost != 0 {
			s.Lost++
		}
		if sample.Mark&leaveOut != 0 {
			s.LeftOut++
			continue
		}
		s.Longest = max(s.Longest, sample.Total.Seconds())
	}
}

// Sentence says in words what the rounds' medians show besides noise; empty if nothing. format
// writes a time in seconds.
func (s *Summary) Sentence(format func(float64) string) string { return s.pattern.Sentence(format) }

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

// speedOf returns how many times faster s is than base. It compares the rounds that have both one
// by one, so that a change of the machine between rounds cancels. Without such a round it is nil.
func speedOf(s, base *Summary) *Speed {
	if s.Combination == base.Combination && s.Median != nil {
		return &Speed{Value: 1}
	}
	var ratios []float64
	for i, round := range s.medians.Rounds {
		m := s.medians.Values[i]
		if b, ok := base.medians.At(round); ok && m > 0 && b > 0 {
			ratios = append(ratios, b/m)
		}
	}
	e, err := stats.Typical(ratios, Confidence)
	if err != nil {
		return nil
	}
	return &Speed{Value: e.Value, Lo: finite(e.Interval.Lo), Hi: finite(e.Interval.Hi)}
}

// ResolutionOf returns, as a share of the latency, the smallest difference between two combinations of
// the run that is a result (see the function Resolution): that of a typical combination with the
// rounds that it has. It is nil if no combination was measured in two rounds.
func ResolutionOf(summaries []Summary) *float64 {
	var all []float64
	for _, s := range summaries {
		if s.Origin != names.Computed && s.Rounds > 1 {
			all = append(all, Resolution(s.Rounds, &s.medians))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return finite(math.Expm1(stats.Median(all)))
}

// NoiseFloor estimates from the run's own rounds by how much two blocks of the same work differ on
// its machine, or returns machine.ErrFewPairs. It ignores computed latencies, which do not depend
// on the machine.
func NoiseFloor(run *results.Run, summaries []Summary) (machine.NoiseFloor, error) {
	var ratios [][]float64
	for _, s := range summaries {
		if s.Origin != names.Computed {
			ratios = append(ratios, machine.LogRatios(s.RoundMedians))
		}
	}
	floor, err := machine.NewNoiseFloor(run.Meta.Config["machine"], "the rounds of "+filepath.Base(run.Dir), ratios...)
	floor.Taken = run.Meta.Started
	return floor, err
}
