package validate

import (
	"fmt"
	"math"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
)

// shortRTT is the round trip below which waking a thread weighs in the latency, so that a link has
// a wider bound.
const shortRTT = 10 * time.Millisecond

// bound is the mean absolute error that a link with this round trip may have: 5 % below 10 ms, 2 %
// otherwise.
func bound(rtt time.Duration) float64 {
	if rtt < shortRTT {
		return 0.05
	}
	return 0.02
}

// An accuracy is a link's mean absolute error over its variants, with its bound.
type accuracy struct {
	Link         names.Link
	Error, Bound float64 // as fractions
	Pass         bool
}

// accuracies returns the accuracy of each link, in the order of the pairs.
func accuracies(pairs []Pair) []accuracy {
	var out []accuracy
	for i := 0; i < len(pairs); {
		a := accuracy{Link: pairs[i].Link, Bound: bound(pairs[i].RTT)}
		n := 0
		for ; i < len(pairs) && pairs[i].Link == a.Link; i++ {
			a.Error += math.Abs(pairs[i].Error)
			n++
		}
		a.Error /= float64(n)
		a.Pass = a.Error <= a.Bound // false for NaN
		out = append(out, a)
	}
	return out
}

// Judge returns an error, with the exit code of a failed threshold, if a link exceeds its bound.
func Judge(pairs []Pair) error {
	for _, a := range accuracies(pairs) {
		if !a.Pass {
			return exit.Errorf(exit.Threshold, "link %s: mean absolute error %.2f %%, bound %.0f %%; "+
				"on a busy machine run it again when it is quiet", a.Link, a.Error*100, a.Bound*100)
		}
	}
	return nil
}

// Markdown returns the pairs and the links' accuracies as tables.
func Markdown(pairs []Pair) string {
	ms := func(s float64) string { return fmt.Sprintf("%.3f", s*1e3) }
	us := func(s float64) string { return fmt.Sprintf("%.0f", s*1e6) }
	percent := func(f float64) string { return fmt.Sprintf("%+.2f %%", f*100) }
	var latency, parts sheet.Table[Pair]
	for _, t := range []*sheet.Table[Pair]{&latency, &parts} {
		t.Left("link", func(p Pair) any { return p.Link })
		t.Left("variant", func(p Pair) any { return p.Variant })
	}
	latency.Right("n", func(p Pair) any { return p.N })
	latency.Right("measured (ms)", func(p Pair) any { return ms(p.Measured) })
	latency.Right("predicted (ms)", func(p Pair) any { return ms(p.Predicted) })
	latency.Right("error", func(p Pair) any { return percent(p.Error) })
	latency.Right("execution (ms)", func(p Pair) any { return ms(p.Exec) })
	latency.Right("equation 2.2 (ms)", func(p Pair) any { return ms(p.Equation) })
	latency.Right("overhead over direct (ms)", func(p Pair) any { return ms(p.Overhead) })
	latency.Right("raw error", func(p Pair) any { return percent(p.RawError) })
	parts.Right("framing", func(p Pair) any { return us(p.Framing) })
	parts.Right("lateness", func(p Pair) any { return us(p.Lateness) })
	parts.Right("rest", func(p Pair) any { return us(p.Rest) })
	parts.Right("lateness p50", func(p Pair) any { return us(p.LatenessP50) })
	parts.Right("p99", func(p Pair) any { return us(p.LatenessP99) })
	parts.Right("witness p50", func(p Pair) any { return us(p.WitnessP50) })
	parts.Right("p99", func(p Pair) any { return us(p.WitnessP99) })
	parts.Right("over direct p50", func(p Pair) any { return us(p.WitnessDirectP50) })
	parts.Right("p99", func(p Pair) any { return us(p.WitnessDirectP99) })
	var links sheet.Table[accuracy]
	links.Left("link", func(a accuracy) any { return a.Link })
	links.Right("mean absolute error", func(a accuracy) any { return fmt.Sprintf("%.2f %%", a.Error*100) })
	links.Right("bound", func(a accuracy) any { return fmt.Sprintf("%.0f %%", a.Bound*100) })
	links.Left("", func(a accuracy) any {
		if a.Pass {
			return "✓"
		}
		return "✗ exceeded"
	})
	text := latency.Markdown(pairs) +
		"\nThe parts of measured less predicted, and how late the emulator was, in microseconds " +
		"(the witness: both ways together, beyond the equation):\n\n" + parts.Markdown(pairs) +
		"\n" + links.Markdown(accuracies(pairs))
	lost := 0
	for _, p := range pairs {
		lost += p.Lost
	}
	if lost > 0 {
		text += fmt.Sprintf("\n%d requests were lost; their inferences are not counted.\n", lost)
	}
	return text
}
