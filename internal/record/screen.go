package record

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model"
)

// screen shows how a run goes: a status line that is redrawn on a terminal, one plain line per round
// elsewhere. It draws only between blocks: a spinner on a timer would take processor time from what
// is being measured.
type screen struct {
	w        io.Writer
	terminal bool
	title    func(names.Combination) string
	round    int    // last round a plain line was printed for
	latest   string // the latest figures
	skips    int    // of the plan's that were printed
}

func newScreen(w io.Writer, title func(names.Combination) string) *screen {
	return &screen{w: w, terminal: isTerminal(w), title: title, round: -1}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// TerminalWidth returns the width of w in characters if it is a terminal, otherwise 0.
func TerminalWidth(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	width, _, _ := term.GetSize(int(w.(*os.File).Fd())) // 0 with an error
	return width
}

// line prints a line that stays.
func (s *screen) line(format string, args ...any) {
	if s.terminal {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
	fmt.Fprintf(s.w, format+"\n", args...)
}

// status redraws the status line, cut to the terminal's width, since only the last row of a longer
// one could be redrawn. It does nothing without a terminal.
func (s *screen) status(format string, args ...any) {
	if !s.terminal {
		return
	}
	line := []rune(fmt.Sprintf(format, args...))
	if width := TerminalWidth(s.w) - 1; width > 0 && len(line) > width {
		line = line[:width]
	}
	fmt.Fprint(s.w, "\r\x1b[K"+string(line))
}

func (s *screen) done() { s.status("") }

func (s *screen) Probing(n int) {
	s.line("Probing %s: what can run here, and how long does it take?", sheet.Count(n, "combination"))
}

func (s *screen) Planned(p rounds.Plan) {
	for _, line := range results.ByReason(p.Skipped[s.skips:], s.title) {
		s.line("skipped: %s", line)
	}
	s.skips = len(p.Skipped)
	if len(p.Open) == 0 {
		return
	}
	byRounds := func(a, b rounds.Item) int { return a.Rounds - b.Rounds }
	least, most := slices.MinFunc(p.Open, byRounds).Rounds, slices.MaxFunc(p.Open, byRounds).Rounds
	many := sheet.Count(most, "round")
	if least != most {
		many = fmt.Sprintf("%d to %s", least, many)
	}
	s.line("Plan: %s in %s, %s, about %s.",
		sheet.Count(len(p.Open), "combination"), many, sheet.Count(p.Blocks(), "block"), rounds.Roughly(p.Duration()))
}

func (s *screen) Started(c names.Combination, round, done, total int) {
	if round < 0 {
		s.status("[%d/%d] probe: %s", done, total, s.title(c))
		return
	}
	s.status("%s round %d: %s%s", progress(done, total), round+1, s.title(c), s.latest)
}

// progress writes how far a run is; a total of 0 means unknown.
func progress(done, total int) string {
	if total == 0 {
		return fmt.Sprintf("[%d]", done)
	}
	return fmt.Sprintf("[%d/%d]", done, total)
}

func (s *screen) Finished(b *results.Block, done, total int, left time.Duration) {
	steady, _ := b.Steady(0)
	ahead := ""
	switch {
	case total > 0:
		ahead = "; " + rounds.Roughly(left) + " left"
	case left > 0:
		ahead = "; at most " + rounds.Roughly(left) + " left"
	}
	median := model.Round(model.Seconds(stats.Median(results.Latencies(steady))), 3)
	s.latest = fmt.Sprintf("   (last: %s, %s%s)", s.title(b.Combination), median, ahead)
	if !s.terminal && b.Round != s.round {
		s.round = b.Round
		s.line("%s round %d%s", progress(done, total), b.Round+1, s.latest)
	}
}

func (s *screen) Dropped(c names.Combination, verb, reason string) {
	if verb != "skipped" { // Planned prints what was skipped
		s.line("%s: %s: %s", verb, s.title(c), strings.TrimSpace(reason))
	}
}
