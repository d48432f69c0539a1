package load

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// An SLO is a limit that a percentile of the latency must keep: "p99 50ms".
type SLO struct {
	Percentile float64 // 0.99
	Limit      time.Duration
}

var sloForm = regexp.MustCompile(`^p([1-9][0-9]?(?:\.[0-9]{1,3})?) +([0-9.a-zµ]+)$`)

// ParseSLO reads a percentile and a limit: "p99 50ms".
func ParseSLO(text string) (SLO, error) {
	m := sloForm.FindStringSubmatch(text)
	if m == nil {
		return SLO{}, fmt.Errorf("%q: want a percentile and a limit, such as p99 50ms", text)
	}
	percent, err := strconv.ParseFloat(m[1], 64)
	limit, err2 := time.ParseDuration(m[2])
	if err != nil || err2 != nil || limit <= 0 {
		return SLO{}, fmt.Errorf("%q: want a limit above 0 with its unit, such as 50ms", text)
	}
	return SLO{Percentile: percent / 100, Limit: limit}, nil
}

// String returns the limit as people write it.
func (s SLO) String() string {
	return fmt.Sprintf("p%s %v", strconv.FormatFloat(math.Round(s.Percentile*1e5)/1e3, 'f', -1, 64), s.Limit)
}

// alpha is the error of each of the two answers of Judge.
const alpha = 0.01

// lateShare is the share of a limit by which the generator may miss its own schedule. A rate above
// is not called too high: the latencies are then the generator's.
const lateShare = 0.1

// A Verdict says whether a rate keeps the limit.
type Verdict struct {
	Rate     float64        `json:"rate"`
	Decision stats.Decision `json:"-"`
	Answer   string         `json:"answer"`    // "pass", "fail" or "inconclusive"
	Value    float64        `json:"value_sec"` // the percentile of a typical round, of the worst tenant
	Rounds   int            `json:"rounds"`
	Reason   string         `json:"reason,omitempty"` // of an inconclusive answer
}

// A Capacity is the answer to an SLO: the highest rate that keeps it lies between two rates.
type Capacity struct {
	SLO    string    `json:"slo"`
	Passes *float64  `json:"highest_pass"` // nil if no rate passed
	Fails  *float64  `json:"lowest_fail"`  // nil if no rate failed
	Rates  []Verdict `json:"rates"`        // ascending
}

// Judge says which of the rates keep the limit. The percentile of each round is one value, and a
// rate passes if a typical round keeps the limit (the test of a limit over rounds, one percent
// error). With several tenants all must keep it, and one that does not is enough to fail.
//
// The highest rate that passes is the last of those that pass without a gap from the lowest on; the
// lowest that fails, the last without a gap from the highest down. Tested in this fixed order, each
// end is wrong with one percent at most however many rates there are, since latency grows with the
// rate.
func (r *Report) Judge(slo SLO) (Capacity, error) {
	c := Capacity{SLO: slo.String()}
	byRate := map[float64][]*Figure{}
	for i := range r.Figures {
		f := &r.Figures[i]
		rate, err := names.ParseRate(f.Combination.Load.Rate)
		if err != nil {
			continue // of a closed loop
		}
		byRate[rate] = append(byRate[rate], f)
	}
	for rate, figures := range byRate {
		v, err := judge(slo, rate, figures)
		if err != nil {
			return Capacity{}, err
		}
		c.Rates = append(c.Rates, v)
	}
	slices.SortFunc(c.Rates, func(a, b Verdict) int {
		if a.Rate < b.Rate {
			return -1
		}
		return 1
	})
	for _, v := range c.Rates {
		if v.Decision != stats.Pass {
			break
		}
		c.Passes = new(v.Rate)
	}
	for _, v := range slices.Backward(c.Rates) {
		if v.Decision != stats.Fail {
			break
		}
		c.Fails = new(v.Rate)
	}
	return c, nil
}

func judge(slo SLO, rate float64, figures []*Figure) (Verdict, error) {
	byTenant := map[string][]*Figure{}
	for _, f := range figures {
		byTenant[f.Combination.Load.Tenant] = append(byTenant[f.Combination.Load.Tenant], f)
	}
	v := Verdict{Rate: rate, Decision: stats.Pass}
	var late float64
	for _, rounds := range byTenant {
		values := make([]float64, len(rounds))
		for i, f := range rounds {
			// Poisson arrivals may fall short of what the block was made long enough for.
			if least := stats.LeastForPercentile(slo.Percentile); 2*f.Requests < least {
				return v, fmt.Errorf("%s, round %d: %d requests are too few for %v, which needs %d",
					f.Combination.Name(), f.Round+1, f.Requests, slo, least)
			}
			values[i] = stats.Quantile(f.latencies, slo.Percentile)
			late = max(late, f.LateP99)
		}
		pass, err := stats.TypicalAtMost(values, slo.Limit.Seconds(), alpha)
		if err != nil {
			return v, err
		}
		// One of several tenants that fails is enough, so each has its part of the error.
		fail, err := stats.TypicalAtMost(values, slo.Limit.Seconds(), alpha/float64(len(byTenant)))
		if err != nil {
			return v, err
		}
		v.Value, v.Rounds = max(v.Value, pass.Value), len(rounds)
		switch {
		case fail.Decision == stats.Fail:
			v.Decision = stats.Fail
		case pass.Decision != stats.Pass && v.Decision != stats.Fail:
			v.Decision = stats.Inconclusive
			v.Reason = "its rounds do not decide"
			if pass.More > 0 {
				v.Reason += fmt.Sprintf("; about %d further rounds would", pass.More)
			}
		}
	}
	if v.Decision == stats.Fail && late > lateShare*slo.Limit.Seconds() {
		v.Decision = stats.Inconclusive
		v.Reason = fmt.Sprintf("the generator itself was up to %v late: ask from a machine with more processors",
			time.Duration(late*1e9).Round(10*time.Microsecond))
	}
	v.Answer = v.Decision.String()
	return v, nil
}

// Err returns nil if a rate passed. Otherwise its exit code says that a threshold failed, or that
// the rounds do not decide.
func (c *Capacity) Err() error {
	switch {
	case c.Passes != nil:
		return nil
	case c.Fails != nil && len(c.Rates) > 0 && c.Rates[0].Rate == *c.Fails:
		return exit.Errorf(exit.Threshold, "no measured rate keeps %s; measure lower ones with --rate", c.SLO)
	}
	return exit.Errorf(exit.Inconclusive, "the rounds do not decide at which rate %s is kept; "+
		"measure more with --rounds", c.SLO)
}
