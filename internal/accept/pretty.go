package accept

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/sheet"
)

// Pretty writes the report for people: what did not pass first, each with the command that repeats
// it alone, then what passed, then the study's table and the summary.
func (r *Report) Pretty(w io.Writer) error {
	p := &bytes.Buffer{}
	var own, study []*Scenario
	for _, s := range r.Scenarios {
		if s.Study() && s.Wrong() == nil {
			study = append(study, s)
		} else {
			own = append(own, s)
		}
	}
	slices.SortStableFunc(own, func(a, b *Scenario) int {
		return cmp.Compare(a.Verdict().meaning().rank, b.Verdict().meaning().rank)
	})
	if r.Synthetic != "" {
		fmt.Fprintf(p, "SYNTHETIC, no machine measured this run: %s.\n\n", r.Synthetic)
	}
	if len(r.Losses) > 0 {
		fmt.Fprintf(p, "Requests were lost and retried; the time that took counts: %s.\n\n",
			strings.Join(r.Losses, "; "))
	}
	for _, s := range own {
		r.prettyScenario(p, s)
	}
	if len(study) > 0 {
		r.prettyStudy(p, study)
	}
	verdicts, outcomes := r.Summary()
	var parts []string
	for _, v := range []Verdict{Pass, Fail, Inconclusive, Skipped, Missing, Invalid} {
		if n := verdicts[v]; n > 0 || v != Missing && v != Invalid {
			parts = append(parts, fmt.Sprintf("%d %s", n, v.meaning().counted))
		}
	}
	if len(own) > 0 {
		fmt.Fprintf(p, "%s: %s\n", sheet.Count(len(own), "scenario"), strings.Join(parts, ", "))
	}
	if len(study) > 0 {
		fmt.Fprintf(p, "%s of the study: %d reproduced, %d contradicted, %d can't be told here\n",
			sheet.Count(len(study), "claim"), outcomes[Reproduced], outcomes[Contradicted], outcomes[CantTell])
	}
	if r.Run != "" {
		fmt.Fprintf(p, "judged %s in %.1f s", r.Run, r.Took.Seconds())
		if r.Looks.Of > 1 {
			fmt.Fprintf(p, ", look %d of %d", r.Looks.Look, r.Looks.Of)
		}
		fmt.Fprintf(p, "\n")
	}
	_, err := p.WriteTo(w)
	return err
}

func (s *Scenario) position() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// Title returns the scenario's name, with the line of its row for one of an outline.
func (s *Scenario) Title() string {
	if s.Row > 0 {
		return fmt.Sprintf("%s (row at line %d)", s.Name, s.Row)
	}
	return s.Name
}

// Repeat returns the command that judges the scenario alone, on the same run where there is one.
func (r *Report) Repeat(s *Scenario) string {
	cmd := "crossover accept --features " + quoted(s.position())
	if r.Run != "" {
		cmd += " --results " + quoted(r.Run)
	}
	return cmd
}

var shellSpecial = regexp.MustCompile(`[^\w./:+@%-]`)

// quoted quotes a word for a shell where it needs it.
func quoted(word string) string {
	if shellSpecial.MatchString(word) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

func (r *Report) prettyScenario(p *bytes.Buffer, s *Scenario) {
	v := s.Verdict()
	fmt.Fprintf(p, "%s %s  (%s)\n", v.meaning().mark, s.Title(), s.position())
	if why := s.Reason(); why != "" {
		fmt.Fprintf(p, "    %s\n", why)
	}
	for _, st := range s.Steps {
		if len(st.Judgements) > 0 {
			fmt.Fprintf(p, "    %s %s\n", st.Keyword, st.Text)
		}
		for _, g := range st.Judgements {
			fmt.Fprintf(p, "      %s\n", g.marked())
		}
		if st.NotHeld > 0 {
			fmt.Fprintf(p, "      judged %d of %d; the run does not hold the others\n",
				len(st.Judgements), len(st.Judgements)+st.NotHeld)
		}
	}
	if v != Pass && v != Skipped {
		fmt.Fprintf(p, "    repeat: %s\n", r.Repeat(s))
	}
	fmt.Fprintf(p, "\n")
}

// marked returns the judgement's line with the mark of its verdict.
func (g *Judgement) marked() string { return g.Verdict.meaning().mark + " " + g.line() }

// line returns the judgement in one line: subject, value with its interval, limit and origin, or
// why there is no verdict.
func (g *Judgement) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", g.Subject, g.Measure)
	if g.Value != nil {
		fmt.Fprintf(&b, " %s, wanted %s (", g.Estimate(), g.Bound)
		if g.Synthetic {
			b.WriteString("synthetic, ")
		}
		b.WriteString(string(g.Origin))
		if g.Samples > 0 {
			fmt.Fprintf(&b, ", %s samples", thousands(g.Samples))
		}
		if g.Rounds > 0 {
			b.WriteString(" in " + sheet.Count(g.Rounds, "round"))
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

func (r *Report) prettyStudy(p *bytes.Buffer, study []*Scenario) {
	fmt.Fprintf(p, "Claims of the study\n")
	section := func(s *Scenario) string {
		for _, t := range s.Tags {
			if rest, ok := strings.CutPrefix(t, "@section-"); ok {
				return rest
			}
		}
		return ""
	}
	for _, s := range study {
		fmt.Fprintf(p, "  %-15s  %-5s  %s  (%s)\n", s.Outcome(), section(s), s.Title(), s.position())
		if s.Outcome() != Reproduced {
			fmt.Fprintf(p, "  %-15s  %-5s    %s\n", "", "", s.firstLine())
		}
	}
	fmt.Fprintf(p, "\n")
}
