package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/accept"
)

// inner is Registry for the sentences that hold another sentence. Naming Registry there would make
// it depend on itself.
var inner []Sentence

func init() { inner = Registry }

// readInner reads a sentence within a sentence, and returns what it claims instead of adding it to
// the scenario.
func readInner(ctx context.Context, text string) ([]accept.Claim, error) {
	r := readingOf(ctx)
	if err := r.overAll(); err != nil {
		return nil, err
	}
	for _, s := range inner {
		match := pattern(s).FindStringSubmatch(text)
		if match == nil {
			continue
		}
		if !slices.Contains([]string{limit, relative, compare}, s.Group) {
			return nil, fmt.Errorf("%q is not a limit or a comparison of one variant", text)
		}
		in := []reflect.Value{reflect.ValueOf(ctx)}
		for _, word := range match[1:] {
			in = append(in, reflect.ValueOf(word))
		}
		step := r.scenario.Steps[r.done]
		before := len(step.Assertions)
		if err, ok := reflect.TypeAssert[error](reflect.ValueOf(s.Read).Call(in)[0]); ok && err != nil {
			return nil, err
		}
		var claims []accept.Claim
		for _, a := range step.Assertions[before:] {
			claims = append(claims, a.Claim)
		}
		step.Assertions = step.Assertions[:before]
		if len(claims) == 0 {
			return nil, fmt.Errorf("%q claims nothing", text)
		}
		return claims, nil
	}
	return nil, fmt.Errorf("no sentence reads %q; features/STEPS.md lists them all", text)
}

// overAll returns why the scenario cannot hold a sentence on all chosen variants together: what is
// judged must not depend on the data.
func (r *reading) overAll() error {
	switch {
	case len(r.only) > 0:
		return errors.New(`a sentence over all variants takes no "When": choose the variants by name`)
	case len(r.measured) > 0:
		return errors.New(`a sentence over all variants takes no "every measured variant": choose the variants by name`)
	}
	return nil
}

func forMost(ctx context.Context, percent, sentence string) error {
	least, err := parseShare(percent)
	if least <= 0 || least > 1 {
		err = cmp.Or(err, fmt.Errorf("at least %s of the variants: want more than 0 %%, and 100 %% at most", percent))
	}
	claims, errInner := readInner(ctx, strings.TrimPrefix(sentence, ","))
	if err := cmp.Or(err, errInner); err != nil {
		return err
	}
	for _, of := range accept.Together(claims) {
		readingOf(ctx).claim(accept.KnownVariant{}, accept.Most{Claims: of, Least: least})
	}
	return nil
}

func onAverage(ctx context.Context, sentence string) error {
	claims, err := readInner(ctx, sentence)
	if err != nil {
		return err
	}
	for _, of := range accept.Together(claims) {
		average, err := accept.NewAverage(of)
		if err != nil {
			return err
		}
		readingOf(ctx).claim(accept.KnownVariant{}, average)
	}
	return nil
}

// factorBound reads a bound on how many times as fast something is.
func factorBound(direction, factor string) (accept.Bound, error) {
	f, err := strconv.ParseFloat(factor, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		err = fmt.Errorf("%q times as fast: want a number above 0", factor)
	}
	return accept.Bound{Direction: directions[direction], Value: f, Text: factor + " x"}, err
}

func speedupOfPlaces(ctx context.Context,
	hostA, linkA, backendA, average, direction, factor, hostB, linkB, backendB string,
) error {
	r := readingOf(ctx)
	a, errA := r.place(hostA, linkA, backendA)
	b, errB := r.place(hostB, linkB, backendB)
	bound, err := factorBound(direction, factor)
	if err := cmp.Or(errA, errB, err, r.chosenVariants()); err != nil {
		return err
	}
	var pairs [][2]accept.Subject
	for _, v := range r.variants {
		pairs = append(pairs, [2]accept.Subject{{Variant: v, Place: a}, {Variant: v, Place: b}})
	}
	return r.speedups(pairs, average != "", bound)
}

func speedupOfCompressions(ctx context.Context, one, average, direction, factor, other string) error {
	r := readingOf(ctx)
	bound, err := factorBound(direction, factor)
	if err := cmp.Or(err, r.chosenVariants(), r.chosenPlaces()); err != nil {
		return err
	}
	matches, err := r.pairsOf(one, other)
	if err != nil {
		return err
	}
	for _, place := range r.places {
		var pairs [][2]accept.Subject
		for _, m := range matches {
			pairs = append(pairs, [2]accept.Subject{{Variant: m[0], Place: place}, {Variant: m[1], Place: place}})
		}
		if err := r.speedups(pairs, average != "", bound); err != nil {
			return err
		}
	}
	return nil
}

// speedups adds one claim on the average of the pairs, or one for each.
func (r *reading) speedups(pairs [][2]accept.Subject, average bool, b accept.Bound) error {
	if !average {
		for _, p := range pairs {
			r.claim(p[0].Variant, accept.Speedup{Pairs: [][2]accept.Subject{p}, Bound: b})
		}
		return nil
	}
	if err := r.overAll(); err != nil {
		return err
	}
	r.claim(accept.KnownVariant{}, accept.Speedup{Pairs: pairs, Bound: b})
	return nil
}

func limitCounterCorrelation(ctx context.Context, counter, byRank, direction, percent string) error {
	return limitCorrelation(ctx, counter, byRank, "parameters", direction, percent)
}
