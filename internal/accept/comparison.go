package accept

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model"
)

// A Relation is what a comparison claims of two combinations.
type Relation uint8

// The relations. With the margin m and the ratio r of the first side's
// statistic to the second's: Beats claims r < 1-m, NotBeats r > 1-m, and
// Alike 1-m < r < 1/(1-m).
const (
	Beats Relation = iota
	NotBeats
	Alike
)

// A Comparison sets combination A against B.
type Comparison struct {
	A, B      grid.Combination
	Quantity  Quantity
	Statistic Statistic
	Relation  Relation
	Margin    float64 // a share, 0 for none
	Text      string  // the margin as it was written: "at least 10 %"
	// SamePlace says that both sides run in one place and differ in their
	// variant alone: then the embedded host is as good as any.
	SamePlace bool
	// Energy says that energy or EDP is compared, which must be measured.
	Energy bool
}

// Compare judges a comparison by the paired test on the rounds that both
// combinations share. It returns nil in the dry pass.
func (j *Judge) Compare(q Comparison) (*Judgement, error) {
	verb := map[Relation]string{Beats: " beats ", NotBeats: " does not beat ", Alike: " is like "}[q.Relation]
	if !j.need(q.A, q.B) {
		return nil, nil
	}
	g := &Judgement{
		Subject: j.on(q.A) + verb + j.on(q.B),
		Measure: "ratio of " + q.Statistic.String() + " " + q.Quantity.Name,
		Unit:    times, Origin: j.Data.origin(q.A, q.B), Combinations: []grid.Combination{q.A, q.B},
	}
	switch q.Relation {
	case Beats:
		g.Bound = "below " + times.Format(1-q.Margin)
	case NotBeats:
		g.Bound = "above " + times.Format(1-q.Margin)
	case Alike:
		g.Bound = "between " + times.Format(1-q.Margin) + " and " + times.Format(1/(1-q.Margin))
	}
	if !q.SamePlace {
		for _, c := range []grid.Combination{q.A, q.B} {
			if err := supportsComparison(c); err != nil {
				return g, j.absent(g, err)
			}
		}
	}
	if q.Energy {
		return g, j.absent(g, supportsEnergy("a comparison of energy", names.Modelled))
	}
	d, err := j.logRatios(g, q.A, q.B, q.Quantity, q.Statistic)
	if err != nil {
		return g, j.absent(g, err)
	}
	alpha, err := j.alpha(ComparisonError, q.A, q.B)
	if err != nil {
		return g, err
	}
	bound := math.Log1p(-q.Margin)
	switch q.Relation {
	case Beats:
		return g, g.below(d, bound, alpha)
	case NotBeats:
		return g, g.above(d, bound, alpha)
	}
	return g, g.within(d, bound, -bound, alpha)
}

// logRatios returns the logarithm of A's statistic over B's for every round
// that holds both.
func (j *Judge) logRatios(g *Judgement, a, b grid.Combination, q Quantity, st Statistic) ([]float64, error) {
	var sides [2]Series
	for i, c := range []grid.Combination{a, b} {
		s, err := j.Data.Series(c, q)
		if err != nil {
			return nil, err
		}
		sides[i] = s
	}
	// Asked after the data, so that a side that cannot run here is a skip.
	if !j.Data.Interleaved {
		return nil, &UnsupportedError{
			Claim:   "a comparison",
			Because: j.Data.Name + " did not measure its combinations in turns, so the machine may have changed between them",
			Remedy:  "measure with crossover bench or crossover accept, which interleave",
		}
	}
	for _, s := range sides {
		g.count(s)
	}
	byRound := map[int][]float64{}
	for _, r := range sides[1].Rounds {
		byRound[r.Round] = r.Values
	}
	var d []float64
	for _, r := range sides[0].Rounds {
		if other, ok := byRound[r.Round]; ok {
			d = append(d, math.Log(st.of(r.Values))-math.Log(st.of(other)))
		}
	}
	if len(d) == 0 {
		return nil, &AbsentError{Combination: a, Verdict: Missing, Reason: "it shares no round with " + b.Name()}
	}
	g.Rounds = len(d)
	return d, nil
}

// below judges "the centre of the logarithms is below bound".
func (g *Judgement) below(d []float64, bound, alpha float64) error {
	r, err := stats.PairedBelow(d, bound, alpha)
	if err != nil {
		return err
	}
	g.answerLog(r)
	return nil
}

// above judges "the centre of the logarithms is above bound".
func (g *Judgement) above(d []float64, bound, alpha float64) error {
	r, err := pairedAbove(d, bound, alpha)
	if err != nil {
		return err
	}
	g.answerLog(r)
	return nil
}

func pairedAbove(d []float64, bound, alpha float64) (stats.Result, error) {
	negated := make([]float64, len(d))
	for i, x := range d {
		negated[i] = -x
	}
	r, err := stats.PairedBelow(negated, -bound, alpha)
	r.Value = -r.Value
	r.Interval.Lo, r.Interval.Hi = -r.Interval.Hi, -r.Interval.Lo
	return r, err
}

// within judges "the centre of the logarithms lies between lo and hi" by two
// one-sided tests, each at alpha (Schuirmann, Journal of Pharmacokinetics and
// Biopharmaceutics 15(6), 1987).
func (g *Judgement) within(d []float64, lo, hi, alpha float64) error {
	upper, err := stats.PairedBelow(d, hi, alpha)
	if err != nil {
		return err
	}
	lower, err := pairedAbove(d, lo, alpha)
	if err != nil {
		return err
	}
	r := upper
	switch {
	case upper.Decision == stats.Fail || lower.Decision == stats.Fail:
		r.Decision = stats.Fail
	case upper.Decision == stats.Pass && lower.Decision == stats.Pass:
		r.Decision = stats.Pass
	default:
		r.Decision = stats.Inconclusive
		r.More = max(upper.More, lower.More)
		if upper.More == stats.Unknown || lower.More == stats.Unknown {
			r.More = stats.Unknown
		}
	}
	g.answerLog(r)
	return nil
}

// A Yardstick is what a measured latency is held against in the same round.
type Yardstick uint8

// The yardsticks.
const (
	// ModelOfLink is equation 2.3 of the study: the measured execution time
	// plus the network time by the link's profile.
	ModelOfLink Yardstick = iota
	// CalibrationTime is that of the invocation alone in the calibration run
	// before each block.
	CalibrationTime
)

// A RelativeLimit bounds the ratio of a statistic of the latency to a
// yardstick, round by round, so that what slows the whole machine cancels.
type RelativeLimit struct {
	Yardstick Yardstick
	Statistic Statistic
	Lo, Hi    float64 // bounds of the ratio; 0 or +Inf for none
	Text      string  // as it was written
}

// Relative judges a relative limit. It returns nil in the dry pass.
func (j *Judge) Relative(c grid.Combination, l RelativeLimit) (*Judgement, error) {
	if !j.need(c) {
		return nil, nil
	}
	g := &Judgement{
		Subject: j.on(c), Measure: l.Statistic.String() + " latency over the model's", Bound: l.Text,
		Unit: times, Origin: j.Data.origin(c), Combinations: []grid.Combination{c},
	}
	if l.Yardstick == CalibrationTime {
		g.Measure = l.Statistic.String() + " latency over the calibration time"
	}
	s, err := j.Data.Series(c, Latency)
	if err != nil {
		return g, j.absent(g, err)
	}
	yard, err := j.yardstick(c, l)
	if err != nil {
		return g, j.absent(g, err)
	}
	g.count(s)
	var d []float64
	for _, r := range s.Rounds {
		if y, ok := yard[r.Round]; ok && y > 0 {
			d = append(d, math.Log(l.Statistic.of(r.Values)/y))
		}
	}
	if len(d) == 0 {
		return g, j.absent(g, &AbsentError{Combination: c, Verdict: Missing, Reason: "no round holds both it and what it is held against"})
	}
	g.Rounds = len(d)
	alpha, err := j.alpha(LimitError, c)
	if err != nil {
		return g, err
	}
	switch {
	case math.IsInf(l.Hi, 1):
		return g, g.above(d, math.Log(l.Lo), alpha)
	case l.Lo == 0:
		return g, g.below(d, math.Log(l.Hi), alpha)
	}
	return g, g.within(d, math.Log(l.Lo), math.Log(l.Hi), alpha)
}

// yardstick returns what the latency is held against, by round.
func (j *Judge) yardstick(c grid.Combination, l RelativeLimit) (map[int]float64, error) {
	out := map[int]float64{}
	if l.Yardstick == CalibrationTime {
		blocks, err := j.Data.Blocks(c)
		if err != nil {
			return nil, err
		}
		for _, b := range blocks {
			if b.Calibration > 0 {
				out[b.Round] = b.Calibration
			}
		}
		if len(out) == 0 {
			return nil, &AbsentError{Combination: c, Verdict: Missing, Reason: j.Data.Name + " holds no calibration run of it; crossover accept takes one for each local CPU backend"}
		}
		return out, nil
	}
	if grid.IsLocal(c.Backend) || c.Link == names.LinkDirect {
		return nil, &UnsupportedError{
			Claim: "a limit relative to the model", Because: "the model says nothing of " + c.Name(),
			Remedy: "choose a host and a link with a profile",
		}
	}
	link, err := j.Profiles.Link(string(c.Link))
	if err != nil {
		return nil, err
	}
	blocks, err := j.Data.Blocks(c)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		exec, _ := Execution.values(b, j.Data.leaveOut())
		if len(exec) == 0 {
			continue
		}
		kept, _ := b.Steady(j.Data.leaveOut())
		network := link.NetworkTime(model.Bytes(kept[0].Sent), model.Bytes(kept[0].Received))
		out[b.Round] = l.Statistic.of(exec) + float64(network)
	}
	return out, nil
}

// Spread judges "the median varies by at most bound over the combinations":
// their standard deviation over their mean, as the study's table of thresholds
// has it. Each median is known to within an interval, at the limit's error
// divided by their number; a standard deviation moves by no more than
// sqrt(k/(k-1)) times the largest of these, and the mean by no more than that,
// so the interval holds whatever their distribution.
func (j *Judge) Spread(cs []grid.Combination, q Quantity, d Direction, bound float64, text string) (*Judgement, error) {
	if !j.need(cs...) {
		return nil, nil
	}
	g := &Judgement{
		Subject: fmt.Sprintf("%d variants on %s", len(cs), place(cs[0])),
		Measure: "spread of the median " + q.Name, Bound: d.String() + " " + text,
		Unit: share, Origin: j.Data.origin(cs...), Combinations: cs,
	}
	alpha, err := j.alpha(LimitError, cs...)
	if err != nil {
		return g, err
	}
	k := float64(len(cs))
	var medians []float64
	half := 0.0
	for _, c := range cs {
		s, err := j.Data.Series(c, q)
		if err != nil {
			return g, j.absent(g, err)
		}
		g.count(s)
		r, err := stats.RoundsAtMost(s.Values(), 0.5, math.Inf(1), alpha/k)
		if err != nil {
			return g, err
		}
		medians = append(medians, r.Value)
		half = max(half, r.Value-r.Interval.Lo, r.Interval.Hi-r.Value)
	}
	mean, sd := stat.Mean(medians, nil), stat.StdDev(medians, nil)
	v := sd / mean
	g.Value = &v
	g.Verdict = Inconclusive
	if half < mean {
		wide := half * math.Sqrt(k/(k-1))
		lo, hi := max(0, sd-wide)/(mean+half), (sd+wide)/(mean-half)
		g.Lo, g.Hi = &lo, &hi
		switch {
		case hi <= bound:
			g.Verdict = map[Direction]Verdict{AtMost: Pass, AtLeast: Fail}[d]
		case lo > bound:
			g.Verdict = map[Direction]Verdict{AtMost: Fail, AtLeast: Pass}[d]
		}
	}
	if g.Verdict == Inconclusive {
		g.Reason = fmt.Sprintf("a median is known to within %s only: measure more rounds", q.Unit.Format(half))
	}
	return g, nil
}

func place(c grid.Combination) string { return c.Place().String() }
