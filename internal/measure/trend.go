package measure

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// The trend test. Its constants are chosen by simulation (TestSettle..., TestDrift...); the figures
// are in docs/statistics.md.
const (
	// trendWindows is the most windows that a series is cut into. Each window is its median, which
	// takes out tails, and shortens the correlation of fast models, whose windows hold many inferences.
	trendWindows = 64
	// trendLeast is the fewest windows that a trend is fitted to.
	trendLeast = 8
	// correlationMargin is by how many of its standard errors the estimated correlation is raised.
	// From few windows it comes out too low, and level noise would then look like a trend.
	correlationMargin = 0.75
	// correlationMost bounds the correlation: at 1 a trend could not be told from noise at all.
	correlationMost = 0.97
	// stepFactor is from how many times the scatter within the first and the last third of a series on
	// a difference between these two is a movement whatever the correlation. A step leaves residuals of a
	// line that look like strong correlation; but noise with an AR(1) coefficient of 0.9 moves by less
	// than this.
	stepFactor = 8
)

// A trend is a line through the logarithms of latencies, in order. Its figures are relative to the
// latency.
type trend struct {
	change float64 // from the beginning to the end
	err    float64 // the standard error of change
	thirds float64 // the median of the last third over that of the first, less 1
	step   bool    // the thirds differ by more than stepFactor
}

// significant reports whether the change is more than t of its standard errors, or a step.
func (tr trend) significant(t float64) bool {
	return tr.step || math.Abs(tr.change) > t*tr.err
}

// trendOf fits a trend to latencies; ok is false if they are too few.
//
// The line is fitted by generalized least squares for noise of the autoregressive form AR(1): the
// coefficient is estimated from the residuals of an ordinary fit, corrected for its bias in short
// series, (2 + 4 rho) / n, and raised by correlationMargin.
//
// Sources: Prais and Winsten, Cowles Commission paper 383, 1954, for the fit; Kendall, Biometrika
// 41, 1954, and for a fitted line Patterson, Journal of Nonparametric Statistics 12, 2000, for the
// bias.
func trendOf(latencies []time.Duration) (tr trend, ok bool) {
	y := logMedians(latencies)
	n := float64(len(y))
	if len(y) < trendLeast {
		return trend{}, false
	}
	rho := min(0.99, max(0, (residualCorrelation(y)+2/n)/(1-4/n)))
	rho = min(correlationMost, rho+correlationMargin*math.Sqrt((1-rho*rho)/n))
	slope, err := praisWinsten(y, rho)
	tr = trend{change: slope * (n - 1), err: err * (n - 1)}

	third := len(y) / 3
	first, last := slices.Clone(y[:third]), slices.Clone(y[len(y)-third:])
	moved := median(last) - median(first)
	tr.thirds = math.Expm1(moved)
	tr.step = math.Abs(moved) > stepFactor*math.Sqrt((stat.Variance(first, nil)+stat.Variance(last, nil))/2)
	return tr, true
}

// logMedians cuts latencies into at most trendWindows windows of equally many and returns the
// logarithms of their medians. Inferences that do not fill a window at the end belong to the last.
func logMedians(latencies []time.Duration) []float64 {
	size := (len(latencies) + trendWindows - 1) / trendWindows
	if size == 0 {
		return nil
	}
	count := len(latencies) / size
	y, window := make([]float64, 0, count), make([]float64, 0, 2*size)
	for i := range count {
		from, to := i*size, (i+1)*size
		if i == count-1 {
			to = len(latencies)
		}
		window = window[:0]
		for _, l := range latencies[from:to] {
			window = append(window, float64(max(1, l)))
		}
		y = append(y, math.Log(median(window)))
	}
	return y
}

// median sorts x, which must not be empty, and returns its median.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[n/2] + x[(n-1)/2]) / 2
}

// residualCorrelation returns the correlation of neighbouring residuals of a line through y, 0 if
// there are none.
func residualCorrelation(y []float64) float64 {
	mid := float64(len(y)-1) / 2
	var mean, sxy, sxx float64
	for i, v := range y {
		mean += v / float64(len(y))
		sxy += (float64(i) - mid) * v
		sxx += (float64(i) - mid) * (float64(i) - mid)
	}
	var before, c0, c1 float64
	for i, v := range y {
		e := v - mean - sxy/sxx*(float64(i)-mid)
		c0 += e * e
		c1 += e * before
		before = e
	}
	if c0 == 0 {
		return 0
	}
	return c1 / c0
}

// praisWinsten returns the slope per value of a line through y, whose noise has the AR(1)
// coefficient rho, and its standard error.
func praisWinsten(y []float64, rho float64) (slope, err float64) {
	var s11, s1x, sxx, s1y, sxy, syy float64
	for i, v := range y {
		one, x, z := 1-rho, float64(i)-rho*float64(i-1), v
		if i == 0 { // the first value has no predecessor, but the same variance
			one, x, z = math.Sqrt(1-rho*rho), 0, v*math.Sqrt(1-rho*rho)
		} else {
			z -= rho * y[i-1]
		}
		s11, s1x, sxx = s11+one*one, s1x+one*x, sxx+x*x
		s1y, sxy, syy = s1y+one*z, sxy+x*z, syy+z*z
	}
	det := s11*sxx - s1x*s1x
	slope = (s11*sxy - s1x*s1y) / det
	rest := max(0, syy-(sxx*s1y-s1x*sxy)/det*s1y-slope*sxy)
	return slope, math.Sqrt(rest / float64(len(y)-2) * s11 / det)
}
