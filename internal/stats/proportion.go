package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ProportionAtLeast judges "the share of successes is at least bound" from n independent trials, by
// the exact interval of Clopper and Pearson with alpha in each tail. Value is the share, from 0 to
// 1.
//
// Source: Clopper and Pearson, Biometrika 26(4), 1934.
func ProportionAtLeast(successes, n int, bound, alpha float64) (Result, error) {
	r, err := ProportionAtMost(n-successes, n, 1-bound, alpha)
	r.Value = 1 - r.Value
	r.Interval.Lo, r.Interval.Hi = 1-r.Interval.Hi, 1-r.Interval.Lo
	return r, err
}

// ProportionAtMost judges "the share of successes is at most bound"; see ProportionAtLeast.
func ProportionAtMost(successes, n int, bound, alpha float64) (Result, error) {
	if n < 1 || successes < 0 || successes > n || !(alpha > 0 && alpha < 0.5) {
		return Result{}, fmt.Errorf(
			"%d successes of %d at error %v: want counts of at least one trial and an error below a half",
			successes, n, alpha)
	}
	r := Result{Value: float64(successes) / float64(n), Interval: clopperPearson(float64(successes), float64(n), alpha)}
	r.Decision = judge(r.Interval, bound)
	if r.Decision == Inconclusive {
		r.More = Unknown
		for m := float64(n); m < mostFurther; m *= 1.05 {
			if judge(clopperPearson(math.Round(r.Value*m), m, alpha), bound) != Inconclusive {
				r.More = max(1, int(math.Ceil(m))-n)
				break
			}
		}
	}
	return r, nil
}

// clopperPearson returns the exact interval of a share, with alpha in each tail, from k of n trials.
// The inverse of the incomplete beta function continues it to real k and n: an effective number of
// trials need not be an integer.
func clopperPearson(k, n, alpha float64) Interval {
	iv := Interval{Lo: 0, Hi: 1, Confidence: 1 - 2*alpha}
	if k > 0 {
		iv.Lo = mathext.InvRegIncBeta(k, n-k+1, alpha)
	}
	if k < n {
		iv.Hi = mathext.InvRegIncBeta(k+1, n-k, 1-alpha)
	}
	return iv
}

// mostFurther bounds the search for further samples: beyond it the value equals its limit for all
// practical purposes.
const mostFurther = 1e9
