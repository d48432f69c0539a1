package accept

import (
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
)

// A Report is the result of judging features once: every scenario, with what was judged, skipped or
// could not be judged. Formats and the exit code are derived from it, never from the tool that read
// the sentences.
type Report struct {
	Run string // the run folder as the user named it; empty if nothing was judged
	// Synthetic says how that run was made up; empty for one that a machine measured.
	Synthetic string
	// Losses names the combinations that lost requests, and how many; empty if none did.
	Losses  []string
	Started time.Time
	Took    time.Duration
	Looks   Looks
	Scenarios
}

// Summary counts scenarios by verdict, those of the study by outcome.
func (r *Report) Summary() (map[Verdict]int, map[Outcome]int) {
	verdicts, outcomes := map[Verdict]int{}, map[Outcome]int{}
	for _, s := range r.Scenarios {
		if s.Study() {
			outcomes[s.Outcome()]++
		} else {
			verdicts[s.Verdict()]++
		}
	}
	return verdicts, outcomes
}

// Code returns the exit code, by the worst that there is. A wrong sentence comes first, also in a
// study's scenario: it is a fault of the features and not of what was measured. Then come failures,
// claims without the data they need, a machine that was too busy, and what is inconclusive. If
// every scenario was skipped, nothing has passed, which is exit.NoData. A study's outcomes never
// count.
func (r *Report) Code() exit.Code {
	worst, judged := exit.OK, false
	order := []exit.Code{exit.OK, exit.Inconclusive, exit.Unfit, exit.NoData, exit.Threshold, exit.Usage}
	for _, s := range r.Scenarios {
		code := s.Verdict().meaning().code
		switch {
		case s.Wrong() != nil:
			code = exit.Usage
		case s.Verdict() == Missing && s.disturbed() && !s.Study():
			code = exit.Unfit
		case s.Study():
			code = exit.OK
		}
		judged = judged || s.Verdict() != Skipped || slices.ContainsFunc(s.Judgements(), func(g *Judgement) bool {
			return g.Verdict != Skipped
		})
		if slices.Index(order, code) > slices.Index(order, worst) {
			worst = code
		}
	}
	if worst == exit.OK && !judged {
		return exit.NoData
	}
	return worst
}
