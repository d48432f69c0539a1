package validate

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

// shortRTT is the round trip below which waking a thread weighs in the latency, so
// that a link has a wider bound.
const shortRTT = 10 * time.Millisecond

// bound is the mean absolute error that a link with this round trip may have: 5 %
// below 10 ms, 2 % otherwise.
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

// Judge returns an error, with the exit code of a failed threshold, if a link exceeds
// its bound.
func Judge(pairs []Pair) error {
	for _, a := range accuracies(pairs) {
		if !a.Pass {
			return exit.Errorf(exit.Threshold, "link %s: mean absolute error %.2f %%, bound %.0f %%; "+
				"on a busy machine run it again when it is quiet", a.Link, a.Error*100, a.Bound*100)
		}
	}
	return nil
}

// WriteMarkdown writes the pairs and the links' accuracies as tables.
func WriteMarkdown(w io.Writer, pairs []Pair) error {
	var b strings.Builder
	ms := func(s float64) string { return fmt.Sprintf("%.3f", s*1e3) }
	us := func(s float64) string { return fmt.Sprintf("%.0f", s*1e6) }
	percent := func(f float64) string { return fmt.Sprintf("%+.2f %%", f*100) }
	row := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row("link", "variant", "n", "measured (ms)", "predicted (ms)", "error", "execution (ms)", "equation 2.2 (ms)",
		"overhead over direct (ms)", "raw error")
	row("---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, p := range pairs {
		row(string(p.Link), p.Variant, fmt.Sprint(p.N), ms(p.Measured), ms(p.Predicted), percent(p.Error),
			ms(p.Exec), ms(p.Equation), ms(p.Overhead), percent(p.RawError))
	}
	b.WriteString("\nThe parts of measured less predicted, and how late the emulator was, in microseconds " +
		"(the witness: both ways together, beyond the equation):\n\n")
	row("link", "variant", "framing", "lateness", "rest", "lateness p50", "p99", "witness p50", "p99",
		"over direct p50", "p99")
	row("---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, p := range pairs {
		row(string(p.Link), p.Variant, us(p.Framing), us(p.Lateness), us(p.Rest), us(p.LatenessP50), us(p.LatenessP99),
			us(p.WitnessP50), us(p.WitnessP99), us(p.WitnessDirectP50), us(p.WitnessDirectP99))
	}
	b.WriteString("\n")
	row("link", "mean absolute error", "bound", "")
	row("---", "---:", "---:", "---")
	for _, a := range accuracies(pairs) {
		mark := "✗ exceeded"
		if a.Pass {
			mark = "✓"
		}
		row(string(a.Link), fmt.Sprintf("%.2f %%", a.Error*100), fmt.Sprintf("%.0f %%", a.Bound*100), mark)
	}
	lost := 0
	for _, p := range pairs {
		lost += p.Lost
	}
	if lost > 0 {
		fmt.Fprintf(&b, "\n%d requests were lost; their inferences are not counted.\n", lost)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
