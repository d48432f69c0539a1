// Package sheet prints answers as plain text: tables without a frame, figures in
// thousandths of the unit that the heading names, and notes; or as JSON.
package sheet

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/crossover-bench/crossover/model"
)

// An Answer can be printed as text for people and, by its JSON tags, as JSON for
// programs.
type Answer interface {
	Text() string
}

// Print writes an answer as text or as indented JSON.
func Print(w io.Writer, a Answer, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, a.Text())
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(a)
}

// A Sheet is a table.
type Sheet struct {
	table   table.Writer
	columns int
}

// New returns a sheet with its headings.
func New(headings ...string) *Sheet {
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	s := &Sheet{table: table.NewWriter(), columns: len(headings)}
	s.table.SetStyle(style)
	s.table.AppendHeader(row(headings))
	return s
}

func row(cells []string) table.Row {
	var r table.Row
	for _, c := range cells {
		r = append(r, c)
	}
	return r
}

// Add appends a row.
func (s *Sheet) Add(cells ...string) { s.table.AppendRow(row(cells)) }

// Text returns the table: the first columns aligned left, as many as left says,
// the others right.
func (s *Sheet) Text(left int) string {
	var columns []table.ColumnConfig
	for i := left; i < s.columns; i++ {
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	s.table.SetColumnConfigs(columns)
	var b strings.Builder
	for line := range strings.Lines(s.table.Render()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// Milli prints v in thousandths of its unit: 1.5 ms as "1.500".
func Milli[Q model.Quantity](v Q) string { return fmt.Sprintf("%.3f", float64(v)/1e-3) }

// OrUnknown prints v as Milli does, or "?" if it is nil.
func OrUnknown[Q model.Quantity](v *Q) string {
	if v == nil {
		return "?"
	}
	return Milli(*v)
}

// AtLeast marks a figure as a lower bound if parts of it are missing.
func AtLeast(figure string, missing []string) string {
	if len(missing) > 0 {
		return ">=" + figure
	}
	return figure
}

// Notes are remarks below a table, each only once.
type Notes []string

// Add appends a note, unless it is there already.
func (n *Notes) Add(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(*n, s) {
		*n = append(*n, s)
	}
}

// AddMissing explains the marks of AtLeast, if anything is missing.
func (n *Notes) AddMissing(missing []string) {
	if len(missing) > 0 {
		n.Add("%s: not known and not counted, so figures marked >= are lower bounds", strings.Join(missing, ", "))
	}
}

// Text returns the notes, one per line.
func (n Notes) Text() string {
	var b strings.Builder
	for _, s := range n {
		b.WriteString("note: " + s + "\n")
	}
	return b.String()
}
