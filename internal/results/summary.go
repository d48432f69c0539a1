package results

import (
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Confidence is that of every interval in a summary.
const Confidence = 0.95

// LeaveOut returns the marks that this run's judgements leave out: all of
// them for a burst result; in sustained mode throttled samples are judged,
// since in a sealed box they are the truth.
func (m *Meta) LeaveOut() Mark {
	if m.Sustained {
		return ^MarkThrottled
	}
	return ^Mark(0)
}

// A Summary is what a person wants to know of one combination. Times are in
// seconds; a figure that does not apply, or that the samples can't carry, is
// nil.
type Summary struct {
	Combination grid.Combination `json:"combination"`
	Origin      names.Origin     `json:"origin"`
	Rounds      int              `json:"rounds"`  // those with a judged sample
	Samples     int              `json:"samples"` // steady ones that are judged
	Marked      int              `json:"marked"`  // steady ones with a mark
	LeftOut     int              `json:"left_out"`
	Marks       map[string]int   `json:"marks,omitempty"` // marked samples by reason
	// AllMarked says that every steady sample was marked, so that marked ones
	// are judged after all: there are no others, and the figures are doubtful.
	AllMarked bool `json:"all_marked,omitempty"`

	Median   float64  `json:"median_sec"` // of the rounds' medians
	Lo       *float64 `json:"median_lo_sec,omitempty"`
	Hi       *float64 `json:"median_hi_sec,omitempty"`
	Interval string   `json:"interval"` // how it was made, see stats.RoundMedian

	// The percentiles are of the samples of all rounds, their intervals those of
	// stats.RoundQuantile.
	P90   *float64 `json:"p90_sec,omitempty"`
	P90Lo *float64 `json:"p90_lo_sec,omitempty"`
	P90Hi *float64 `json:"p90_hi_sec,omitempty"`
	P99   *float64 `json:"p99_sec,omitempty"`
	P99Lo *float64 `json:"p99_lo_sec,omitempty"`
	P99Hi *float64 `json:"p99_hi_sec,omitempty"`

	// Spread is the interquartile range of the samples relative to their
	// median.
	Spread       float64   `json:"spread"`
	RoundMedians []float64 `json:"round_medians_sec"`

	Exec    *float64 `json:"exec_sec,omitempty"`    // means
	Network *float64 `json:"network_sec,omitempty"` // of an offloaded inference
	Sent    *float64 `json:"sent_bytes,omitempty"`
	Receive *float64 `json:"received_bytes,omitempty"`

	Open      float64 `json:"open_sec"`  // median over the blocks
	First     float64 `json:"first_sec"` // median over the blocks
	Unsettled int     `json:"unsettled"` // blocks whose warm-up hit a bound
	Drifting  int     `json:"drifting"`  // blocks whose latency moved within the steady part

	// The least and the greatest temperature at the ends of the blocks; nil where
	// no thermometer is visible.
	Coolest *float64 `json:"coolest_celsius,omitempty"`
	Hottest *float64 `json:"hottest_celsius,omitempty"`

	// Speed is how many times faster than the uncompressed variant on the same
	// backend and link; nil when that one was not measured.
	Speed *Speed `json:"speed,omitempty"`
}

// A Speed is a ratio of latencies: 2 is twice as fast.
type Speed struct {
	Value float64  `json:"value"`
	Lo    *float64 `json:"lo,omitempty"`
	Hi    *float64 `json:"hi,omitempty"`
}

// Summarize returns a summary of each combination that has a block, in the
// order of the declaration, then of appearance.
func Summarize(run *Run) []Summary {
	return SummarizeBlocks(run.Blocks, run.Ledger.Declared, run.Meta.LeaveOut())
}

// SummarizeBlocks summarizes blocks in the given order of combinations, those
// not in it last. Samples with a mark of leaveOut are left out.
func SummarizeBlocks(blocks []Block, order []grid.Combination, leaveOut Mark) []Summary {
	of := make(map[grid.Combination][]*Block)
	order = slices.Clone(order)
	for i := range blocks {
		c := blocks[i].Combination
		if of[c] == nil && !slices.Contains(order, c) {
			order = append(order, c)
		}
		of[c] = append(of[c], &blocks[i])
	}
	var summaries []Summary
	perRound := make(map[grid.Combination]map[int]float64)
	for _, c := range order {
		if of[c] != nil && perRound[c] == nil {
			s, medians := summarize(c, of[c], leaveOut)
			summaries = append(summaries, s)
			perRound[c] = medians
		}
	}
	for i := range summaries {
		s := &summaries[i]
		base, ok := uncompressed(s.Combination)
		j := slices.IndexFunc(summaries, func(o Summary) bool { return o.Combination == base })
		if ok && j >= 0 {
			s.Speed = speedOf(s, &summaries[j], perRound[s.Combination], perRound[base])
		}
	}
	return summaries
}

// summarize returns c's summary and the median of each of its rounds.
func summarize(c grid.Combination, blocks []*Block, leaveOut Mark) (Summary, map[int]float64) {
	s := Summary{Combination: c, Origin: names.Measured, RoundMedians: []float64{}}
	count := func(samples []Sample) {
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
	var all, kept [][]Sample
	var rounds []int
	var open, first []float64
	for _, b := range blocks {
		if b.Origin != "" {
			s.Origin = b.Origin
		}
		steady, _ := b.Steady(0)
		count(steady)
		all = append(all, steady)
		judged, left := b.Steady(leaveOut)
		s.LeftOut += left
		kept = append(kept, judged)
		rounds = append(rounds, b.Round)
		open = append(open, b.Open.Seconds())
		for _, sample := range b.Samples {
			if sample.Phase == PhaseFirst {
				first = append(first, sample.Total.Seconds())
			}
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
	if len(slices.Concat(kept...)) == 0 {
		s.AllMarked, s.LeftOut, kept = true, 0, all
	}
	medians := make(map[int]float64)
	var series [][]float64
	for i, samples := range kept {
		if len(samples) == 0 {
			continue // all of this round's are left out
		}
		latencies := Latencies(samples)
		series = append(series, latencies)
		medians[rounds[i]] = stats.Median(latencies)
		s.RoundMedians = append(s.RoundMedians, medians[rounds[i]])
	}
	s.Rounds = len(series)
	judged := slices.Concat(kept...)
	s.Samples = len(judged)
	// There is a sample, and all are finite, so there is no error to have.
	median, iv, how, _ := stats.RoundMedian(series, Confidence)
	s.Median, s.Interval = median, how
	s.Lo, s.Hi = finite(iv.Lo), finite(iv.Hi)

	pooled := slices.Concat(series...)
	slices.Sort(pooled)
	s.P90, s.P90Lo, s.P90Hi = percentile(series, len(pooled), 0.9)
	s.P99, s.P99Lo, s.P99Hi = percentile(series, len(pooled), 0.99)
	if mid := stats.Quantile(pooled, 0.5); mid > 0 {
		s.Spread = (stats.Quantile(pooled, 0.75) - stats.Quantile(pooled, 0.25)) / mid
	}
	s.Exec = meanOf(judged, func(s Sample) int64 { return int64(s.Exec) }, 1e9)
	s.Network = meanOf(judged, func(s Sample) int64 { return int64(s.Network) }, 1e9)
	s.Sent = meanOf(judged, func(s Sample) int64 { return s.Sent }, 1)
	s.Receive = meanOf(judged, func(s Sample) int64 { return s.Received }, 1)
	s.Open = stats.Median(open)
	if len(first) > 0 {
		s.First = stats.Median(first)
	}
	return s, medians
}

// percentile returns the p-quantile of the n samples of a series, with its
// bounds; each is nil where the samples can't carry it.
func percentile(series [][]float64, n int, p float64) (value, lo, hi *float64) {
	if n < MinSamples(p) {
		return nil, nil, nil
	}
	// The rounds hold samples, so there is no error to have.
	q, iv, _ := stats.RoundQuantile(series, p, Confidence)
	return finite(q), finite(iv.Lo), finite(iv.Hi)
}

// meanOf returns the mean of a part in per units, nil when there is none.
func meanOf(samples []Sample, of func(Sample) int64, per float64) *float64 {
	var sum int64
	for _, s := range samples {
		sum += of(s)
	}
	if sum <= 0 {
		return nil
	}
	mean := float64(sum) / float64(len(samples)) / per
	return &mean
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

// speedOf returns how many times faster s is than base. Rounds that have both
// are compared one by one, so that what moved the machine between two rounds
// cancels; with one such round there is the ratio alone.
func speedOf(s, base *Summary, mine, bases map[int]float64) *Speed {
	if s.Combination == base.Combination {
		return &Speed{Value: 1}
	}
	var ratios [][]float64
	for round, m := range mine {
		if b, ok := bases[round]; ok && m > 0 && b > 0 {
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

// uncompressed returns the combination that c is compared with: the same with
// compression=none. ok is false for a variant that has no compression.
func uncompressed(c grid.Combination) (base grid.Combination, ok bool) {
	c.Variant, ok = c.Variant.Uncompressed()
	return c, ok
}

// NoiseFloor estimates from the run's own rounds by how much two blocks of the
// same work differ on its machine, or returns machine.ErrFewPairs. Latencies that
// were computed say nothing of it.
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
