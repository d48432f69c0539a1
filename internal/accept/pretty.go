package accept

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// marks are what stands before a verdict.
var marks = map[Verdict]string{
	Pass: "✓", Fail: "✗", Invalid: "✗", Missing: "✗", Inconclusive: "~", Skipped: "-",
}

// Pretty writes the report for people: what did not pass first, each with the
// command that repeats it alone, then what passed, then the study's table and
// the summary.
func (r *Report) Pretty(w io.Writer) error {
	p := &printer{w: w}
	var own, study []*Scenario
	for _, s := range r.Scenarios {
		if s.Study() && s.Wrong() == nil {
			study = append(study, s)
		} else {
			own = append(own, s)
		}
	}
	slices.SortStableFunc(own, func(a, b *Scenario) int {
		return cmp.Compare(slices.Index(rank, a.Verdict()), slices.Index(rank, b.Verdict()))
	})
	for _, s := range own {
		r.prettyScenario(p, s)
	}
	if len(study) > 0 {
		r.prettyStudy(p, study)
	}
	sum := r.Summary()
	var parts []string
	for _, v := range []Verdict{Pass, Fail, Inconclusive, Skipped, Missing, Invalid} {
		if n := sum.Verdicts[v]; n > 0 || v == Pass || v == Fail || v == Inconclusive || v == Skipped {
			parts = append(parts, fmt.Sprintf("%d %s", n, plural[v]))
		}
	}
	if len(own) > 0 {
		p.f("%d scenarios: %s\n", len(own), strings.Join(parts, ", "))
	}
	if len(study) > 0 {
		p.f("%d claims of the study: %d reproduced, %d contradicted, %d can't be told here\n", len(study),
			sum.Outcomes[Reproduced], sum.Outcomes[Contradicted], sum.Outcomes[CantTell])
	}
	if r.Run != "" {
		p.f("judged %s in %.1f s", r.Run, r.Took.Seconds())
		if r.Looks.Of > 1 {
			p.f(", look %d of %d", r.Looks.Look, r.Looks.Of)
		}
		p.f("\n")
	}
	return p.err
}

var plural = map[Verdict]string{
	Pass: "passed", Fail: "failed", Inconclusive: "inconclusive", Skipped: "skipped",
	Missing: "without data", Invalid: "not to be judged",
}

// printer remembers the first error of its writer.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (s *Scenario) place() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// Title returns the scenario's name, with the line of its row for one of an
// outline.
func (s *Scenario) Title() string {
	if s.Row > 0 {
		return fmt.Sprintf("%s (row at line %d)", s.Name, s.Row)
	}
	return s.Name
}

// Repeat returns the command that judges the scenario alone, on the same run
// where there is one.
func (r *Report) Repeat(s *Scenario) string {
	cmd := "crossover accept --features " + quoted(s.place())
	if r.Run != "" {
		cmd += " --results " + quoted(r.Run)
	}
	return cmd
}

// quoted quotes a word for a shell where it needs it.
func quoted(word string) string {
	if strings.ContainsFunc(word, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-+@%", c)
	}) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

func (r *Report) prettyScenario(p *printer, s *Scenario) {
	v := s.Verdict()
	p.f("%s %s  (%s)\n", marks[v], s.Title(), s.place())
	if v == Invalid || len(s.Judgements()) == 0 {
		if reason := s.Reason(); len(s.Judgements()) == 0 || s.Wrong() != nil {
			p.f("    %s\n", reason)
		}
	}
	for _, st := range s.Steps {
		if len(st.Judgements) == 0 {
			continue
		}
		p.f("    %s %s\n", st.Keyword, st.Text)
		for _, g := range st.Judgements {
			p.f("      %s %s\n", marks[g.Verdict], g.Line())
		}
	}
	if v != Pass && v != Skipped {
		p.f("    repeat: %s\n", r.Repeat(s))
	}
	p.f("\n")
}

// Line returns the judgement in one line: subject, value with its interval,
// limit and origin, or why there is no verdict.
func (g *Judgement) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", g.Subject, g.Measure)
	if g.Value != nil {
		fmt.Fprintf(&b, " %s, wanted %s (%s", g.Estimate(), g.Bound, g.Origin)
		if g.Samples > 0 {
			fmt.Fprintf(&b, ", %s samples", thousands(g.Samples))
		}
		if g.Rounds > 0 {
			fmt.Fprintf(&b, " in %d rounds", g.Rounds)
		}
		if g.Left > 0 {
			fmt.Fprintf(&b, ", %s disturbed ones left out", thousands(g.Left))
		}
		b.WriteString(")")
	} else {
		fmt.Fprintf(&b, " wanted %s", g.Bound)
	}
	if g.Verdict != Pass && g.Verdict != Fail || g.Value == nil {
		fmt.Fprintf(&b, ": %s", g.Verdict)
	}
	if g.Reason != "" {
		fmt.Fprintf(&b, ": %s", g.Reason)
	}
	if g.Note != "" {
		fmt.Fprintf(&b, "; %s", g.Note)
	}
	return b.String()
}

func (r *Report) prettyStudy(p *printer, study []*Scenario) {
	p.f("Claims of the study\n")
	section := func(s *Scenario) string {
		for _, t := range s.Tags {
			if rest, ok := strings.CutPrefix(t, "@section-"); ok {
				return rest
			}
		}
		return ""
	}
	for _, s := range study {
		p.f("  %-15s  %-5s  %s  (%s)\n", s.Outcome(), section(s), s.Title(), s.place())
		for _, g := range s.Judgements() {
			if g.Verdict == s.Verdict() && s.Outcome() != Reproduced {
				p.f("  %-15s  %-5s    %s\n", "", "", g.Line())
				break
			}
		}
		if len(s.Judgements()) == 0 {
			p.f("  %-15s  %-5s    %s\n", "", "", s.Reason())
		}
	}
	p.f("\n")
}
