package results

import (
	"golang.org/x/perf/benchfmt"
)

// units are those of bench.txt: SI base units except for Go's own ns/op. Lower is better for each of
// them. W is reserved for a meter: Metrics does not compute it.
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

// figures are the metrics of a benchmark line that are statistics of the block's samples.
var figures = []struct {
	unit      string
	statistic Statistic
	quantity  Quantity
	scale     float64 // from the quantity's SI unit
}{
	{"ns/op", Mean, Latency, 1e9},
	{"p50-sec", Median, Latency, 1},
	{"p90-sec", P90, Latency, 1},
	{"p99-sec", P99, Latency, 1},
	{"exec-sec/op", Mean, Execution, 1},
	{"net-sec/op", Mean, Network, 1},
	{"queue-sec/op", Mean, Queueing, 1},
	{"tx-B/op", Mean, Sent, 1},
	{"rx-B/op", Mean, Received, 1},
}

// Metrics returns the number n of judged inferences and the figures of b's benchmark line: the
// round's statistics, from which the run's table and verdicts are made, too. benchstat's median over
// the lines of a combination therefore equals the table's. A figure that the block does not carry is
// left out, because benchfmt would give a 0 another unit. A block of which every inference is left
// out has no line: n is 0.
//
// If go test measured the block (NsPerOp), ns/op is Go's own, over all inferences.
func Metrics(b *Block, leaveOut Mark) (n int, metrics []benchfmt.Value) {
	kept, _ := b.Steady(leaveOut)
	if len(kept) == 0 {
		return 0, nil
	}
	add := func(unit string, value float64) {
		if value > 0 {
			metrics = append(metrics, benchfmt.Value{Unit: unit, Value: value})
		}
	}
	for _, f := range figures {
		value, ok := f.statistic.OfBlock(b, f.quantity, leaveOut)
		switch {
		case f.unit == "ns/op" && b.NsPerOp > 0:
			add(f.unit, b.NsPerOp)
		case ok:
			add(f.unit, value*f.scale)
		}
	}
	// Energy with an unknown part is left out: bench.txt has no place to say so.
	if e := b.Energy; e != nil && len(e.Missing) == 0 {
		add("J/op", e.Joules)
		if mean, ok := Mean.OfBlock(b, Latency, leaveOut); ok {
			add("Js/op", e.Joules*mean) // EDP, equation 4.1 of the study: a product of means
		}
	}
	return len(kept), metrics
}

// Latencies returns the Total of each sample in seconds, in the samples' order.
func Latencies(samples []Sample) []float64 {
	seconds := make([]float64, len(samples))
	for i, s := range samples {
		seconds[i] = s.Total.Seconds()
	}
	return seconds
}
