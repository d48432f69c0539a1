package stats

import "slices"

// ShareOfRoundsAtMost judges "in at least share of rounds the value is at most limit" from one value
// per round, in the order of the rounds. It is the exact binomial test: it passes if the lower end of
// the interval of Clopper and Pearson, with alpha in each tail, reaches the share, and fails if the
// upper end is below it. For 90 % of rounds at an error of 1 % it needs 44 rounds without a miss, or
// 64 with one. Value is the observed share, from 0 to 1; Result.More counts further rounds.
//
// Either wrong answer has a probability of at most alpha, provided that rounds are independent.
// Visibly correlated rounds (see DependenceOf) count as fewer.
func ShareOfRoundsAtMost(values []float64, limit, share, alpha float64) (Result, error) {
	if err := checkTest(values, limit, alpha); err != nil {
		return Result{}, err
	}
	n := len(values)
	within := float64(countAtMost(slices.Sorted(slices.Values(values)), limit)) / float64(n)
	worth := DependenceOf(values).Effective / float64(n) // of a round
	// The misses are judged, since their share at most 1 - share is what judge compares.
	iv := clopperPearson((1-within)*worth*float64(n), worth*float64(n), alpha)
	r := Result{
		Decision: judge(iv, 1-share), Value: within,
		Interval: Interval{Lo: 1 - iv.Hi, Hi: 1 - iv.Lo, Confidence: iv.Confidence},
	}
	if r.Decision == Inconclusive {
		r.More = furtherUntil(n, func(rounds int) bool {
			m := worth * float64(rounds)
			return countDecides((1-within)*m, m, 1-share, alpha)
		})
	}
	return r, nil
}

// ShareOfRoundsAtLeast judges "in at least share of rounds the value is at least limit"; see
// ShareOfRoundsAtMost.
func ShareOfRoundsAtLeast(values []float64, limit, share, alpha float64) (Result, error) {
	return ShareOfRoundsAtMost(negated(values), -limit, share, alpha)
}
