package rounds

import (
	"math"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// pending reports whether any combination is to be measured in this round or a later one, and notes
// those that the budget ends before they are precise.
func (d *Driver) pending(round int) bool {
	pending := false
	d.ending.Imprecise = nil
	for _, p := range d.ending.Plan.Open {
		switch {
		case d.dropped[p.Combination]:
		case d.Settings.Precision == 0:
			pending = pending || round < p.Of
		case d.precise(p):
		case d.outOfTime(p, 0):
			i := results.Imprecise{Combination: p.Combination, Wanted: d.Settings.Precision}
			if width := stats.RelativeWidth(d.medians(p.Combination)); !math.IsInf(width, 1) {
				i.Reached = &width
			}
			d.ending.Imprecise = append(d.ending.Imprecise, i)
		default:
			pending = true
		}
	}
	return pending
}

// due returns the combinations to measure in this round: those that lack its block and still need
// it, with a precision as many as end within the budget.
func (d *Driver) due(round int) []Item {
	var out []Item
	var planned time.Duration
	for _, p := range d.ending.Plan.Open {
		has := slices.ContainsFunc(d.kept[p.Combination], func(k keptRound) bool { return k.round == round })
		needs := p.in(round)
		if d.Settings.Precision > 0 {
			needs = !d.precise(p) && !d.outOfTime(p, planned)
		}
		if !d.dropped[p.Combination] && !has && needs {
			out = append(out, p)
			planned += p.each()
		}
	}
	return out
}

func (d *Driver) precise(p Item) bool {
	return stats.PreciseEnough(d.medians(p.Combination), d.Settings.Precision)
}

// medians returns those of c's rounds that have one, in the order measured, in seconds.
func (d *Driver) medians(c names.Combination) []float64 {
	var medians []float64
	for _, k := range d.kept[c] {
		if !math.IsNaN(k.median) {
			medians = append(medians, k.median)
		}
	}
	return medians
}

// outOfTime reports whether another block of p, after what is planned already, would end after the
// budget.
func (d *Driver) outOfTime(p Item, planned time.Duration) bool {
	return !d.deadline.IsZero() && d.Now().Add(planned+p.each()).After(d.deadline)
}
