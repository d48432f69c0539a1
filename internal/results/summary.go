package results

import (
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Confidence is that of every interval in a summary.
const Confidence = 0.95

// A Summary is what a person wants to know about one combination. Times are in seconds. A figure is
// nil if it does not apply, or if there are too few samples for it.
type Summary struct {
	Combination names.Combination `json:"combination"`
	Origin      names.Origin      `json:"origin"`          // of the latencies: Measured or Computed
	Rounds      int               `json:"rounds"`          // those with a judged sample
	Samples     int               `json:"samples"`         // steady ones that are judged
	Marked      int               `json:"marked"`          // steady ones with a mark
	LeftOut     int               `json:"left_out"`        // steady ones that are not judged
	Marks       map[string]int    `json:"marks,omitempty"` // marked samples by reason
	// AllMarked says that every steady sample was marked. Then marked samples are judged, because
	// there are no others, and the figures are doubtful.
	AllMarked bool `json:"all_marked,omitempty"`

	Median   float64  `json:"median_sec"` // of the rounds' medians
	Lo       *float64 `json:"median_lo_sec,omitempty"`
	Hi       *float64 `json:"median_hi_sec,omitempty"`
	Interval string   `json:"interval"` // how it was computed, see stats.RoundMedian

	// The percentiles are those of the samples of all rounds, their intervals those of
	// stats.RoundQuantile.
	P90   *float64 `json:"p90_sec,omitempty"`
	P90Lo *float64 `json:"p90_lo_sec,omitempty"`
	P90Hi *float64 `json:"p90_hi_sec,omitempty"`
	P99   *float64 `json:"p99_sec,omitempty"`
	P99Lo *float64 `json:"p99_lo_sec,omitempty"`
	P99Hi *float64 `json:"p99_hi_sec,omitempty"`

	// Spread is the interquartile range of the samples relative to their median.
	Spread       float64   `json:"spread"`
	RoundMedians []float64 `json:"round_medians_sec"`

	Exec    *float64 `json:"exec_sec,omitempty"`    // mean
	Network *float64 `json:"network_sec,omitempty"` // mean, of an offloaded inference
	Sent    *float64 `json:"sent_bytes,omitempty"`
	Receive *float64 `json:"received_bytes,omitempty"`

	Open      float64 `json:"open_sec"`  // median over the blocks
	First     float64 `json:"first_sec"` // median over the blocks
	Unsettled int     `json:"unsettled"` // blocks whose warm-up reached a bound before it settled
	Drifting  int     `json:"drifting"`  // blocks whose latency drifted in the steady part

	// The lowest and the highest temperature at the ends of the blocks; nil without a thermometer.
	Coolest *float64 `json:"coolest_celsius,omitempty"`
	Hottest *float64 `json:"hottest_celsius,omitempty"`

	medians map[int]float64 // in seconds, by round

	// Speed is how many times faster this is than the uncompressed variant at the same place; nil
	// if that was not measured.
	Speed *Speed `json:"speed,omitempty"`
}

// A Speed is a ratio of latencies: 2 is twice as fast.
type Speed struct {
	Value float64  `json:"value"`
	Lo    *float64 `json:"lo,omitempty"`
	Hi    *float64 `json:"hi,omitempty"`
}

// Summarize returns a summary of each combination that has a block, in the order of the
// declaration, then of appearance.
func Summarize(run *Run) []Summary {
	return SummarizeBlocks(run.Blocks, run.Ledger.Declared, run.Meta.LeaveOut())
}

// SummarizeBlocks summarizes blocks in the given order of combinations; combinations that it lacks
// come last. Samples with a mark of leaveOut are left out.
func SummarizeBlocks(blocks []Block, order []names.Combination, leaveOut Mark) []Summary {
	of := make(map[names.Combination][]*Block)
	order = slices.Clone(order)
	for i := range blocks {
		c := blocks[i].Combination
		if of[c] == nil && !slices.Contains(order, c) {
			order = append(order, c)
		}
		of[c] = append(of[c], &blocks[i])
	}
	summaries := []Summary{}
	for _, c := range order {
		if of[c] != nil {
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

func summarize(c names.Combination, blocks []*Block, leaveOut Mark) Summary {
	s := Summary{Combination: c, Origin: names.Measured, RoundMedians: []float64{}, medians: make(map[int]float64)}
	all, kept := make([][]Sample, len(blocks)), make([][]Sample, len(blocks))
	for i, b := range blocks {
		s.addConditions(b)
		all[i], _ = b.Steady(0)
		s.addMarks(all[i])
		var left int
		kept[i], left = b.Steady(leaveOut)
		s.LeftOut += left
	}
	if len(slices.Concat(kept...)) == 0 {
		s.AllMarked, s.LeftOut, kept = true, 0, all
	}
	var rounds [][]float64
	for i, samples := range kept {
		if len(samples) == 0 {
			continue // all samples of this round are left out
		}
		latencies := Latencies(samples)
		rounds = append(rounds, latencies)
		median := stats.Median(latencies)
		s.medians[blocks[i].Round] = median
		s.RoundMedians = append(s.RoundMedians, median)
	}
	s.setLatency(rounds)
	judged := slices.Concat(kept...)
	s.Samples = len(judged)
	s.Exec = meanOf(judged, func(s Sample) int64 { return int64(s.Exec) }, 1e9)
	s.Network = meanOf(judged, func(s Sample) int64 { return int64(s.Network) }, 1e9)
	s.Sent = meanOf(judged, func(s Sample) int64 { return s.Sent }, 1)
	s.Receive = meanOf(judged, func(s Sample) int64 { return s.Received }, 1)
	s.setOpening(blocks)
	return s
}

func (s *Summary) addConditions(b *Block) {
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

func (s *Summary) addMarks(samples []Sample) {
	for _, sample := range samples {
		if sample.Mark == 0 {
			continue
		}
		s.Marked++
		if s.Marks == nil {
			s.Marks = make(map[string]int)
		}
		for name := range strings.SplitSeq(sample.Mark.String(), "+") {
			s.Marks[name]++
		}
	}
}

// setLatency sets the figures of the latencies in seconds, one slice per round.
func (s *Summary) setLatency(rounds [][]float64) {
	s.Rounds = len(rounds)
	// Every round has samples and all are finite, so RoundMedian cannot fail.
	median, iv, how, _ := stats.RoundMedian(rounds, Confidence)
	s.Median, s.Interval = median, how
	s.Lo, s.Hi = finite(iv.Lo), finite(iv.Hi)

	pooled := slices.Concat(rounds...)
	slices.Sort(pooled)
	s.P90, s.P90Lo, s.P90Hi = percentile(rounds, len(pooled), 0.9)
	s.P99, s.P99Lo, s.P99Hi = percentile(rounds, len(pooled), 0.99)
	if mid := stats.Quantile(pooled, 0.5); mid > 0 {
		s.Spread = (stats.Quantile(pooled, 0.75) - stats.Quantile(pooled, 0.25)) / mid
	}
}

func (s *Summary) setOpening(blocks []*Block) {
	var open, first []float64
	for _, b := range blocks {
		open = append(open, b.Open.Seconds())
		for _, sample := range b.Samples {
			if sample.Phase == PhaseFirst {
				first = append(first, sample.Total.Seconds())
			}
		}
	}
	s.Open = stats.Median(open)
	if len(first) > 0 {
		s.First = stats.Median(first)
	}
}

// percentile returns the p-quantile of n samples in rounds, with its bounds; each is nil if there
// are too few samples for it.
func percentile(rounds [][]float64, n int, p float64) (value, lo, hi *float64) {
	if n < MinSamples(p) {
		return nil, nil, nil
	}
	// Every round has samples, so RoundQuantile cannot fail.
	q, iv, _ := stats.RoundQuantile(rounds, p, Confidence)
	return finite(q), finite(iv.Lo), finite(iv.Hi)
}

// meanOf returns the mean of a part, divided by per; nil if the part does not apply to the samples.
func meanOf(samples []Sample, of func(Sample) int64, per float64) *float64 {
	var sum int64
	for _, s := range samples {
		sum += of(s)
	}
	if sum <= 0 {
		return nil
	}
	return new(float64(sum) / float64(len(samples)) / per)
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

// speedOf returns how many times faster s is than base. It compares the rounds that have both one
// by one, so that a change of the machine between rounds cancels. With one such round it returns
// the ratio without an interval.
func speedOf(s, base *Summary) *Speed {
	if s.Combination == base.Combination {
		return &Speed{Value: 1}
	}
	var ratios [][]float64
	for round, m := range s.medians {
		if b, ok := base.medians[round]; ok && m > 0 && b > 0 {
			ratios = append(ratios, []float64{b / m})
		}
	}
	if len(ratios) < 2 {
		if s.Median <= 0 {
			return nil
		}
		return &Speed{Value: base.Median / s.Median}
	}
	value, iv, _, _ := stats.RoundMedian(ratios, Confidence)
	return &Speed{Value: value, Lo: finite(iv.Lo), Hi: finite(iv.Hi)}
}

// NoiseFloor estimates from the run's own rounds by how much two blocks of the same work differ on
// its machine, or returns machine.ErrFewPairs. It ignores computed latencies, which do not depend
// on the machine.
func NoiseFloor(run *Run, summaries []Summary) (machine.NoiseFloor, error) {
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
