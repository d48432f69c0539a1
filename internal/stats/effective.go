package stats

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// A sampleSize says how many independent samples correlated samples are worth.
type sampleSize struct {
	counted int
	rounds  int
	// designEffect is the variance of a proportion among these samples, divided by that among as
	// many independent ones; at least 1.
	designEffect float64
	// effective is the number of independent samples that they are worth: counted / designEffect,
	// lowered because designEffect is itself an estimate from few rounds. It is 0 for a single
	// round, which does not show how rounds differ.
	effective float64
}

// effectiveSamples estimates how many independent samples the rounds are worth for a one-sided test
// of the p-quantile at level alpha, and returns all samples in increasing order as well. rounds
// holds the samples of each round in the order they were taken.
//
// Samples are correlated in two ways: neighbours resemble each other (frequency, temperature), and
// so do all samples of a round (memory layout, clock, daemons). The design effect is the largest of
// four estimates: from the spread of the rounds' means and from the autocorrelation within rounds
// (Geyer's initial positive sequence), each for the ranks of the samples and for the indicator of
// being above the p-quantile. A drift changes the ranks first; rare bursts change only the
// indicator. The divisor for few rounds is (t(rounds-1) / t(samples-1))^2 with Student's quantiles
// at 1 - alpha.
//
// It assumes that rounds are exchangeable and independent of each other; that is why combinations
// are interleaved in shuffled order. It does not see correlation over several rounds, such as a
// room that warms up all day.
//
// Source of the divisor: Korn and Graubard, Survey Methodology 24(2), 1998, for proportions from
// surveys with few clusters.
func effectiveSamples(rounds [][]float64, p, alpha float64) (sorted []float64, size sampleSize, err error) {
	if err := checkRounds(rounds); err != nil {
		return nil, sampleSize{}, err
	}
	all := slices.Concat(rounds...)
	size.rounds, size.counted = len(rounds), len(all)
	size.designEffect = max(1, designEffect(midRanks(all), rounds))

	sorted = slices.Clone(all)
	slices.Sort(sorted)
	q := Quantile(sorted, p)
	above := make([]float64, len(all))
	for i, x := range all {
		if x > q {
			above[i] = 1
		}
	}
	size.designEffect = max(size.designEffect, designEffect(above, rounds))

	switch {
	case size.rounds < 2:
		return sorted, size, nil
	case size.counted == size.rounds:
		// One value per round, such as the time to open: these are independent.
		size.designEffect, size.effective = 1, float64(size.counted)
		return sorted, size, nil
	}
	few, many := studentT(float64(size.rounds), 1-alpha), studentT(float64(size.counted), 1-alpha)
	size.effective = min(float64(size.counted), float64(size.counted)/size.designEffect*(many/few)*(many/few))
	return sorted, size, nil
}

// checkRounds returns an error unless there are rounds, and samples in each.
func checkRounds(rounds [][]float64) error {
	if len(rounds) == 0 {
		return ErrNoData
	}
	if slices.ContainsFunc(rounds, func(r []float64) bool { return len(r) == 0 }) {
		return fmt.Errorf("a round of %d is empty: %w", len(rounds), ErrNoData)
	}
	return nil
}

// studentT returns the p-quantile of Student's t for n values.
func studentT(n, p float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(p)
}

// split cuts flat into slices with the lengths of those in like.
func split(flat []float64, like [][]float64) [][]float64 {
	out := make([][]float64, len(like))
	for i, r := range like {
		out[i], flat = flat[:len(r)], flat[len(r):]
	}
	return out
}

// designEffect returns the larger of the between-round and the within-round estimate for values of
// rounds with the lengths of those in like, or 1 for values without variance.
func designEffect(flat []float64, like [][]float64) float64 {
	mean, variance := stat.MeanVariance(flat, nil)
	n := float64(len(flat))
	if variance == 0 || n < 2 {
		return 1
	}

	rounds := split(flat, like)
	between := 0.0
	if b := float64(len(rounds)); b > 1 {
		for _, r := range rounds {
			d := float64(len(r)) / n * (stat.Mean(r, nil) - mean)
			between += d * d
		}
		between *= b / (b - 1) / (variance / n)
	}
	return max(between, autocorrelationTime(rounds))
}

// maxLag bounds the lags, in samples, of autocorrelationTime. Longer correlation shows in the means
// of the rounds.
const maxLag = 256

// autocorrelationTime returns 1 + 2 * the sum of the autocorrelations within rounds, in samples, up
// to the lag at which the sum of two neighbours is no longer positive.
//
// Source: Geyer, Statistical Science 7(4), 1992.
func autocorrelationTime(rounds [][]float64) float64 {
	longest := 0
	centred := make([][]float64, len(rounds))
	for i, r := range rounds {
		m := stat.Mean(r, nil)
		centred[i] = make([]float64, len(r))
		for j, x := range r {
			centred[i][j] = x - m
		}
		longest = max(longest, len(r))
	}
	covariance := func(lag int) float64 {
		sum := 0.0
		for _, c := range centred {
			for j := lag; j < len(c); j++ {
				sum += c[j] * c[j-lag]
			}
		}
		return sum
	}
	c0 := covariance(0)
	if c0 == 0 {
		return 1
	}
	tau := 1.0
	for lag := 1; lag+1 < min(longest, maxLag); lag += 2 {
		pair := covariance(lag) + covariance(lag+1)
		if pair <= 0 {
			break
		}
		tau += 2 * pair / c0
	}
	return tau
}

// midRanks returns the rank of each value, from 1. Ties get the mean of their ranks.
func midRanks(x []float64) []float64 {
	sorted, order, ranks := slices.Clone(x), make([]int, len(x)), make([]float64, len(x))
	floats.Argsort(sorted, order)
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && sorted[j] == sorted[i] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return ranks
}
