package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// defaultWidth is the width of a distribution in characters without a terminal.
const defaultWidth = 80

// distributionRows is the largest number of classes below the tail.
const distributionRows = 20

// Distribution writes the figures of s, the summary of one combination of the run, and a histogram
// of its latencies in plain characters. The classes cover the samples up to p99. Those above share
// one more class: they would otherwise squeeze all others into one.
func Distribution(w io.Writer, run *results.Run, s summary.Summary, o Options) error {
	c := s.Combination
	leaveOut := run.Meta.LeaveOut()
	if s.Samples == 0 {
		leaveOut = 0
	}
	var latencies []float64
	for i := range run.Blocks {
		if b := &run.Blocks[i]; b.Combination == c {
			judged, _ := b.Steady(leaveOut)
			latencies = append(latencies, results.Latencies(judged)...)
		}
	}
	if len(latencies) == 0 {
		return fmt.Errorf("the run has no inferences of %s", c.Name())
	}
	slices.Sort(latencies)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d inferences", c.Title(run.Meta.Title(c.Variant)), len(latencies))
	if s.Samples == 0 {
		b.WriteString(", all of them disturbed")
	}
	fmt.Fprintf(&b, "\nmedian %s, p90 %s, p99 %s\n", bounded(s.Median, s.Lo, s.Hi),
		bounded(s.P90, s.P90Lo, s.P90Hi), bounded(s.P99, s.P99Lo, s.P99Hi))
	classes := histogram(latencies)
	most, label, count := 0, 0, 0
	for _, k := range classes {
		most = max(most, k.n)
		label = max(label, len(k.label))
		count = max(count, len(fmt.Sprint(k.n)))
	}
	width := cmp.Or(max(0, o.Width), defaultWidth)
	bar := max(10, width-label-count-4)
	for _, k := range classes {
		// Rounded up, so that a class that is not empty has a bar.
		n := int(math.Ceil(float64(bar) * float64(k.n) / float64(most)))
		line := fmt.Sprintf("%*s  %*d  %s", label, k.label, count, k.n, strings.Repeat("#", n))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bounded returns a latency with its 95 % interval, which may be open on a side.
func bounded(seconds, lo, hi *float64) string {
	if seconds == nil {
		return "- (too few inferences a round)"
	}
	interval := "no interval"
	switch {
	case lo != nil && hi != nil:
		interval = milliseconds(*lo) + " to " + milliseconds(*hi)
	case lo != nil:
		interval = milliseconds(*lo) + " or more"
	case hi != nil:
		interval = milliseconds(*hi) + " or less"
	}
	return fmt.Sprintf("%s ms (%s)", milliseconds(*seconds), interval)
}

// A class is a row of the histogram: n latencies in a range.
type class struct {
	label string
	n     int
}

// histogram counts sorted latencies in seconds in classes of equal width: 2 * interquartile range /
// cube root of n.
//
// Source: Freedman and Diaconis, Zeitschrift fuer Wahrscheinlichkeitstheorie 57, 1981.
func histogram(sorted []float64) []class {
	low, high := sorted[0], sorted[len(sorted)-1]
	if len(sorted) >= 100 {
		high = stats.Quantile(sorted, 0.99)
	}
	n := sort.Search(len(sorted), func(i int) bool { return sorted[i] > high })
	below, above := sorted[:n], sorted[n:]
	classes := []class{{milliseconds(low) + " ms", n}}
	if low < high {
		rows := distributionRows
		if iqr := stats.Quantile(sorted, 0.75) - stats.Quantile(sorted, 0.25); iqr > 0 {
			width := 2 * iqr / math.Cbrt(float64(len(sorted)))
			rows = int(min(float64(distributionRows), max(5, math.Ceil((high-low)/width))))
		}
		step := (high - low) / float64(rows)
		// Enough digits to distinguish two neighbouring classes.
		digits := max(0, 1-int(math.Floor(math.Log10(1000*step))))
		classes = make([]class, rows)
		for i := range classes {
			from := 1000 * (low + float64(i)*step)
			classes[i].label = fmt.Sprintf("%.*f to %.*f ms", digits, from, digits, from+1000*step)
		}
		for _, x := range below {
			classes[min(rows-1, int((x-low)/step))].n++
		}
	}
	if len(above) > 0 {
		label := fmt.Sprintf("above %s, up to %s ms", milliseconds(high), milliseconds(above[len(above)-1]))
		classes = append(classes, class{label, len(above)})
	}
	return classes
}
