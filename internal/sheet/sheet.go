// Package sheet prints the answers of the cost model and of the instruments: as plain text, with
// tables without a frame and notes, as Markdown, or as JSON.
package sheet

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/crossover-bench/crossover/model"
)

// An Answer can be printed as text for people and, by its JSON tags, as JSON for programs.
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

// A Table prints a row of cells for each T. Its zero value has no columns.
type Table[T any] struct {
	columns []table.ColumnConfig
	cells   []func(T) any
}

// Left adds a column that is aligned left, and how its cell is made.
func (t *Table[T]) Left(heading string, cell func(T) any) { t.add(heading, text.AlignDefault, cell) }

// Right adds a column that is aligned right, and how its cell is made.
func (t *Table[T]) Right(heading string, cell func(T) any) { t.add(heading, text.AlignRight, cell) }

func (t *Table[T]) add(heading string, align text.Align, cell func(T) any) {
	t.columns = append(t.columns, table.ColumnConfig{
		Name: heading, Number: len(t.columns) + 1, Align: align, AlignHeader: align,
	})
	t.cells = append(t.cells, cell)
}

// Text returns the headings and the rows.
func (t *Table[T]) Text(rows []T) string {
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	w := t.writer(rows)
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	return w.Render() + "\n"
}

// Markdown is Text as a table of Markdown.
func (t *Table[T]) Markdown(rows []T) string { return t.writer(rows).RenderMarkdown() + "\n" }

func (t *Table[T]) writer(rows []T) table.Writer {
	w := table.NewWriter()
	w.SetColumnConfigs(t.columns)
	var headings table.Row
	for _, c := range t.columns {
		headings = append(headings, c.Name)
	}
	w.AppendHeader(headings)
	for _, r := range rows {
		var row table.Row
		for _, cell := range t.cells {
			row = append(row, cell(r))
		}
		w.AppendRow(row)
	}
	return w
}

// Count prints a number of things: "1 block", "2 blocks".
func Count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// Percent prints a share with two digits: "1.5 %", "110 %".
func Percent(share float64) string {
	two, _ := strconv.ParseFloat(fmt.Sprintf("%.2g", 100*share), 64) // a number, as it was just printed
	return strconv.FormatFloat(two, 'f', -1, 64) + " %"
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
