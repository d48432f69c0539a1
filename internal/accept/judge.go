package accept

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model/profiles"
)

// The errors that a judgement may make, over all looks at its data. They hold
// for each judgement by itself: of a hundred limits that are all just broken,
// one may pass.
const (
	// LimitError bounds each wrong answer of a limit.
	LimitError = 0.01
	// ComparisonError bounds each wrong answer of a comparison.
	ComparisonError = 0.05
)

// A Judge answers claims from a run. Without Data it answers nothing and only
// notes which combinations the claims need: the dry pass before measuring. It
// is safe for concurrent use.
type Judge struct {
	Data     *Data
	Variants Variants
	Profiles *profiles.Set
	Looks    Looks // zero for the only look
	// Require names backends whose absence is a failure, not a skip.
	Require []string

	mu    sync.Mutex
	needs map[grid.Combination]bool
}

// Needs returns the combinations that claims have asked for, each once, by
// name.
func (j *Judge) Needs() []grid.Combination {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.SortedFunc(maps.Keys(j.needs), func(a, b grid.Combination) int { return cmp.Compare(a.Name(), b.Name()) })
}

// need notes combinations and reports whether there is data to judge.
func (j *Judge) need(cs ...grid.Combination) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.needs == nil {
		j.needs = map[grid.Combination]bool{}
	}
	for _, c := range cs {
		j.needs[c] = true
	}
	return j.Data != nil
}

// alpha returns the error that what rests on the combinations may spend of the
// whole at this look.
func (j *Judge) alpha(whole float64, cs ...grid.Combination) (float64, error) {
	if j.Looks.Of == 0 {
		return whole, nil
	}
	return stats.Spending{Alpha: whole, Looks: j.Looks.Of}.At(j.Looks.of(cs))
}

// A Judgement is one claim on one subject, answered.
type Judgement struct {
	Subject string  // "Mobilenet PQ 32 on cpu1"
	Measure string  // "p90 latency"
	Bound   string  // "at most 31ms"
	Verdict Verdict // never empty
	// Reason explains a verdict that is neither pass nor fail, and what would
	// change it.
	Reason string
	Note   string // what else a reader may want to know
	// Disturbed says that it is Missing for want of a quiet moment only.
	Disturbed bool
	// Value and its interval, in Unit.Symbol's SI unit; nil where nothing was
	// measured, an end nil where the samples do not bound it.
	Value, Lo, Hi *float64
	Unit          Unit
	Origin        names.Origin
	Samples       int
	Rounds        int
	Left          int // samples left out for their marks
	// Combinations are those the judgement rests on.
	Combinations []grid.Combination
}

// answer puts a test's result into the judgement. further names what More
// counts: "inferences", "rounds".
func (g *Judgement) answer(r stats.Result, further string) {
	g.Verdict = Of(r.Decision)
	g.Value, g.Lo, g.Hi = finite(r.Value), finite(r.Interval.Lo), finite(r.Interval.Hi)
	if r.Decision != stats.Inconclusive {
		return
	}
	if r.More == stats.Unknown {
		g.Reason = "the value sits on its limit: no number of further " + further + " would tell; move the limit"
		return
	}
	g.Reason = fmt.Sprintf("about %s further %s would tell", thousands(r.More), further)
}

// answerLog is answer for a test on logarithms of ratios.
func (g *Judgement) answerLog(r stats.Result) {
	r.Value = math.Exp(r.Value)
	r.Interval.Lo, r.Interval.Hi = math.Exp(r.Interval.Lo), math.Exp(r.Interval.Hi)
	if r.Interval.Lo == 0 {
		r.Interval.Lo = math.Inf(-1)
	}
	g.answer(r, "rounds")
}

// Open reports whether measuring on could change the verdict.
func (g *Judgement) Open() bool { return g.Verdict == Inconclusive || g.Disturbed }

// absent puts into the judgement why there was nothing to judge.
func (j *Judge) absent(g *Judgement, err error) error {
	var missing *AbsentError
	var unsupported *UnsupportedError
	switch {
	case errors.As(err, &missing):
		g.Verdict, g.Reason, g.Disturbed = missing.Verdict, missing.Reason, missing.Disturbed
		if missing.Verdict == Skipped {
			for _, need := range j.Require {
				if need == string(missing.Combination.Backend) {
					g.Verdict = Fail
					g.Reason = fmt.Sprintf("%s is required here but could not run: %s", need, missing.Reason)
				}
			}
		}
		return nil
	case errors.As(err, &unsupported):
		g.Verdict, g.Reason = Invalid, err.Error()
		return nil
	}
	return err
}

func (g *Judgement) count(s Series) {
	g.Left += s.Left
	if g.Rounds == 0 || len(s.Rounds) < g.Rounds {
		g.Rounds = len(s.Rounds)
	}
	for _, r := range s.Rounds {
		g.Samples += len(r.Values)
	}
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

// on names a combination for people.
func (j *Judge) on(c grid.Combination) string {
	title := string(c.Variant)
	for _, v := range j.Variants {
		if v.Name == title {
			return c.Title(v.Title)
		}
	}
	return c.Title(title)
}
