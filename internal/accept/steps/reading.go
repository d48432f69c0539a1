package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// A Vocabulary is what sentences may name.
type Vocabulary struct {
	Variants []accept.KnownVariant
	Profiles *profiles.Set
	Cores    int // processors that "cpu-all" stands for
}

// Variants returns what may be named of a catalog's variants and the user's own.
func Variants(catalog *fixtures.Catalog, own []fixtures.Variant) []accept.KnownVariant {
	var out []accept.KnownVariant
	for _, id := range catalog.Variants() {
		out = append(out, accept.KnownVariant{
			Name: id.Name(), Title: id.Title(),
			Parameters: int64(id.Input.Parameters), Layers: id.Model.KerasLayers, Depth: id.Model.Depth,
		})
	}
	for _, f := range own {
		out = append(out, accept.KnownVariant{Name: f.Name, Title: f.Title})
	}
	return out
}

// variant returns the variant of that name or title, whatever its capitals.
func (v Vocabulary) variant(name string) (accept.KnownVariant, error) {
	var known []string
	for _, k := range v.Variants {
		if strings.EqualFold(string(k.Name), name) || strings.EqualFold(k.Title, name) {
			return k, nil
		}
		known = append(known, k.Title, string(k.Name))
	}
	near := names.Nearest(name, known)
	if near == "" {
		return accept.KnownVariant{}, fmt.Errorf("unknown variant %q", name)
	}
	return accept.KnownVariant{}, fmt.Errorf("unknown variant %q; did you mean %q?", name, near)
}

// local returns the place of a local backend.
func (v Vocabulary) local(name string) (names.Place, error) {
	if name == string(names.CPUAll) {
		name = string(names.CPU(max(1, v.Cores)))
	}
	b, err := names.ParseLocal(name)
	if err != nil {
		return names.Place{}, fmt.Errorf("%w; or %s, and \"the host ... over the link ...\" to offload",
			err, names.CPUAll)
	}
	return names.Place{Backend: b, Link: names.LinkNone}, nil
}

// offload returns the place of a host over a link.
func (v Vocabulary) offload(host, link string) (names.Place, error) {
	if name, ok := names.Backend(host).Host(); ok {
		return names.Place{}, fmt.Errorf("host %q: write the host's name alone, %q", host, name)
	}
	b, err := names.ParseBackend(string(names.Offload(host)))
	if err == nil && names.Link(link) != names.LinkDirect {
		_, err = v.Profiles.Link(link)
	}
	return names.Place{Backend: b, Link: names.Link(link)}, err
}

// link returns the profile of the link to a place, nil if there is none.
func (v Vocabulary) link(p names.Place) *model.Link {
	l, err := v.Profiles.Link(string(p.Link))
	if err != nil || p.Backend.IsLocal() || p.Link == names.LinkDirect {
		return nil
	}
	return &l
}

// place returns one side of a comparison of places: a local backend or, if that is empty, a host
// over a link.
func (v Vocabulary) place(host, link, backend string) (names.Place, error) {
	if backend != "" {
		return v.local(backend)
	}
	return v.offload(host, link)
}

// A reading is a scenario while its sentences are read: what they have said so far. It travels in
// the context of the functions of Registry.
type reading struct {
	Vocabulary
	scenario *accept.Scenario
	done     int // sentences read before this one

	variants []accept.KnownVariant
	places   []names.Place
	energy   *energy.Estimator      // nil for the generic device
	only     []accept.Limit         // that a variant must keep to be judged, each at its place
	measured map[names.Variant]bool // variants that are judged only if the run holds them
	metered  bool                   // the scenario is judged only if the run has a meter
}

type readingKey struct{}

func readingOf(ctx context.Context) *reading { return ctx.Value(readingKey{}).(*reading) }

// energyModel returns the model of the device that was chosen.
func (r *reading) energyModel() (*energy.Estimator, error) {
	if r.energy != nil {
		return r.energy, nil
	}
	return energy.NewEstimator(r.Profiles, "generic", "idle")
}

func (r *reading) choose(v accept.KnownVariant) {
	if !slices.Contains(r.variants, v) {
		r.variants = append(r.variants, v)
	}
}

func (r *reading) chosenVariants() error {
	if len(r.variants) == 0 {
		return errors.New(`no variant is chosen before this sentence; begin with: Given the variant "..."`)
	}
	return nil
}

func (r *reading) chosenPlaces() error {
	if len(r.places) == 0 {
		return errors.New(`no place is chosen before this sentence;` +
			` add: Given the backend "..." or: Given the host "..." over the link "..."`)
	}
	return nil
}

// claim adds a claim on a variant to the sentence, under the scenario's conditions.
func (r *reading) claim(v accept.KnownVariant, c accept.Claim) {
	a := accept.Assertion{Claim: c, Measured: r.measured[v.Name]}
	if r.metered {
		a.When = append(a.When, accept.Meter{})
	}
	for _, l := range r.only {
		l.Variant = v
		a.When = append(a.When, l)
	}
	st := r.scenario.Steps[r.done]
	st.Assertions = append(st.Assertions, a)
}

// each adds a claim for every chosen variant at every chosen place. err, here and below, is that of
// reading the sentence: with one, nothing is added.
func (r *reading) each(err error, claim func(accept.Subject) accept.Claim) error {
	if err := cmp.Or(err, r.chosenVariants(), r.chosenPlaces()); err != nil {
		return err
	}
	for _, p := range r.places {
		for _, v := range r.variants {
			r.claim(v, claim(accept.Subject{Variant: v, Place: p}))
		}
	}
	return nil
}

// eachVariant adds a claim for every chosen variant.
func (r *reading) eachVariant(err error, claim func(accept.KnownVariant) accept.Claim) error {
	if err := cmp.Or(err, r.chosenVariants()); err != nil {
		return err
	}
	for _, v := range r.variants {
		r.claim(v, claim(v))
	}
	return nil
}

// over adds a claim for every chosen place, on all chosen variants.
func (r *reading) over(err error, least int, claim func(accept.Subjects) accept.Claim) error {
	err = cmp.Or(err, r.chosenVariants(), r.chosenPlaces())
	switch {
	case err != nil:
		return err
	case len(r.variants) < least:
		return fmt.Errorf("%d variants are chosen; this sentence needs at least %d", len(r.variants), least)
	}
	if err := r.overAll(); err != nil {
		return err
	}
	for _, p := range r.places {
		var subjects accept.Subjects
		for _, v := range r.variants {
			subjects = append(subjects, accept.Subject{Variant: v, Place: p})
		}
		r.claim(accept.KnownVariant{}, claim(subjects)) // no condition needs the variant
	}
	return nil
}
