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
	Run       string // the run folder as the user named it; empty if nothing was judged
	Started   time.Time
	Took      time.Duration
	Looks     Looks
	Scenarios []*Scenario // in the order of files and lines
}

// Wrong returns the error of the first sentence that is wrong, nil if there is none.
func (r *Report) Wrong() error { return wrong(r.Scenarios) }

// A Summary counts scenarios by verdict, the study's apart.
type Summary struct {
	Verdicts map[Verdict]int
	Outcomes map[Outcome]int
}

// Summary counts the report's scenarios.
func (r *Report) Summary() Summary {
	s := Summary{Verdicts: map[Verdict]int{}, Outcomes: map[Outcome]int{}}
	for _, sc := range r.Scenarios {
		if sc.Study() {
			s.Outcomes[sc.Outcome()]++
		} else {
			s.Verdicts[sc.Verdict()]++
		}
	}
	return s
}

// Code returns the exit code, by the worst that there is. A wrong sentence comes first, also in a
// study's scenario: it is a fault of the features and not of what was measured. Then come failures,
// claims without the data they need, a machine that was too busy, and what is inconclusive. If
// every scenario was skipped, nothing has passed, which is exit.NoData. A study's outcomes never
// count.
func (r *Report) Code() exit.Code {
	if len(r.Scenarios) == 0 {
		return exit.NoData
	}
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
			judged, code = true, exit.OK
		}
		judged = judged || s.Verdict() != Skipped
		if slices.Index(order, code) > slices.Index(order, worst) {
			worst = code
		}
	}
	if worst == exit.OK && !judged {
		return exit.NoData
	}
	return worst
}
