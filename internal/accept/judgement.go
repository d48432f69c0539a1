package accept

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A Judgement is the answer to a claim.
type Judgement struct {
	Subject string  // "Mobilenet PQ 32 on cpu1"
	Measure string  // "p90 latency"
	Bound   string  // "at most 31ms"
	Verdict Verdict // never empty
	// Reason explains a verdict that is neither pass nor fail, and what would change it.
	Reason string
	Note   string // what else a reader may want to know
	// Disturbed says that it is Missing only because the machine was busy.
	Disturbed bool
	// Short says that more rounds would not decide: rounds are too short for the claim, or what it
	// lacks is not measured.
	Short bool
	// Value and its interval are in Unit.Symbol's SI unit. They are nil if nothing was measured; an
	// end is nil if the samples do not bound it.
	Value, Lo, Hi *float64
	Unit          Unit
	Origin        names.Origin
	Synthetic     bool // the run was made up
	Samples       int
	Rounds        int
	Left          int                 // inferences left out, because the machine was disturbed
	Combinations  []names.Combination // that the judgement rests on
	// Err says that judging itself failed, as opposed to the claim. The scenario is then wrong, as
	// with a sentence that cannot be read.
	Err error
}

// judge completes the judgement of a claim: it rests on what the claim needs, and an error of
// answer says why it has no value.
func judge(c Claim, data *Data, g Judgement, answer func(*Judgement) error) Judgement {
	g.Combinations = c.Needs()
	g.Synthetic = data.Synthetic != ""
	if g.Origin == "" {
		g.Origin = data.origin(g.Combinations...)
	}
	err := answer(&g)
	if no, ok := errors.AsType[*unanswered](err); ok {
		g.Verdict, g.Reason, g.Disturbed, g.Short = no.Verdict, no.Reason, no.Disturbed, no.Short
	} else if err != nil {
		g.Verdict, g.Reason, g.Err = Invalid, err.Error(), err
	}
	return g
}

// An unanswered error says why the data holds no answer to a claim.
type unanswered struct {
	Verdict   Verdict // Missing, Skipped, Invalid, Inconclusive, or Fail for a required backend
	Reason    string
	Disturbed bool // as in Judgement
	Short     bool // as in Judgement
}

func (e *unanswered) Error() string { return e.Reason }

// missing returns the error of a run that lacks what a claim needs.
func missing(format string, args ...any) error {
	return &unanswered{Verdict: Missing, Reason: fmt.Sprintf(format, args...)}
}

// answer puts a test's result into the judgement. further names what More counts: "rounds",
// "images".
func (g *Judgement) answer(r stats.Result, further string) {
	g.Verdict = Verdict(r.Decision.String())
	g.Value, g.Lo, g.Hi = finite(r.Value), finite(r.Interval.Lo), finite(r.Interval.Hi)
	switch {
	case g.Verdict != Inconclusive:
	case r.More == stats.Unknown:
		g.Reason = "the value sits on its limit: no number of further " + further + " would decide; move the limit"
	default:
		g.Reason = fmt.Sprintf("about %s further %s would decide", thousands(r.More), further)
	}
}

// Open reports whether more rounds could change the verdict.
func (g *Judgement) Open() bool { return g.Verdict == Inconclusive && !g.Short || g.Disturbed }

// count adds what the judgement rests on: the inferences and rounds of a series.
func (g *Judgement) count(s *summary.Series) {
	g.Left += s.Left
	g.Samples += s.Samples
	if n := len(s.Values) + s.Short; g.Rounds == 0 || n < g.Rounds {
		g.Rounds = n
	}
}

// qualify says what the rounds of the series show besides noise, and explains what a round that is
// too short for the statistic leaves open.
func (g *Judgement) qualify(s *summary.Series) {
	if why := s.TooShort(); why != "" && g.Verdict == Inconclusive {
		g.Reason, g.Short = why, true
	}
	if g.Rounds == 1 && g.Verdict == Inconclusive {
		g.Reason = "one round does not show how rounds differ: " + g.Reason
	}
	g.note(s.Pattern().Sentence(g.Unit.Format))
}

// note adds to what else a reader may want to know.
func (g *Judgement) note(text string) {
	if text != "" && g.Note != "" {
		g.Note += "; "
	}
	g.Note += text
}

// Estimate returns the value and its interval for people, with the unit.
func (g *Judgement) Estimate() string {
	if g.Value == nil {
		return ""
	}
	end := func(v *float64) string {
		if v == nil {
			return "unknown"
		}
		return g.Unit.Format(*v)
	}
	return fmt.Sprintf("%s [%s, %s]", g.Unit.Format(*g.Value), end(g.Lo), end(g.Hi))
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// thousands writes n in groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
