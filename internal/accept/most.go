package accept

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
)

// Most claims that at least a share of several claims hold, one for each of several variants.
type Most struct {
	Claims []Claim // one at least, of one error rate
	Least  float64 // a share above 0
}

// Needs implements Claim.
func (m Most) Needs() []names.Combination { return needs(m.Claims) }

// ErrorRate implements Claim.
func (m Most) ErrorRate() float64 { return m.Claims[0].ErrorRate() }

// Inferences implements Lengthening.
func (m Most) Inferences() int { return longest(m.Claims) }

// longest returns how many inferences a round must hold for all of the claims.
func longest(claims []Claim) int {
	n := 0
	for _, c := range claims {
		if l, ok := c.(Lengthening); ok {
			n = max(n, l.Inferences())
		}
	}
	return n
}

// least returns how many of the claims must hold.
func (m Most) least() int {
	// Of 33 variants, 3 % are one: a product such as 0.1 * 30 must not round up to 4.
	return max(1, int(math.Ceil(m.Least*float64(len(m.Claims))-1e-9)))
}

// Judge implements Claim. If fewer than k of n claims are true, k can only pass if one of the
// n-k+1 or more that are false does: each spends that part of alpha. To fail, more than n-k must
// fail, of which one at least is true if k are: each spends alpha/k. A claim that cannot be judged
// is never passed over.
func (m Most) Judge(data *Data, alpha float64) Judgement {
	n, k := len(m.Claims), m.least()
	g := Judgement{
		Measure: "share of them for which it holds", Bound: fmt.Sprintf("at least %d of %d", k, n), Unit: share,
	}
	return judge(m, data, g, func(g *Judgement) error {
		passed, failed := 0, 0
		var against []string
		for _, c := range m.Claims {
			one := c.Judge(data, alpha/float64(n-k+1))
			if (one.Verdict == Inconclusive || one.Verdict == Fail) && k != n-k+1 {
				if other := c.Judge(data, alpha/float64(k)); other.Verdict == Fail || other.Verdict == Inconclusive {
					one = other
				}
			}
			g.add(&one, n)
			switch one.Verdict {
			case Pass:
				passed++
			case Fail:
				failed++
				against = append(against, one.Subject)
			case Inconclusive:
				g.Short = g.Short || one.Short
			default:
				if one.Err != nil {
					return one.Err
				}
				return &unanswered{
					Verdict: one.Verdict, Reason: one.Subject + ": " + one.Reason, Disturbed: one.Disturbed,
				}
			}
		}
		g.Value = new(float64(passed) / float64(n))
		g.Lo, g.Hi = new(float64(passed)/float64(n)), new(float64(n-failed)/float64(n))
		switch {
		case passed >= k:
			g.Verdict = Pass
		case failed > n-k:
			g.Verdict = Fail
		default:
			g.Verdict = Inconclusive
			g.Reason = fmt.Sprintf("%d hold, %d do not and %d cannot be decided: measure more rounds",
				passed, failed, n-passed-failed)
		}
		if len(against) > 0 {
			shown := against[:min(3, len(against))]
			if more := len(against) - len(shown); more > 0 {
				shown = append(slices.Clone(shown), fmt.Sprintf("%d others", more))
			}
			g.note("not for " + list(shown))
		}
		return nil
	})
}

// add takes over what one of n judgements rests on.
func (g *Judgement) add(one *Judgement, n int) {
	if g.Subject == "" {
		g.Subject = fmt.Sprintf("%d variants, %s and so on: %s", n, one.Subject, one.Measure)
		g.Origin = one.Origin
	}
	if g.Origin != one.Origin {
		g.Origin = names.Mixed
	}
	if g.Rounds == 0 || one.Rounds < g.Rounds {
		g.Rounds = one.Rounds
	}
	g.Samples += one.Samples
	g.Left += one.Left
}

// named puts the subject before the reason of an *unanswered, for a claim on several.
func named(err error, s Subject) error {
	if no, ok := errors.AsType[*unanswered](err); ok {
		prefixed := *no
		prefixed.Reason = s.String() + ": " + no.Reason
		return &prefixed
	}
	return err
}

// on returns the subjects as people read them at a place.
func (s Subjects) on(p names.Place) string { return fmt.Sprintf("%d variants on %s", len(s), p) }

// Together collects claims for each place that a sentence was read for, in order of appearance.
func Together(claims []Claim) [][]Claim {
	var out [][]Claim
	var places []string
	for _, c := range claims {
		place := ""
		for _, n := range c.Needs() {
			place += fmt.Sprintf("%s/%s ", n.Backend, n.Link)
		}
		i := slices.Index(places, place)
		if i < 0 {
			i = len(places)
			places, out = append(places, place), append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}
