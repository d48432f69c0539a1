package load

import (
	"context"
	"math"
	"slices"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/stats"
)

// steps are the rates that are measured in rounds, relative to the one that scouting found.
var steps = []float64{0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3}

// scout finds rates around the highest that keeps the limit, by single short blocks: it doubles the
// rate until a block exceeds the limit, then halves the interval on a logarithmic scale. What it
// finds chooses the rates and is not part of the answer: the rounds measure anew.
func (r *runner) scout(ctx context.Context) ([]float64, error) {
	slo := r.config.SLO
	keeps := func(rate float64) (bool, error) {
		w := window{measured: r.config.duration(rate), warmup: r.config.Warmup}
		figures, err := r.point(ctx, Point{Rate: rate}, scoutRound, w)
		if err != nil {
			return false, err
		}
		ok := true
		for _, f := range figures {
			ok = ok && f.Requests > 0 && stats.Quantile(f.latencies, slo.Percentile) <= slo.Limit.Seconds()
		}
		r.config.logf("looking for the rate: %s %v", r.config.title(Point{Rate: rate}), map[bool]string{
			true: "keeps " + slo.String(), false: "does not keep " + slo.String(),
		}[ok])
		return ok, nil
	}
	// A client that asks without a pause gets as many answers as one worker gives.
	figures, err := r.point(ctx, Point{Clients: 1}, scoutRound, window{measured: r.config.Duration})
	if err != nil {
		return nil, err
	}
	answered := 0
	for _, f := range figures {
		answered += f.Answered
	}
	start := round3(max(1, float64(answered)/r.config.Duration.Seconds()/2))
	rate, passes, fails := start, 0.0, math.Inf(1)
	for range 40 {
		ok, err := keeps(rate)
		if err != nil {
			return nil, err
		}
		if ok {
			passes = rate
		} else {
			fails = rate
		}
		switch {
		case passes > 0 && fails <= near*passes:
			return around(passes), nil
		case passes > 0 && !math.IsInf(fails, 1):
			rate = round3(math.Sqrt(passes * fails))
		case ok:
			rate = round3(2 * rate)
		default:
			rate = round3(rate / 2)
		}
		if rate < start/100 {
			break
		}
	}
	return nil, exit.Errorf(exit.Threshold, "no rate from %v/s up was found at which %s is kept: the latency "+
		"without load may already exceed it; measure that with --clients 1", rate, slo)
}

// near is how close the lowest rate that exceeds the limit must be to the highest that keeps it
// before the rounds begin: the steps on either side cover more.
const near = 1.15

// around returns the rates to measure around one.
func around(rate float64) []float64 {
	var rates []float64
	for _, s := range steps {
		rates = append(rates, round3(rate*s))
	}
	return slices.Compact(rates)
}

// round3 rounds a rate to three significant digits, as a person would write it.
func round3(rate float64) float64 {
	digits := math.Pow(10, 2-math.Floor(math.Log10(rate)))
	return math.Round(math.Round(rate*digits)/digits*1e6) / 1e6
}
