package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// comparison reads the end of a comparing sentence; its sides are still to be set.
func (r *reading) comparison(relation, statistic, modelled, quantity, by string) (accept.Comparison, error) {
	st, errStatistic := results.ParseStatistic(statistic)
	m, errMargin := parseMargin(by)
	q := accept.Comparison{
		Quantity: accept.Latency, Statistic: st, Relation: accept.Relation(relation), Margin: m,
		Energy: quantity != "latency", EDP: quantity == "EDP", Modelled: modelled != "",
	}
	var err error
	switch {
	case !q.Energy && q.Modelled:
		err = errors.New("modelled latency: only energy and EDP are compared as modelled")
	case q.Energy && statistic != "" && st != results.Mean:
		err = fmt.Errorf("%s energy: an energy is compared by its mean", statistic)
	case q.Energy:
		q.Statistic = results.Mean
		q.Model, err = r.energyModel()
	}
	return q, cmp.Or(errStatistic, errMargin, err)
}

func comparePlaces(ctx context.Context,
	hostA, linkA, backendA, relation, hostB, linkB, backendB, statistic, modelled, quantity, by string,
) error {
	r := readingOf(ctx)
	a, errA := r.place(hostA, linkA, backendA)
	b, errB := r.place(hostB, linkB, backendB)
	q, err := r.comparison(relation, statistic, modelled, quantity, by)
	return r.eachVariant(cmp.Or(errA, errB, err), func(v accept.KnownVariant) accept.Claim {
		q.A, q.B = accept.Subject{Variant: v, Place: a}, accept.Subject{Variant: v, Place: b}
		return q
	})
}

func compareVariants(ctx context.Context, nameA, relation, nameB, statistic, modelled, quantity, by string) error {
	r := readingOf(ctx)
	a, errA := r.variant(nameA)
	b, errB := r.variant(nameB)
	q, err := r.comparison(relation, statistic, modelled, quantity, by)
	if err := cmp.Or(errA, errB, err, r.chosenPlaces()); err != nil {
		return err
	}
	r.compareAt(q, a, b)
	return nil
}

// compareAt sets variant a against b at each chosen place.
func (r *reading) compareAt(q accept.Comparison, a, b accept.KnownVariant) {
	for _, p := range r.places {
		q.A, q.B = accept.Subject{Variant: a, Place: p}, accept.Subject{Variant: b, Place: p}
		r.claim(a, q)
	}
}

func compareCompressions(ctx context.Context, one, relation, other, statistic, modelled, quantity, by string) error {
	r := readingOf(ctx)
	q, err := r.comparison(relation, statistic, modelled, quantity, by)
	return r.compareAllOf(err, q, one, other)
}

func likenCompressions(ctx context.Context, one, by, other, statistic string) error {
	r := readingOf(ctx)
	q, err := r.comparison(string(accept.Like), statistic, "", "latency", by)
	return r.compareAllOf(err, q, one, other)
}

// compareAllOf compares every two chosen variants that differ in their compression alone, the first
// having one, the second the other.
func (r *reading) compareAllOf(err error, q accept.Comparison, one, other string) error {
	if err := cmp.Or(err, r.chosenVariants(), r.chosenPlaces()); err != nil {
		return err
	}
	pairs, err := r.pairsOf(one, other)
	for _, p := range pairs {
		r.compareAt(q, p[0], p[1])
	}
	return err
}

// pairsOf returns every two chosen variants that differ in their compression alone, the first
// having one, the second the other. There being none is an error.
func (r *reading) pairsOf(one, other string) ([][2]accept.KnownVariant, error) {
	var out [][2]accept.KnownVariant
	for _, a := range r.variants {
		for _, b := range r.variants {
			p, o := a.Name.Parts(), b.Name.Parts()
			if strings.EqualFold(p.Compression, one) && strings.EqualFold(o.Compression, other) &&
				p.Model == o.Model && p.InputSize() == o.InputSize() {
				out = append(out, [2]accept.KnownVariant{a, b})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("among the chosen variants no model has both the compression %q and %q", one, other)
	}
	return out, nil
}

func growsWithInput(ctx context.Context) error {
	r := readingOf(ctx)
	if err := cmp.Or(r.chosenVariants(), r.chosenPlaces()); err != nil {
		return err
	}
	family := func(p names.Parts) string { return p.Model + "/" + p.Compression }
	sorted := slices.SortedStableFunc(slices.Values(r.variants), func(a, b accept.KnownVariant) int {
		p, o := a.Name.Parts(), b.Name.Parts()
		return cmp.Or(cmp.Compare(family(p), family(o)), cmp.Compare(p.InputSize(), o.InputSize()))
	})
	q := accept.Comparison{Quantity: accept.Latency, Statistic: results.Median, Relation: accept.Beats}
	found := false
	for i := 1; i < len(sorted); i++ {
		p, o := sorted[i-1].Name.Parts(), sorted[i].Name.Parts()
		if family(p) == family(o) && 0 < p.InputSize() && p.InputSize() < o.InputSize() {
			found = true
			r.compareAt(q, sorted[i-1], sorted[i])
		}
	}
	if !found {
		return errors.New("among the chosen variants no model has two input sizes")
	}
	return nil
}
