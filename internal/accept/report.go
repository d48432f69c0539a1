package accept

import (
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
)

// StudyTag marks scenarios that hold a claim of the study.
const StudyTag = "@study"

// A Report is the ledger of one judging: every scenario declared, and for each
// what was judged, skipped or could not be. Formats and the exit code come from
// it, never from the tool that ran the steps.
type Report struct {
	Run       string // the run folder as the user named it
	Features  string // the features' folder as the user named it
	Started   time.Time
	Took      time.Duration
	Looks     Looks
	Scenarios []*Scenario // in the order of files and lines
}

// A Scenario is one Gherkin scenario, or one row of an outline.
type Scenario struct {
	Feature string
	File    string // as the user named it
	Line    int    // where the scenario is declared
	Row     int    // the line of its row in an outline's examples, 0 for none
	Name    string
	Tags    []string
	Steps   []*Step
}

// A Step is one sentence of a scenario.
type Step struct {
	Keyword string // "Given", "Then"
	Text    string
	Line    int // where the scenario is declared
	Row     int // the line of its row in an outline's examples, 0 for none
	// Err says why the sentence itself is wrong: undefined, an unknown name, a
	// limit without unit.
	Err error
	// Ran is false for steps after one that was wrong.
	Ran        bool
	Judgements []*Judgement
}

// Study reports whether the scenario is a claim of the study.
func (s *Scenario) Study() bool { return slices.Contains(s.Tags, StudyTag) }

// Wrong returns the first step whose sentence is wrong, nil when there is none.
func (s *Scenario) Wrong() *Step {
	for _, st := range s.Steps {
		if st.Err != nil {
			return st
		}
	}
	return nil
}

// Judgements returns those of all steps.
func (s *Scenario) Judgements() []*Judgement {
	var out []*Judgement
	for _, st := range s.Steps {
		out = append(out, st.Judgements...)
	}
	return out
}

// Verdict returns the scenario's verdict: Invalid when a sentence is wrong or
// nothing was judged.
func (s *Scenario) Verdict() Verdict {
	if s.Wrong() != nil {
		return Invalid
	}
	var vs []Verdict
	for _, g := range s.Judgements() {
		vs = append(vs, g.Verdict)
	}
	return Worst(vs)
}

// Outcome returns what the scenario's verdict means for the study's claim.
func (s *Scenario) Outcome() Outcome { return s.Verdict().outcome() }

// Reason returns why the verdict is neither pass nor fail, in a sentence.
func (s *Scenario) Reason() string {
	if w := s.Wrong(); w != nil {
		return w.Err.Error()
	}
	v := s.Verdict()
	for _, g := range s.Judgements() {
		if g.Verdict == v && g.Reason != "" {
			return g.Reason
		}
	}
	if len(s.Judgements()) == 0 {
		return "it judged nothing: it has no sentence that asks for a verdict, or no variant met its conditions"
	}
	return ""
}

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

// Code returns the exit code of the judging. A sentence that is wrong comes
// first, in a study's scenario, too, since it is a fault of the features and
// not of what was measured; then failures, then what could not be judged, for
// want of data or of a quiet machine, then what could not be told. Scenarios that were all skipped are no data: nothing
// has passed. A study's outcomes never count.
func (r *Report) Code() exit.Code {
	if len(r.Scenarios) == 0 {
		return exit.NoData
	}
	worst, judged := exit.OK, false
	order := []exit.Code{exit.OK, exit.Inconclusive, exit.Unfit, exit.NoData, exit.Threshold, exit.Usage}
	for _, s := range r.Scenarios {
		code := s.Verdict().code()
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

// disturbed reports whether what is missing was measured, but never quietly.
func (s *Scenario) disturbed() bool {
	for _, g := range s.Judgements() {
		if g.Verdict == Missing && !g.Disturbed {
			return false
		}
	}
	return true
}

// Undecided reports whether measuring on could decide something that counts:
// outside the study something is inconclusive, or was measured only disturbed.
func (r *Report) Undecided() bool {
	return slices.ContainsFunc(r.Scenarios, func(s *Scenario) bool {
		return !s.Study() && slices.ContainsFunc(s.Judgements(), (*Judgement).Open)
	})
}
