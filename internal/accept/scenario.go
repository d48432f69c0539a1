package accept

import (
	"fmt"
	"slices"
)

// StudyTag marks scenarios that hold a claim of the study.
const StudyTag = "@study"

// A Scenario is one Gherkin scenario, or one row of an outline.
type Scenario struct {
	Feature string
	File    string // as the user named it
	Line    int    // where the scenario is declared
	Row     int    // the line of its row in an outline's examples, 0 if none
	Name    string
	Tags    []string
	Steps   []*Step
}

// A Step is one sentence of a scenario.
type Step struct {
	Keyword string // "Given", "Then"
	Text    string
	Line    int
	// Err says why the sentence is wrong, with its file and line: undefined, an unknown name, a
	// limit without unit.
	Err error
	// Ran is false for steps after one that was wrong.
	Ran        bool
	Assertions []Assertion  // what the sentence claims, once it is read
	Judgements []*Judgement // of the assertions, once they are judged
	// NotHeld counts the assertions on measured variants that were not made, because the run does not
	// hold them.
	NotHeld int
}

// judge returns the scenario with the judgements of its assertions.
func (s *Scenario) judge(data *Data, looks Looks) *Scenario {
	out := *s
	out.Steps = make([]*Step, len(s.Steps))
	failed := false
	for i, st := range s.Steps {
		judged := *st
		out.Steps[i] = &judged
		judged.Ran = judged.Ran && !failed
		for _, a := range judged.Assertions {
			if failed {
				break
			}
			if a.Measured && !a.holds(data) {
				judged.NotHeld++
				continue
			}
			if g := a.judge(data, looks); g != nil && g.Err != nil {
				judged.Err, failed = fmt.Errorf("%s:%d: %w", s.File, st.Line, g.Err), true
			} else if g != nil {
				judged.Judgements = append(judged.Judgements, g)
			}
		}
	}
	return &out
}

// Study reports whether the scenario is a claim of the study.
func (s *Scenario) Study() bool { return slices.Contains(s.Tags, StudyTag) }

// Wrong returns the error of the first sentence that is wrong, nil if there is none.
func (s *Scenario) Wrong() error {
	for _, st := range s.Steps {
		if st.Err != nil {
			return st.Err
		}
	}
	return nil
}

// Scenarios are in the order of files and lines.
type Scenarios []*Scenario

// Wrong returns the error of the first sentence that is wrong, nil if there is none.
func (scenarios Scenarios) Wrong() error {
	for _, s := range scenarios {
		if err := s.Wrong(); err != nil {
			return err
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

// Verdict returns the scenario's verdict: Invalid if a sentence is wrong, or if nothing was judged,
// since that has not passed.
func (s *Scenario) Verdict() Verdict {
	if s.Reason() != "" {
		return Invalid
	}
	return worst(s.Judgements()).Verdict
}

// Outcome returns what the scenario's verdict means for the study's claim.
func (s *Scenario) Outcome() Outcome { return s.Verdict().meaning().outcome }

// Reason returns why the scenario could not be judged, empty if it was.
func (s *Scenario) Reason() string {
	if err := s.Wrong(); err != nil {
		return err.Error()
	}
	for _, st := range s.Steps {
		if st.Ran && len(st.Assertions) > 0 && len(st.Judgements) == 0 && len(s.Judgements()) > 0 {
			return fmt.Sprintf("%s:%d judged nothing: the run holds nothing that it is about, or no variant met its conditions",
				s.File, st.Line)
		}
	}
	if len(s.Judgements()) == 0 {
		return "it judged nothing: it has no sentence that asks for a verdict, or no variant met its conditions"
	}
	return ""
}

// disturbed reports whether what is missing was measured, but never undisturbed.
func (s *Scenario) disturbed() bool {
	return !slices.ContainsFunc(s.Judgements(), func(g *Judgement) bool {
		return g.Verdict == Missing && !g.Disturbed
	})
}
