package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// How Typical computed an interval.
const (
	ByOrder           = "order statistics of the rounds"
	ByOrderCorrelated = "order statistics of as many rounds as these correlated ones are worth"
	ByLogarithms      = "Student's t on the logarithms of the rounds' values"
	ByValues          = "Student's t on the rounds' values"
	ByNothing         = "one round does not show how rounds differ"
)

// An Estimate is a value of the typical round, in the unit of the rounds' values.
type Estimate struct {
	Value    float64
	Interval Interval
	How      string // how Interval was computed: one of ByOrder and its neighbours
}

// Typical estimates the value of the typical round from one value per round, in the order of the
// rounds: their median, with its interval at the given confidence.
//
//   - From 6 rounds on (at 95 %) the interval is that of order statistics. It assumes no particular
//     distribution, and equals what benchstat computes from one line per round. If the rounds are
//     visibly correlated (see DependenceOf), it is taken for as many independent rounds as they are
//     worth; with too few it reaches beyond all of them by three times their range.
//   - From 2 rounds on it is Student's t on the logarithms, which assumes that they are about
//     normal: a median of many samples is, and what affects a round as a whole (clock, memory
//     layout) multiplies. If a value is not above 0, it is Student's t on the values themselves.
//   - For one round it is unbounded.
//
// It returns ErrNoData without values, and an error if a value is not finite.
func Typical(values []float64, confidence float64) (Estimate, error) {
	if !(confidence > 0 && confidence < 1) {
		return Estimate{}, fmt.Errorf("confidence %v is not between 0 and 1", confidence)
	}
	if err := checkValues(values); err != nil {
		return Estimate{}, err
	}
	n := len(values)
	sorted := slices.Sorted(slices.Values(values))
	e := Estimate{Value: Quantile(sorted, 0.5), Interval: unbounded(1), How: ByNothing}
	switch {
	case n == 1:
	case 1-confidence < math.Pow(2, 1-float64(n)):
		e.Interval, e.How = studentInterval(sorted, confidence)
		// The interval is around a mean, and must contain the median that it is printed beside.
		e.Interval.Lo, e.Interval.Hi = min(e.Interval.Lo, e.Value), max(e.Interval.Hi, e.Value)
	default:
		e.How = ByOrder
		d := DependenceOf(values)
		if d.Flagged {
			e.How = ByOrderCorrelated
		}
		var err error
		if e.Interval, err = roundsInterval(sorted, d, confidence); err != nil {
			return Estimate{}, err
		}
	}
	return e, nil
}

// beyondRange is by how many times their range a correlated series may lie outside the rounds seen.
const beyondRange = 3

// roundsInterval returns the order-statistic interval of the median over rounds, sorted in increasing
// order. Correlated rounds count as fewer; if these are too few to bound an end, the end lies outside
// all rounds by three times their range. A correlated series wanders further than a few rounds show,
// and not by that much: twenty rounds of an AR(1) process with 0.9 range over 2.1 of its standard
// deviations. So a limit that every round keeps by far is still decided.
func roundsInterval(sorted []float64, d Dependence, confidence float64) (Interval, error) {
	iv, err := QuantileInterval(sorted, 0.5, confidence, d.Effective)
	if err != nil || !d.Flagged {
		return iv, err
	}
	least, most := sorted[0], sorted[len(sorted)-1]
	if math.IsInf(iv.Lo, -1) {
		iv.Lo = least - beyondRange*(most-least)
	}
	if math.IsInf(iv.Hi, 1) {
		iv.Hi = most + beyondRange*(most-least)
	}
	iv.Confidence = min(iv.Confidence, confidence)
	return iv, nil
}

// studentInterval returns Student's interval on the logarithms of the values, sorted in increasing
// order, or on the values if the logarithm does not exist for all.
func studentInterval(sorted []float64, confidence float64) (Interval, string) {
	values, back, how := sorted, func(x float64) float64 { return x }, ByValues
	if sorted[0] > 0 {
		values, back, how = make([]float64, len(sorted)), math.Exp, ByLogarithms
		for i, x := range sorted {
			values[i] = math.Log(x)
		}
	}
	n := float64(len(values))
	mean, sd := stat.MeanStdDev(values, nil)
	half := studentT(n, 1-(1-confidence)/2) * sd / math.Sqrt(n)
	return Interval{Lo: back(mean - half), Hi: back(mean + half), Confidence: confidence}, how
}

// checkValues returns an error unless there are values and all are finite.
func checkValues(values []float64) error {
	if len(values) == 0 {
		return ErrNoData
	}
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("value %d of %d rounds is %v: leave the round out, or its statistic is undefined",
				i+1, len(values), x)
		}
	}
	return nil
}

// studentT returns the p-quantile of Student's t for n values.
func studentT(n, p float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(p)
}
