package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// A remark is a kind of line below the table. It returns the lines that apply
// to a run, often none.
type remark func(run *results.Run, summaries []results.Summary) []string

// remarks are the kinds of lines in the order of the report.
var remarks = []remark{
	soaked, temperature, unmeasured, imprecise, allMarked,
	shares("Inferences left out", func(s results.Summary) (n, of int, why string) {
		return s.LeftOut, s.LeftOut + s.Samples, " (" + reasons(s.Marks) + ")"
	}),
	shares("Rounds whose warm-up did not settle", func(s results.Summary) (n, of int, why string) {
		return s.Unsettled, max(s.Rounds, s.Unsettled), ""
	}),
	shares("Rounds within which the latency moved", func(s results.Summary) (n, of int, why string) {
		return s.Drifting, max(s.Rounds, s.Drifting), ""
	}),
	noiseFloor, fewRounds, skipped,
	outcomes("Failed", func(l *results.Ledger) []results.Outcome { return l.Failed }),
	outcomes("Failed, then measured when the run was resumed",
		func(l *results.Ledger) []results.Outcome { return l.Recovered }),
	resumed, missing, incomplete, notes,
}

// Remarks returns what a reader of the table must know, one line each: what is
// missing and why, and what is doubtful.
func Remarks(run *results.Run, summaries []results.Summary) []string {
	var lines []string
	for _, of := range remarks {
		lines = append(lines, of(run, summaries)...)
	}
	return lines
}

// line returns one formatted line.
func line(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }

// title returns a combination's name for people.
func title(run *results.Run, c names.Combination) string { return c.Title(run.Meta.Title(c.Variant)) }

func soaked(run *results.Run, _ []results.Summary) []string {
	soak := run.Meta.Soak
	if soak == nil {
		return nil
	}
	text := fmt.Sprintf("Sustained: heated for %v first (%s); throttled inferences are judged.",
		soak.Time.Round(time.Second), soak.Reason)
	if soak.Throttled != nil {
		text += fmt.Sprintf(" The machine began to throttle after %v.", soak.Throttled.Round(time.Second))
	}
	return []string{text}
}

// coolBy is by how many degrees the machine may cool down after a soak without
// a remark: thermometers step by whole degrees, and a fan changes a few.
const coolBy = 5

func temperature(run *results.Run, summaries []results.Summary) []string {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range summaries {
		if s.Coolest != nil && s.Hottest != nil {
			lo, hi = min(lo, *s.Coolest), max(hi, *s.Hottest)
		}
	}
	if lo > hi {
		return nil // no thermometer
	}
	text := fmt.Sprintf("Temperature at the ends of the blocks: %.0f to %.0f C.", lo, hi)
	if soak := run.Meta.Soak; soak != nil && soak.Celsius != nil && lo < *soak.Celsius-coolBy {
		text += fmt.Sprintf(" The soak left the machine at %.0f C: some combinations did not keep it that hot.",
			*soak.Celsius)
	}
	return []string{text}
}

func unmeasured(_ *results.Run, summaries []results.Summary) []string {
	if len(summaries) > 0 {
		return nil
	}
	return line("No combination was measured.")
}

func imprecise(run *results.Run, _ []results.Summary) (lines []string) {
	for _, i := range run.Ledger.Imprecise {
		reached := "no interval yet"
		if i.Reached != nil {
			reached = fmt.Sprintf("%.2g %%", 100**i.Reached)
		}
		lines = append(lines, fmt.Sprintf("Not precise enough within the budget: %s: %s, wanted %.2g %%.",
			title(run, i.Combination), reached, 100*i.Wanted))
	}
	return lines
}

func allMarked(run *results.Run, summaries []results.Summary) (lines []string) {
	for _, s := range summaries {
		if s.AllMarked {
			lines = append(lines, fmt.Sprintf("! %s: all %d inferences were marked (%s); its figures are those of marked ones.",
				title(run, s.Combination), s.Samples, reasons(s.Marks)))
		}
	}
	return lines
}

// mostNamed is how many combinations a line of shares names: nobody reads a
// list of hundreds. JSON has them all.
const mostNamed = 3

// shares returns the remark on a share of each combination's inferences or
// rounds: n of those there are, and why. It names the combinations with the
// largest shares, worst first, and counts the others.
func shares(what string, share func(results.Summary) (n, of int, why string)) remark {
	type part struct {
		share float64
		text  string
	}
	return func(run *results.Run, summaries []results.Summary) []string {
		var parts []part
		for _, s := range summaries {
			if n, of, why := share(s); n > 0 {
				text := fmt.Sprintf("%s %d of %d%s", title(run, s.Combination), n, of, why)
				parts = append(parts, part{float64(n) / float64(of), text})
			}
		}
		if len(parts) == 0 {
			return nil
		}
		slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.share, a.share) })
		var worst []string
		for _, p := range parts[:min(mostNamed, len(parts))] {
			worst = append(worst, p.text)
		}
		if n := len(parts) - mostNamed; n > 0 {
			worst = append(worst, fmt.Sprintf("%d more with smaller shares", n))
		}
		return line("%s: %s.", what, strings.Join(worst, "; "))
	}
}

func noiseFloor(run *results.Run, summaries []results.Summary) []string {
	floor, err := results.NoiseFloor(run, summaries)
	if err != nil {
		return nil
	}
	return line("Noise floor of this run: %.2g %% (95 %% of neighbouring rounds of one combination differ by less).",
		100*floor.Ratio)
}

func fewRounds(_ *results.Run, summaries []results.Summary) []string {
	few := 0
	for _, s := range summaries {
		if s.Rounds < 2 {
			few++
		}
	}
	if few == 0 {
		return nil
	}
	return line("%d of %d combinations have one round: their intervals say nothing about how rounds differ.",
		few, len(summaries))
}

// skipped returns one line per reason, because one missing prerequisite can
// cost many combinations.
func skipped(run *results.Run, _ []results.Summary) (lines []string) {
	by := map[string][]names.Combination{}
	var order []string
	for _, o := range run.Ledger.Skipped {
		if by[o.Reason] == nil {
			order = append(order, o.Reason)
		}
		by[o.Reason] = append(by[o.Reason], o.Combination)
	}
	for _, reason := range order {
		what := title(run, by[reason][0])
		if n := len(by[reason]); n > 1 {
			what = fmt.Sprintf("%d combinations, %s first", n, what)
		}
		lines = append(lines, fmt.Sprintf("Skipped: %s: %s", what, reason))
	}
	return lines
}

// outcomes returns the remark on a list of the ledger.
func outcomes(what string, of func(*results.Ledger) []results.Outcome) remark {
	return func(run *results.Run, _ []results.Summary) (lines []string) {
		for _, o := range of(&run.Ledger) {
			where := fmt.Sprintf("round %d", o.Round+1)
			if o.Round == results.ProbeRound {
				where = "the probe"
			}
			lines = append(lines, fmt.Sprintf("%s: %s in %s: %s", what, title(run, o.Combination), where, oneLine(o.Reason)))
		}
		return lines
	}
}

func resumed(run *results.Run, _ []results.Summary) (lines []string) {
	for _, p := range run.Meta.Resumed {
		lines = append(lines, "The run was interrupted, and continued at "+
			p.Started.UTC().Format("2006-01-02 15:04:05 UTC")+".")
	}
	return lines
}

func missing(run *results.Run, _ []results.Summary) (lines []string) {
	for _, c := range run.Missing() {
		lines = append(lines, fmt.Sprintf("Missing: %s has no block.", title(run, c)))
	}
	return lines
}

func incomplete(run *results.Run, _ []results.Summary) []string {
	if run.Ledger.Complete {
		return nil
	}
	return line("The run is not complete.")
}

func notes(run *results.Run, _ []results.Summary) (lines []string) {
	for _, note := range run.Notes {
		lines = append(lines, fmt.Sprintf("Note: %s.", strings.TrimSuffix(note, ".")))
	}
	return lines
}

// oneLine joins the lines of an error's text and removes control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), "; ")
}

// reasons returns counted marks as "3 throttled, 2 foreign".
func reasons(marks map[string]int) string {
	var all []string
	for _, name := range []string{"throttled", "foreign", "stolen", "late", "lost"} {
		if n := marks[name]; n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(all, ", ")
}
