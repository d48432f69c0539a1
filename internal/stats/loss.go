package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// LossesAtMost judges "at most share of the requests are lost" from the numbers of lost requests and
// of all requests of each round. It is the exact binomial test on as many requests as they are
// worth, with alpha in each tail. Value is the share lost over the run, from 0 to 1; Result.More
// counts further rounds. A single round is inconclusive.
//
// Losses come in bursts and rounds differ, so requests are worth fewer: the design effect is the
// variance of the share lost, as the rounds show it, divided by that of independent losses, and at
// least 1. Since few rounds estimate it, the number is divided further by (t(rounds-1) /
// t(requests-1))^2, with Student's quantiles at 1 - alpha.
//
// It assumes that the rounds seen show how losses are spread over rounds. With rates that are
// exponentially distributed over rounds an error of 1 % becomes 1 to 3 %. If losses are confined to
// rare rounds and none of them was seen, it passes wrongly as often as none is seen: losses in one
// round of twenty are absent from 54 % of runs of 12 rounds and 29 % of 24. No test of so many
// rounds can see them.
//
// Source of the divisor: Korn and Graubard, Survey Methodology 24(2), 1998.
func LossesAtMost(lost, requests []int, share, alpha float64) (Result, error) {
	if !(share >= 0 && share <= 1) || !(alpha > 0 && alpha < 0.5) {
		return Result{}, fmt.Errorf("share %v at error %v: want a share from 0 to 1 and an error below a half",
			share, alpha)
	}
	losses, all, err := sumLosses(lost, requests)
	if err != nil {
		return Result{}, err
	}
	rounds, p := len(requests), float64(losses)/float64(all)
	if rounds == 1 {
		return Result{Value: p, Interval: Interval{Lo: 0, Hi: 1, Confidence: 1}, More: 1}, nil
	}
	effect := lossDesignEffect(lost, requests, p)
	few, many := studentT(float64(rounds), 1-alpha), studentT(float64(all), 1-alpha)
	n := min(float64(all), float64(all)/effect*(many/few)*(many/few))
	r := Result{Value: p, Interval: clopperPearson(p*n, n, alpha)}
	if r.Decision = judge(r.Interval, share); r.Decision == Inconclusive {
		z := distuv.UnitNormal.Quantile(1 - alpha)
		r.More = furtherUntil(rounds, func(m int) bool {
			// Student's quantile of many rounds by its expansion.
			t := z + (z*z*z+z)/(4*float64(m-1))
			n := float64(all) * float64(m) / float64(rounds) / effect * (z / t) * (z / t)
			return countDecides(p*n, n, share, alpha)
		})
	}
	return r, nil
}

// sumLosses returns the numbers of lost requests and of all, or an error if they cannot be counts.
func sumLosses(lost, requests []int) (losses, all int, err error) {
	if len(lost) != len(requests) {
		return 0, 0, fmt.Errorf("losses of %d rounds, requests of %d", len(lost), len(requests))
	}
	if len(requests) == 0 {
		return 0, 0, ErrNoData
	}
	for i, n := range requests {
		if n < 1 || lost[i] < 0 || lost[i] > n {
			return 0, 0, fmt.Errorf("round %d of %d lost %d of %d requests: want at least one request, and no more lost",
				i+1, len(requests), lost[i], n)
		}
		losses += lost[i]
		all += n
	}
	return losses, all, nil
}

// lossDesignEffect returns the variance of the share p between at least two rounds, relative to that
// of as many independent requests, and at least 1. Rounds that lost nothing, or everything, show no
// variance.
func lossDesignEffect(lost, requests []int, p float64) float64 {
	if p == 0 || p == 1 {
		return 1
	}
	between, all := 0.0, 0.0
	for i, n := range requests {
		between += math.Pow(float64(lost[i])-p*float64(n), 2)
		all += float64(n)
	}
	b := float64(len(requests))
	return max(1, b/(b-1)*between/(p*(1-p)*all))
}
