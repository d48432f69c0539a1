package stats

import "math"

// beyond is how many samples of a round must be expected beyond a percentile for the round to carry
// it. With fewer, Quantile clips to the extreme sample and is no longer median-unbiased.
const beyond = 3

// LeastForPercentile returns the fewest samples of a round that carry the p-quantile, so that the
// rounds' quantiles can be judged by TypicalAtMost: 1 up to the median, and above it as many as
// leave three expected beyond it: 30 for p90, 300 for p99, 3000 for p99.9. For p that is not below 1
// it is math.MaxInt.
//
// TestLeastForPercentileKeepsTheError simulates that so many are enough.
func LeastForPercentile(p float64) int {
	switch {
	case p <= 0.5:
		return 1
	case !(p < 1):
		return math.MaxInt
	}
	return int(math.Ceil(beyond/(1-p) - 1e-9)) // 1 - 0.9 is a little less than 0.1
}
