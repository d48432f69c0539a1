package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/accept"
)

// comparison reads the end of a comparing sentence; its sides are still to be
// set.
func comparison(relation, statistic, quantity, by string) (accept.Comparison, error) {
	st, err := accept.ParseStatistic(statistic)
	if err != nil {
		return accept.Comparison{}, err
	}
	m, err := parseMargin(by)
	return accept.Comparison{
		Quantity: accept.Latency, Statistic: st, Relation: accept.Relation(relation), Margin: m,
		Energy: quantity != "latency",
	}, err
}

func comparePlaces(ctx context.Context,
	hostA, linkA, backendA, relation, hostB, linkB, backendB, statistic, quantity, by string,
) error {
	r := readingOf(ctx)
	a, err := r.place(hostA, linkA, backendA)
	if err != nil {
		return err
	}
	b, err := r.place(hostB, linkB, backendB)
	if err != nil {
		return err
	}
	q, err := comparison(relation, statistic, quantity, by)
	if err != nil {
		return err
	}
	return r.eachVariant(func(v accept.KnownVariant) accept.Claim {
		q.A, q.B = accept.Subject{Variant: v, Place: a}, accept.Subject{Variant: v, Place: b}
		return q
	})
}

func compareVariants(ctx context.Context, nameA, relation, nameB, statistic, quantity, by string) error {
	r := readingOf(ctx)
	a, err := r.variant(nameA)
	if err != nil {
		return err
	}
	b, err := r.variant(nameB)
	if err != nil {
		return err
	}
	q, err := comparison(relation, statistic, quantity, by)
	if err != nil {
		return err
	}
	return r.compareAt(q, a, b)
}

// compareAt sets variant a against b at each chosen place.
func (r *reading) compareAt(q accept.Comparison, a, b accept.KnownVariant) error {
	if len(r.places) == 0 {
		return errNoPlace
	}
	for _, p := range r.places {
		q.A, q.B = accept.Subject{Variant: a, Place: p}, accept.Subject{Variant: b, Place: p}
		r.claim(a, q)
	}
	return nil
}

func compareCompressions(ctx context.Context, one, relation, other, statistic, quantity, by string) error {
	q, err := comparison(relation, statistic, quantity, by)
	if err != nil {
		return err
	}
	return readingOf(ctx).compareAllOf(q, one, other)
}

func likenCompressions(ctx context.Context, one, by, other, statistic string) error {
	q, err := comparison(string(accept.Like), statistic, "latency", by)
	if err != nil {
		return err
	}
	return readingOf(ctx).compareAllOf(q, one, other)
}

// compareAllOf compares every two chosen variants that differ in their
// compression alone, the first having one, the second the other.
func (r *reading) compareAllOf(q accept.Comparison, one, other string) error {
	if err := r.chosen(true); err != nil {
		return err
	}
	found := false
	for _, a := range r.variants {
		p := a.Name.Parts()
		if !strings.EqualFold(p.Compression, one) {
			continue
		}
		for _, b := range r.variants {
			o := b.Name.Parts()
			if strings.EqualFold(o.Compression, other) && p.Model == o.Model && p.InputSize() == o.InputSize() {
				found = true
				if err := r.compareAt(q, a, b); err != nil {
					return err
				}
			}
		}
	}
	if !found {
		return fmt.Errorf("among the chosen variants no model has both the compression %q and %q", one, other)
	}
	return nil
}

func growsWithInput(ctx context.Context) error {
	r := readingOf(ctx)
	if err := r.chosen(true); err != nil {
		return err
	}
	size := func(v accept.KnownVariant) int { return v.Name.Parts().InputSize() }
	families := map[string][]accept.KnownVariant{}
	for _, v := range r.variants {
		if size(v) > 0 {
			p := v.Name.Parts()
			key := p.Model + "/" + p.Compression
			families[key] = append(families[key], v)
		}
	}
	found := false
	for _, key := range slices.Sorted(maps.Keys(families)) {
		family := families[key]
		slices.SortFunc(family, func(a, b accept.KnownVariant) int { return size(a) - size(b) })
		for i := 1; i < len(family); i++ {
			if size(family[i]) == size(family[i-1]) {
				continue
			}
			found = true
			q := accept.Comparison{Quantity: accept.Latency, Statistic: accept.Median, Relation: accept.Beats}
			if err := r.compareAt(q, family[i-1], family[i]); err != nil {
				return err
			}
		}
	}
	if !found {
		return errors.New("among the chosen variants no model has two input sizes")
	}
	return nil
}
