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
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// Remarks returns what a reader of the table must know, one line each: what is missing and why, and
// what is doubtful.
func Remarks(run *results.Run, summaries []summary.Summary) []string {
	r := remarks{run: run, summaries: summaries}
	if run.Meta.Synthetic != "" {
		r.add("SYNTHETIC, no machine measured this run: %s.", run.Meta.Synthetic)
	}
	r.soak()
	r.temperature()
	if len(summaries) == 0 {
		r.add("No combination was measured.")
	}
	r.precision()
	r.disturbed()
	r.patterns()
	r.shares("Inferences left out", func(s summary.Summary) (n, of int, why string) {
		return s.LeftOut, s.LeftOut + s.Samples, " (" + r.reasons(s.Marks) + ")"
	})
	r.shares("Inferences whose emulated link was late, and count", func(s summary.Summary) (n, of int, why string) {
		return s.Marks[results.MarkLateLink.String()], s.Samples + s.LeftOut, ""
	})
	r.shares("Rounds whose warm-up did not settle", func(s summary.Summary) (n, of int, why string) {
		return s.Unsettled, s.Blocks, ""
	})
	r.shares("Rounds within which the latency moved", func(s summary.Summary) (n, of int, why string) {
		return s.Drifting, s.Blocks, ""
	})
	r.resolution()
	if floor, err := summary.NoiseFloor(run, summaries); err == nil {
		r.add("Noise floor of this run: %s %% (95 %% of neighbouring rounds of one combination differ by less).",
			significant(100*floor.Ratio, 2))
	}
	few := 0
	for _, s := range summaries {
		if s.Rounds < 2 {
			few++
		}
	}
	if few > 0 {
		r.add("%d of %d combinations have one round: their intervals say nothing about how rounds differ.",
			few, len(summaries))
	}
	for _, line := range results.ByReason(run.Ledger.Skipped, r.title) {
		r.add("Skipped: %s", line)
	}
	r.outcomes("Failed", run.Ledger.Failed)
	r.outcomes("Failed, then measured when the run was resumed", run.Ledger.Recovered)
	for _, p := range run.Meta.Resumed {
		r.add("The run was interrupted, and continued at %s.", p.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	for _, c := range run.Missing() {
		r.add("Missing: %s has no block.", r.title(c))
	}
	if !run.Ledger.Complete {
		r.add("The run is not complete.")
	}
	for _, note := range run.Notes {
		r.add("Note: %s.", strings.TrimSuffix(note, "."))
	}
	return r.lines
}

// remarks collects the lines below a run's table. Each method adds those of one kind that apply,
// often none.
type remarks struct {
	run       *results.Run
	summaries []summary.Summary
	lines     []string
}

func (r *remarks) add(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *remarks) title(c names.Combination) string { return c.Title(r.run.Meta.Title(c.Variant)) }

func (r *remarks) soak() {
	soak := r.run.Meta.Soak
	if soak == nil {
		return
	}
	throttled := ""
	if soak.Throttled != nil {
		throttled = fmt.Sprintf(" The machine began to throttle after %v.", soak.Throttled.Round(time.Second))
	}
	r.add("Sustained: heated for %v first (%s); throttled inferences are judged.%s",
		soak.Time.Round(time.Second), soak.Reason, throttled)
}

// coolBy is by how many degrees the machine may cool down after a soak without a remark:
// thermometers step by whole degrees, and a fan changes a few.
const coolBy = 5

func (r *remarks) temperature() {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range r.summaries {
		if s.Coolest != nil && s.Hottest != nil {
			lo, hi = min(lo, *s.Coolest), max(hi, *s.Hottest)
		}
	}
	if lo > hi {
		return // no thermometer
	}
	cooled := ""
	if soak := r.run.Meta.Soak; soak != nil && soak.Celsius != nil && lo < *soak.Celsius-coolBy {
		cooled = fmt.Sprintf(" The soak left the machine at %.0f C: some combinations did not keep it that hot.",
			*soak.Celsius)
	}
	r.add("Temperature at the ends of the blocks: %.0f to %.0f C.%s", lo, hi, cooled)
}

func (r *remarks) precision() {
	for _, i := range r.run.Ledger.Imprecise {
		reached := "no interval yet"
		if i.Reached != nil {
			reached = sheet.Percent(*i.Reached)
		}
		r.add("Not precise enough within the budget: %s: %s, wanted %s.",
			r.title(i.Combination), reached, sheet.Percent(i.Wanted))
	}
}

// disturbed says what the inferences that were left out would change.
func (r *remarks) disturbed() {
	for _, s := range r.summaries {
		switch {
		case s.Samples == 0 && s.MedianOfAll != nil:
			r.add("%s has no figures: all its %d inferences were disturbed (%s); their median is %s ms.",
				r.title(s.Combination), s.LeftOut, r.reasons(s.Marks), milliseconds(*s.MedianOfAll))
		case s.MedianOfAll != nil:
			r.add("%s: the inferences left out matter: with them the median is %s ms.",
				r.title(s.Combination), milliseconds(*s.MedianOfAll))
		}
	}
}

// patterns says what the rounds of combinations show besides noise.
func (r *remarks) patterns() {
	format := func(seconds float64) string { return milliseconds(seconds) + " ms" }
	few := 0
	for _, s := range r.summaries {
		if text := s.Sentence(format); text != "" {
			r.add("%s: %s.", r.title(s.Combination), text)
		}
		if s.Rounds > 1 && !s.DependenceVisible {
			few++
		}
	}
	if few > 0 {
		r.add("With fewer than %d rounds it cannot be seen whether rounds depend on each other: %d of %d combinations.",
			stats.LeastVisible, few, len(r.summaries))
	}
}

// resolution says which differences between combinations are results.
func (r *remarks) resolution() {
	if resolved := summary.ResolutionOf(r.summaries); resolved != nil {
		r.add("Resolution of this run: %s %%; a smaller difference between two combinations is not a result.",
			significant(100**resolved, 2))
	}
}

// First returns what a reader must know before the figures: that requests were lost, and that the run
// resolves less than its grid asks for.
func First(run *results.Run, summaries []summary.Summary) []string {
	r := remarks{run: run, summaries: summaries}
	r.shares("Requests were lost and retried; their figures include the time that took", func(
		s summary.Summary,
	) (n, of int, why string) {
		return s.Lost, s.Samples + s.LeftOut, ""
	})
	if asked, resolved := run.Meta.Grid.Resolution, summary.ResolutionOf(summaries); asked > 0 && resolved != nil &&
		*resolved > asked {
		r.add("This run resolves %s, and grid %s asks for %s:"+
			" a smaller difference is not a result; measure more rounds.",
			sheet.Percent(*resolved), run.Meta.Grid.Name, sheet.Percent(asked))
	}
	return r.lines
}

// mostNamed is how many combinations a line of shares names: nobody reads a list of hundreds. JSON
// has them all.
const mostNamed = 3

// shares remarks on a share of each combination's inferences or rounds: n of those there are, and
// why. It names the combinations with the largest shares, worst first, and counts the others.
func (r *remarks) shares(what string, share func(summary.Summary) (n, of int, why string)) {
	type part struct {
		share float64
		text  string
	}
	var parts []part
	for _, s := range r.summaries {
		if n, of, why := share(s); n > 0 {
			text := fmt.Sprintf("%s %d of %d%s", r.title(s.Combination), n, of, why)
			parts = append(parts, part{float64(n) / float64(of), text})
		}
	}
	if len(parts) == 0 {
		return
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.share, a.share) })
	var worst []string
	for _, p := range parts[:min(mostNamed, len(parts))] {
		worst = append(worst, p.text)
	}
	if n := len(parts) - mostNamed; n > 0 {
		worst = append(worst, fmt.Sprintf("%d more with smaller shares", n))
	}
	r.add("%s: %s.", what, strings.Join(worst, "; "))
}

func (r *remarks) outcomes(what string, outcomes []results.Outcome) {
	for _, o := range outcomes {
		where := fmt.Sprintf("round %d", o.Round+1)
		if o.Round == results.ProbeRound {
			where = "the probe"
		}
		r.add("%s: %s in %s: %s", what, r.title(o.Combination), where, oneLine(o.Reason))
	}
}

// oneLine joins the lines of an error's text and removes control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), "; ")
}

// reasons returns those counted marks that leave out as "3 throttled, 2 foreign".
func (r *remarks) reasons(marks map[string]int) string {
	var all []string
	for i, name := range results.MarkNames {
		if n := marks[name]; n > 0 && r.run.Meta.LeaveOut()&(1<<i) != 0 {
			all = append(all, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(all, ", ")
}
