// Package report shows a recorded run to people: the table of its
// combinations and the distribution of one, in plain characters, as Markdown,
// CSV or JSON. It computes nothing that results has not summarized.
package report

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
)

// Title returns a variant's name for people, as the run has it, or made of its
// parts: "Mobilenet PQ 32" for "model=mobilenet/input=32/compression=pq". What
// else the name says stands behind, and a variant of another form is named as it
// is.
func Title(run *results.Run, variant string) string {
	if t := run.Meta.Titles[variant]; t != "" {
		return t
	}
	var model, letters, input string
	var rest []string
	for part := range strings.SplitSeq(variant, "/") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "model":
			model = value
		case "compression":
			if value != "none" {
				letters = strings.ToUpper(value)
			}
		case "input":
			input = value
		default:
			rest = append(rest, part)
		}
	}
	if model == "" {
		return variant
	}
	words := []string{strings.ToUpper(model[:1]) + model[1:]}
	for _, w := range append([]string{letters, input}, rest...) {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// Options say how a table is shown.
type Options struct {
	Width int // of the terminal in characters; 0 means that lines may be of any length
}

// header names the columns; each says its unit.
var header = table.Row{
	"Variant", "Backend", "Link", "Median [ms]", "95 % interval [ms]", "Spread [%]", "p90 [ms]", "p99 [ms]",
	"Speed [x none]", "Inferences", "Left out", "Rounds", "Origin",
}

// build fills a table with the summaries.
func build(run *results.Run, summaries []results.Summary) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	t.SetColumnConfigs(columns(nil))
	for _, s := range summaries {
		t.AppendRow(row(run, s))
	}
	return t
}

// columns aligns the columns, figures to the right, and hides some by name.
func columns(hidden map[string]bool) []table.ColumnConfig {
	var all []table.ColumnConfig
	for i, h := range header {
		align := text.AlignRight
		if i < 3 || i == len(header)-1 {
			align = text.AlignLeft
		}
		all = append(all, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, Hidden: hidden[h.(string)]})
	}
	return all
}

func row(run *results.Run, s results.Summary) table.Row {
	median := milliseconds(s.Median)
	if s.AllMarked {
		median = "! " + median
	}
	interval := "-"
	if s.Lo != nil && s.Hi != nil {
		interval = milliseconds(*s.Lo) + " to " + milliseconds(*s.Hi)
	}
	speed := "-"
	if s.Speed != nil {
		speed = significant(s.Speed.Value, 3)
		if s.Speed.Lo != nil && s.Speed.Hi != nil {
			speed += fmt.Sprintf(" (%s to %s)", significant(*s.Speed.Lo, 3), significant(*s.Speed.Hi, 3))
		}
	}
	return table.Row{
		Title(run, string(s.Combination.Variant)), s.Combination.Backend, s.Combination.Link,
		median, interval, significant(100*s.Spread, 2), optional(s.P90), optional(s.P99),
		speed, s.Samples, s.LeftOut, s.Rounds, s.Origin,
	}
}

func optional(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return milliseconds(*seconds)
}

// milliseconds spells seconds as milliseconds with four significant digits.
func milliseconds(seconds float64) string { return significant(1000*seconds, 4) }

// significant spells x with n significant digits and without an exponent.
func significant(x float64, n int) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := n - 1 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', max(0, digits), 64)
}

// Text writes the run's table for people.
func Text(w io.Writer, run *results.Run, o Options) error {
	summaries := results.Summarize(run)
	var b strings.Builder
	fmt.Fprintf(&b, "Run %s, machine %s\n", filepath.Base(run.Dir), orUnknown(run.Meta.Config["machine"]))
	if len(summaries) > 0 {
		t := build(run, summaries)
		narrow(t, summaries, o.Width)
		b.WriteString(t.Render())
		b.WriteByte('\n')
	}
	for _, line := range Remarks(run, summaries) {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// optionalColumns are left out, one after the other, while a table is wider
// than the terminal: the others make up what was asked.
var optionalColumns = []string{"Rounds", "p90 [ms]", "Origin", "Spread [%]", "Inferences", "Link", "95 % interval [ms]"}

// narrow leaves columns out until the table fits into width characters. The
// link stays where rows differ in it.
func narrow(t table.Writer, summaries []results.Summary, width int) {
	if width <= 0 {
		return
	}
	hide := make(map[string]bool)
	for i := 0; i < len(optionalColumns) && widest(t.Render()) > width; i++ {
		name := optionalColumns[i]
		if name == "Link" && !sameLink(summaries) {
			continue
		}
		hide[name] = true
		t.SetColumnConfigs(columns(hide))
	}
}

func sameLink(summaries []results.Summary) bool {
	for _, s := range summaries {
		if s.Combination.Link != summaries[0].Combination.Link {
			return false
		}
	}
	return true
}

func widest(rendered string) (width int) {
	for line := range strings.SplitSeq(rendered, "\n") {
		width = max(width, text.StringWidthWithoutEscSequences(line))
	}
	return width
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// Remarks says what a reader of the table must know, a line each: what is
// missing and why, and what is doubtful.
func Remarks(run *results.Run, summaries []results.Summary) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	name := func(c grid.Combination) string { return c.Title(Title(run, string(c.Variant))) }
	if soak := run.Meta.Soak; soak != nil {
		line := fmt.Sprintf("Sustained: heated for %v first (%s); throttled inferences are judged.", soak.Time.Round(time.Second), soak.Reason)
		if soak.Throttled != nil {
			line += fmt.Sprintf(" The machine began to throttle after %v.", soak.Throttled.Round(time.Second))
		}
		add("%s", line)
	}
	if lo, hi, ok := temperatures(summaries); ok {
		line := fmt.Sprintf("Temperature at the ends of the blocks: %.0f to %.0f C.", lo, hi)
		if soak := run.Meta.Soak; soak != nil && soak.Celsius != nil && lo < *soak.Celsius-coolBy {
			line += fmt.Sprintf(" The soak left the machine at %.0f C: not all that was measured kept it so hot.", *soak.Celsius)
		}
		add("%s", line)
	}
	if len(summaries) == 0 {
		add("No combination was measured.")
	}
	for _, i := range run.Ledger.Imprecise {
		reached := "no interval yet"
		if i.Reached != nil {
			reached = fmt.Sprintf("%.2g %%", 100**i.Reached)
		}
		add("Not precise enough within the budget: %s: %s, wanted %.2g %%.", name(i.Combination), reached, 100*i.Wanted)
	}
	few := 0
	var leftOut, unsettled, moved []doubt
	for _, s := range summaries {
		c := name(s.Combination)
		if s.AllMarked {
			add("! %s: all %d inferences were marked (%s); its figures are of marked ones.", c, s.Samples, reasons(s.Marks))
		} else if s.LeftOut > 0 {
			leftOut = append(leftOut, doubtOf(c, s.LeftOut, s.LeftOut+s.Samples, " ("+reasons(s.Marks)+")"))
		}
		if s.Unsettled > 0 {
			unsettled = append(unsettled, doubtOf(c, s.Unsettled, max(s.Rounds, s.Unsettled), ""))
		}
		if s.Drifting > 0 {
			moved = append(moved, doubtOf(c, s.Drifting, max(s.Rounds, s.Drifting), ""))
		}
		if s.Rounds < 2 {
			few++
		}
	}
	for _, d := range []struct {
		what string
		of   []doubt
	}{{"Inferences left out", leftOut}, {"Rounds whose warm-up did not settle", unsettled}, {"Rounds within which the latency moved", moved}} {
		if len(d.of) > 0 {
			add("%s: %s.", d.what, gravest(d.of))
		}
	}
	if floor, err := results.NoiseFloor(run, summaries); err == nil {
		add("Noise floor of this run: %.2g %% (95 %% of neighbouring rounds of one combination differ by less).", 100*floor.Ratio)
	}
	if few > 0 {
		add("%d of %d combinations have one round: their intervals say nothing of how rounds differ.", few, len(summaries))
	}
	// One thing that is missing costs many combinations, and one line.
	skipped := map[string][]grid.Combination{}
	var missing []string
	for _, o := range run.Ledger.Skipped {
		if skipped[o.Reason] == nil {
			missing = append(missing, o.Reason)
		}
		skipped[o.Reason] = append(skipped[o.Reason], o.Combination)
	}
	for _, reason := range missing {
		what := name(skipped[reason][0])
		if n := len(skipped[reason]); n > 1 {
			what = fmt.Sprintf("%d combinations, %s first", n, what)
		}
		add("Skipped: %s: %s", what, reason)
	}
	for _, o := range run.Ledger.Failed {
		add("Failed: %s in %s: %s", name(o.Combination), where(o), oneLine(o.Reason))
	}
	for _, o := range run.Ledger.Recovered {
		add("Failed, and measured when the run went on: %s in %s: %s", name(o.Combination), where(o), oneLine(o.Reason))
	}
	for _, p := range run.Meta.Resumed {
		add("The run was interrupted, and went on at %s.", p.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	for _, c := range run.Missing() {
		add("Missing: %s has no block.", name(c))
	}
	if !run.Ledger.Complete {
		add("The run is not complete.")
	}
	for _, note := range run.Notes {
		add("Note: %s.", strings.TrimSuffix(note, "."))
	}
	return lines
}

func where(o results.Outcome) string {
	if o.Round == results.ProbeRound {
		return "the probe"
	}
	return fmt.Sprintf("round %d", o.Round+1)
}

// coolBy is by how many degrees the machine may cool down after a soak without a
// word: thermometers step by whole degrees, and a fan answers with a few.
const coolBy = 5

// temperatures returns the least and the greatest; ok is false where none is
// known.
func temperatures(summaries []results.Summary) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range summaries {
		if s.Coolest != nil && s.Hottest != nil {
			lo, hi, ok = min(lo, *s.Coolest), max(hi, *s.Hottest), true
		}
	}
	return lo, hi, ok
}

// A doubt is a share of a combination's inferences or rounds that one should
// know of.
type doubt struct {
	share float64
	text  string
}

func doubtOf(name string, n, of int, why string) doubt {
	return doubt{float64(n) / float64(of), fmt.Sprintf("%s %d of %d%s", name, n, of, why)}
}

// mostNamed is how many combinations a line of doubts names: who is shown
// hundreds reads none. JSON has them all.
const mostNamed = 3

// gravest spells the largest shares, and counts the others.
func gravest(doubts []doubt) string {
	slices.SortStableFunc(doubts, func(a, b doubt) int { return cmp.Compare(b.share, a.share) })
	var parts []string
	for _, d := range doubts[:min(mostNamed, len(doubts))] {
		parts = append(parts, d.text)
	}
	if n := len(doubts) - mostNamed; n > 0 {
		parts = append(parts, fmt.Sprintf("%d more with smaller shares", n))
	}
	return strings.Join(parts, "; ")
}

// oneLine keeps an error's text on its line and free of control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), "; ")
}

// reasons spells marks as "3 throttled, 2 foreign".
func reasons(marks map[string]int) string {
	var all []string
	for _, name := range []string{"throttled", "foreign", "stolen", "late", "lost"} {
		if n := marks[name]; n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(all, ", ")
}

// Markdown writes the run's table as Markdown, with the remarks as a list.
func Markdown(w io.Writer, run *results.Run) error {
	summaries := results.Summarize(run)
	var b strings.Builder
	if len(summaries) > 0 {
		b.WriteString(build(run, summaries).RenderMarkdown())
		b.WriteString("\n\n")
	}
	for _, line := range Remarks(run, summaries) {
		b.WriteString("- " + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CSV writes one row a combination, in SI base units.
func CSV(w io.Writer, run *results.Run) error {
	cw := csv.NewWriter(w)
	cw.Write([]string{
		"variant", "backend", "link", "origin", "median_sec", "median_lo_sec", "median_hi_sec", "interval",
		"p90_sec", "p90_lo_sec", "p90_hi_sec", "p99_sec", "p99_lo_sec", "p99_hi_sec",
		"spread", "exec_sec", "network_sec", "sent_bytes", "received_bytes", "open_sec", "first_sec",
		"speed", "speed_lo", "speed_hi", "samples", "marked", "left_out", "all_marked", "rounds", "unsettled", "drifting",
	})
	num := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	opt := func(x *float64) string {
		if x == nil {
			return ""
		}
		return num(*x)
	}
	for _, s := range results.Summarize(run) {
		var speed [3]string
		if s.Speed != nil {
			speed = [3]string{num(s.Speed.Value), opt(s.Speed.Lo), opt(s.Speed.Hi)}
		}
		cw.Write([]string{
			string(s.Combination.Variant), string(s.Combination.Backend), string(s.Combination.Link), string(s.Origin), num(s.Median), opt(s.Lo), opt(s.Hi), s.Interval,
			opt(s.P90), opt(s.P90Lo), opt(s.P90Hi), opt(s.P99), opt(s.P99Lo), opt(s.P99Hi), num(s.Spread), opt(s.Exec), opt(s.Network), opt(s.Sent), opt(s.Receive), num(s.Open), num(s.First),
			speed[0], speed[1], speed[2], strconv.Itoa(s.Samples), strconv.Itoa(s.Marked), strconv.Itoa(s.LeftOut),
			strconv.FormatBool(s.AllMarked), strconv.Itoa(s.Rounds), strconv.Itoa(s.Unsettled), strconv.Itoa(s.Drifting),
		})
	}
	cw.Flush()
	return cw.Error()
}

// JSON writes the run's account and summaries, in SI base units.
func JSON(w io.Writer, run *results.Run) error {
	summaries := results.Summarize(run)
	if summaries == nil {
		summaries = []results.Summary{}
	}
	var noise *machine.NoiseFloor
	if floor, err := results.NoiseFloor(run, summaries); err == nil {
		noise = &floor
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Run       string              `json:"run"`
		Meta      results.Meta        `json:"meta"`
		Ledger    results.Ledger      `json:"ledger"`
		Missing   []grid.Combination  `json:"missing,omitempty"`
		Notes     []string            `json:"notes,omitempty"`
		Noise     *machine.NoiseFloor `json:"noise_floor,omitempty"`
		Summaries []results.Summary   `json:"summaries"`
	}{filepath.Base(run.Dir), run.Meta, run.Ledger, run.Missing(), run.Notes, noise, summaries})
}
