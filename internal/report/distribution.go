package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// defaultWidth is that of a distribution where no terminal sets one.
const defaultWidth = 80

// distributionRows is how many classes a distribution has at most.
const distributionRows = 20

// Distribution writes a histogram of c's judged latencies, in plain
// characters. The classes cover the samples up to p99; those above, which
// would press all others into one class, are one class more.
func Distribution(w io.Writer, run *results.Run, c grid.Combination, o Options) error {
	var latencies []float64
	var marked []float64
	for i := range run.Blocks {
		b := &run.Blocks[i]
		if b.Combination != c {
			continue
		}
		judged, _ := b.Steady(run.Meta.LeaveOut())
		latencies = append(latencies, results.Latencies(judged)...)
		all, _ := b.Steady(0)
		marked = append(marked, results.Latencies(all)...)
	}
	heading := fmt.Sprintf("%s, %s, %s: %d inferences", Title(run, c.Variant), c.Backend, c.Link, len(latencies))
	if len(latencies) == 0 {
		latencies = marked
		heading = fmt.Sprintf("%s, %s, %s: %d inferences, all of them marked", Title(run, c.Variant), c.Backend, c.Link, len(latencies))
	}
	if len(latencies) == 0 {
		return fmt.Errorf("the run has no inferences of %s", c.Name())
	}
	slices.Sort(latencies)
	var b strings.Builder
	b.WriteString(heading + "\n")
	classes := histogram(latencies)
	most, label, count := 0, 0, 0
	for _, k := range classes {
		most = max(most, k.n)
		label = max(label, len(k.label))
		count = max(count, len(fmt.Sprint(k.n)))
	}
	width := o.Width
	if width <= 0 {
		width = defaultWidth
	}
	bar := max(10, width-label-count-4)
	for _, k := range classes {
		// A class that is not empty shows.
		n := int(math.Ceil(float64(bar) * float64(k.n) / float64(most)))
		line := fmt.Sprintf("%*s  %*d  %s", label, k.label, count, k.n, strings.Repeat("#", n))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type class struct {
	label string
	n     int
}

// histogram puts sorted latencies in seconds into classes of equal width, by
// the rule of Freedman and Diaconis (2 * interquartile range / cube root of n,
// Zeitschrift fuer Wahrscheinlichkeitstheorie 57, 1981).
func histogram(sorted []float64) []class {
	low, high := sorted[0], sorted[len(sorted)-1]
	if len(sorted) >= 100 {
		high = stats.Quantile(sorted, 0.99)
	}
	if low == high {
		n := 0
		for n < len(sorted) && sorted[n] <= high {
			n++
		}
		classes := []class{{milliseconds(low) + " ms", n}}
		return appendTail(classes, sorted[n:], high)
	}
	rows := distributionRows
	if iqr := stats.Quantile(sorted, 0.75) - stats.Quantile(sorted, 0.25); iqr > 0 {
		width := 2 * iqr / math.Cbrt(float64(len(sorted)))
		rows = int(min(float64(distributionRows), max(5, math.Ceil((high-low)/width))))
	}
	step := (high - low) / float64(rows)
	// As many digits as tell two neighbouring classes apart.
	digits := max(0, 1-int(math.Floor(math.Log10(1000*step))))
	classes := make([]class, rows)
	for i := range classes {
		from := 1000 * (low + float64(i)*step)
		classes[i].label = fmt.Sprintf("%.*f to %.*f ms", digits, from, digits, from+1000*step)
	}
	n := 0
	for n < len(sorted) && sorted[n] <= high {
		classes[min(rows-1, int((sorted[n]-low)/step))].n++
		n++
	}
	return appendTail(classes, sorted[n:], high)
}

// appendTail adds the class of what lies above high.
func appendTail(classes []class, above []float64, high float64) []class {
	if len(above) == 0 {
		return classes
	}
	label := fmt.Sprintf("above %s, up to %s ms", milliseconds(high), milliseconds(above[len(above)-1]))
	return append(classes, class{label, len(above)})
}
