// Package report shows a recorded run to people: the table of its combinations with remarks below
// ([Text], [Markdown], [Remarks]), the same figures for programs ([CSV], [JSON]), and the latencies
// of one combination ([Distribution]). Its figures come from package summary; only the classes of a
// histogram are counted here.
package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// Options say how a table is shown.
type Options struct {
	Width int // of the terminal in characters; 0 means unlimited
}

// header names the columns, each with its unit.
var header = table.Row{
	"Variant", "Backend", "Link", "Median [ms]", "95 % interval [ms]", "Spread [%]", "p90 [ms]", "p99 [ms]",
	"Speed [x none]", "Inferences", "Left out", "Lost", "Rounds", "Noted", "Origin",
}

func build(run *results.Run, summaries []summary.Summary) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	for _, s := range summaries {
		t.AppendRow(row(run, s))
	}
	t.SetColumnConfigs(columns(empty(summaries)))
	return t
}

// empty returns the columns that have nothing to say in this run.
func empty(summaries []summary.Summary) map[string]bool {
	lost := func(s summary.Summary) bool { return s.Lost > 0 }
	doubtful := func(s summary.Summary) bool { return len(noted(s)) > 0 }
	return map[string]bool{
		"Lost": !slices.ContainsFunc(summaries, lost), "Noted": !slices.ContainsFunc(summaries, doubtful),
	}
}

// columns aligns the columns, figures to the right, and hides some of them by name.
func columns(hidden map[string]bool) []table.ColumnConfig {
	var all []table.ColumnConfig
	for i, h := range header {
		align := text.AlignRight
		if i < 3 || i == len(header)-1 {
			align = text.AlignLeft
		}
		all = append(all, table.ColumnConfig{
			Number: i + 1, Align: align, AlignHeader: align, Hidden: hidden[h.(string)],
		})
	}
	return all
}

func row(run *results.Run, s summary.Summary) table.Row {
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
		run.Meta.Title(s.Combination.Variant), s.Combination.Backend, linkAndLoad(s.Combination),
		optional(s.Median), interval, significant(100*s.Spread, 2), optional(s.P90), optional(s.P99),
		speed, s.Samples, s.LeftOut, s.Lost, s.Rounds, strings.Join(noted(s), ", "), s.Origin,
	}
}

// noted names in a few words what is doubtful about a combination's figures; lines below the table
// say more.
func noted(s summary.Summary) []string {
	words := slices.Clone(s.Pattern)
	if s.Unsettled > 0 {
		words = append(words, "unsettled")
	}
	if s.Drifting > 0 {
		words = append(words, "drift")
	}
	return words
}

// linkAndLoad returns how the backend was reached: "ethernet", "direct at 50/s".
func linkAndLoad(c names.Combination) string {
	return strings.TrimSpace(string(c.Link) + " " + c.Load.String())
}

func optional(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return milliseconds(*seconds)
}

// milliseconds returns seconds in milliseconds with four significant digits.
func milliseconds(seconds float64) string { return significant(1000*seconds, 4) }

// significant returns x with n significant digits and without an exponent.
func significant(x float64, n int) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := n - 1 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', max(0, digits), 64)
}

// Text writes the run's table for people.
func Text(w io.Writer, run *results.Run, o Options) error {
	summaries := summary.Summarize(run)
	var b strings.Builder
	for _, line := range First(run, summaries) {
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "Run %s, machine %s\n", filepath.Base(run.Dir), cmp.Or(run.Meta.Config["machine"], "unknown"))
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

// optionalColumns are left out, one after another, while a table is wider than the terminal. The
// other columns always stay.
var optionalColumns = []string{
	"Rounds", "p90 [ms]", "Origin", "Spread [%]", "Noted", "Inferences", "Link", "95 % interval [ms]",
}

// narrow leaves columns out until the table fits into width characters. The link stays if rows
// differ in it.
func narrow(t table.Writer, summaries []summary.Summary, width int) {
	if width <= 0 {
		return
	}
	link := linkAndLoad(summaries[0].Combination)
	otherLink := func(s summary.Summary) bool { return linkAndLoad(s.Combination) != link }
	hide := empty(summaries)
	for _, name := range optionalColumns {
		if text.LongestLineLen(t.Render()) <= width {
			return
		}
		if name == "Link" && slices.ContainsFunc(summaries, otherLink) {
			continue
		}
		hide[name] = true
		t.SetColumnConfigs(columns(hide))
	}
}
