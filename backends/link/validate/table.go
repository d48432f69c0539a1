package validate

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Bound is the mean absolute error that a link may have: 5 % where its round
// trip is short, so that waking a thread weighs, 2 % elsewhere.
func Bound(link string) float64 {
	if strings.HasPrefix(link, "5g") {
		return 0.05
	}
	return 0.02
}

// A Verdict is a link's mean absolute error over its variants against its bound.
type Verdict struct {
	Link         string
	Error, Bound float64 // as fractions
	Pass         bool
}

// Judge returns a verdict a link, in the order of the pairs.
func Judge(pairs []Pair) []Verdict {
	var out []Verdict
	for i := 0; i < len(pairs); {
		v := Verdict{Link: pairs[i].Link, Bound: Bound(pairs[i].Link)}
		n := 0
		for ; i < len(pairs) && pairs[i].Link == v.Link; i++ {
			v.Error += math.Abs(pairs[i].Error)
			n++
		}
		v.Error /= float64(n)
		v.Pass = v.Error <= v.Bound // false for NaN
		out = append(out, v)
	}
	return out
}

// WriteMarkdown writes the pairs and the verdicts as tables.
func WriteMarkdown(w io.Writer, pairs []Pair) error {
	var b strings.Builder
	ms := func(s float64) string { return fmt.Sprintf("%.3f", s*1e3) }
	us := func(s float64) string { return fmt.Sprintf("%.0f", s*1e6) }
	percent := func(f float64) string { return fmt.Sprintf("%+.2f %%", f*100) }
	row := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row("link", "variant", "n", "measured (ms)", "predicted (ms)", "error", "execution (ms)", "equation 2.2 (ms)", "overhead over direct (ms)", "raw error")
	row("---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, p := range pairs {
		row(p.Link, p.Variant, fmt.Sprint(p.N), ms(p.Measured), ms(p.Predicted), percent(p.Error), ms(p.Exec), ms(p.Equation), ms(p.Overhead), percent(p.RawError))
	}
	b.WriteString("\nWhat makes measured less predicted, and how late the emulator was, in microseconds (the witness: both ways together, beyond the equation):\n\n")
	row("link", "variant", "framing", "lateness", "rest", "lateness p50", "p99", "witness p50", "p99", "over direct p50", "p99")
	row("---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, p := range pairs {
		row(p.Link, p.Variant, us(p.Framing), us(p.Lateness), us(p.Rest), us(p.LatenessP50), us(p.LatenessP99), us(p.WitnessP50), us(p.WitnessP99), us(p.WitnessDirectP50), us(p.WitnessDirectP99))
	}
	b.WriteString("\n")
	row("link", "mean absolute error", "bound", "")
	row("---", "---:", "---:", "---")
	for _, v := range Judge(pairs) {
		verdict := "✗ exceeded"
		if v.Pass {
			verdict = "✓"
		}
		row(v.Link, fmt.Sprintf("%.2f %%", v.Error*100), fmt.Sprintf("%.0f %%", v.Bound*100), verdict)
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
