package results

import (
	"slices"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/stats"
)

// units are those that Metrics can return: SI base units except for Go's own ns/op. Lower is better
// for each of them.
var units = []string{
	"ns/op", "p50-sec", "p90-sec", "p99-sec", "exec-sec/op", "net-sec/op", "queue-sec/op", "tx-B/op", "rx-B/op",
	"J/op", "Js/op", "W",
}

// UnitLines returns the metadata that says which direction is better, one record per unit. A
// benchmark prints them once, before its first result.
func UnitLines() []*benchfmt.UnitMetadata {
	var lines []*benchfmt.UnitMetadata
	for _, u := range units {
		lines = append(lines, &benchfmt.UnitMetadata{
			UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: u, Key: "better"},
			OrigUnit:        u, Value: "lower",
		})
	}
	return lines
}

// Metrics returns the number n of steady inferences and the figures of b's benchmark line. ns/op is
// the mean of all steady inferences, as Go counts them. The others leave out those with a mark of
// leaveOut, unless that would leave none. A percentile needs enough samples (MinSamples). A figure
// that does not apply is left out, because benchfmt would give a 0 another unit.
func Metrics(b *Block, leaveOut Mark) (n int, metrics []benchfmt.Value) {
	all, _ := b.Steady(0)
	if len(all) == 0 {
		return 0, nil
	}
	kept := b.Judged(leaveOut)
	add := func(unit string, value float64) {
		if value > 0 {
			metrics = append(metrics, benchfmt.Value{Unit: unit, Value: value})
		}
	}
	part := func(unit string, of func(Sample) int64, per float64) {
		if mean := meanOf(kept, of, per); mean != nil {
			add(unit, *mean)
		}
	}

	total := func(s Sample) int64 { return int64(s.Total) }
	if b.NsPerOp > 0 {
		add("ns/op", b.NsPerOp)
	} else if mean := meanOf(all, total, 1); mean != nil {
		add("ns/op", *mean)
	}

	latency := Latencies(kept)
	slices.Sort(latency)
	for _, p := range []struct {
		unit string
		p    float64
	}{{"p50-sec", 0.5}, {"p90-sec", 0.9}, {"p99-sec", 0.99}} {
		if len(latency) >= MinSamples(p.p) {
			add(p.unit, stats.Quantile(latency, p.p))
		}
	}
	part("exec-sec/op", func(s Sample) int64 { return int64(s.Exec) }, 1e9)
	part("net-sec/op", func(s Sample) int64 { return int64(s.Network) }, 1e9)
	part("queue-sec/op", func(s Sample) int64 { return int64(s.Queue) }, 1e9)
	part("tx-B/op", func(s Sample) int64 { return s.Sent }, 1)
	part("rx-B/op", func(s Sample) int64 { return s.Received }, 1)
	// Energy with an unknown part is left out: bench.txt has no place to say so.
	if e := b.Energy; e != nil && len(e.Missing) == 0 {
		add("J/op", e.Joules)
		if mean := meanOf(kept, total, 1e9); mean != nil {
			add("Js/op", e.Joules**mean) // EDP, equation 4.1 of the study: a product of means
		}
	}
	return len(all), metrics
}

// Latencies returns the Total of each sample in seconds, in the samples' order.
func Latencies(samples []Sample) []float64 {
	seconds := make([]float64, len(samples))
	for i, s := range samples {
		seconds[i] = s.Total.Seconds()
	}
	return seconds
}

// MinSamples returns how many samples an estimate of the p-quantile of latency needs. One is enough
// for the median. For a higher quantile it is the number that MLPerf's LoadGen asks for at 99 %
// confidence with one sample over the limit (see stats.SamplesForPercentile): 64 for p90, 662 for
// p99.
func MinSamples(p float64) int {
	if p <= 0.5 {
		return 1
	}
	return stats.SamplesForPercentile(p, 1, 0.01)
}
