package steps

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

func chooseVariant(ctx context.Context, name string) error {
	r := readingOf(ctx)
	v, err := r.variant(name)
	if err == nil {
		r.choose(v)
	}
	return err
}

func chooseEveryVariant(ctx context.Context, measured, kind, ofModel, compression, input string) error {
	size, err := strconv.Atoi(cmp.Or(input, "0"))
	if err != nil {
		return fmt.Errorf("input size %q: %w", input, err)
	}
	words := []string{kind, ofModel, compression, input}
	what := strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
	r := readingOf(ctx)
	chosen := len(r.variants)
	err = r.filter(what, func(v accept.KnownVariant) bool {
		p := v.Name.Parts()
		// The name of a user's own file says no compression.
		known := p.Compression != ""
		return (kind == "" || known && p.Compressed() == (kind == "compressed")) &&
			(ofModel == "" || strings.EqualFold(p.Model, ofModel)) &&
			(compression == "" || strings.EqualFold(p.Compression, compression)) &&
			(size == 0 || p.InputSize() == size)
	})
	if measured != "" {
		// A variant that was chosen before must be held.
		for _, v := range r.variants[chosen:] {
			r.measured[v.Name] = true
		}
	}
	return err
}

func chooseMatchingVariants(ctx context.Context, pattern string) error {
	r := readingOf(ctx)
	if strings.Contains(pattern, "**") {
		wildcards := strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*")
		re := regexp.MustCompile("^" + wildcards.Replace(regexp.QuoteMeta(pattern)) + "$")
		return r.filter(pattern, func(v accept.KnownVariant) bool { return re.MatchString(string(v.Name)) })
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return r.filter(pattern, func(v accept.KnownVariant) bool {
		ok, _ := path.Match(pattern, string(v.Name))
		return ok
	})
}

// filter chooses the variants that fit; what says what was asked for.
func (r *reading) filter(what string, fits func(accept.KnownVariant) bool) error {
	found := false
	for _, v := range r.Variants {
		if fits(v) {
			found = true
			r.choose(v)
		}
	}
	if !found {
		return fmt.Errorf("no variant fits %q; crossover list shows them all", what)
	}
	return nil
}

// choosePlace adds a place, or returns the error of reading it.
func (r *reading) choosePlace(p names.Place, err error) error {
	if err == nil {
		r.places = append(r.places, p)
	}
	return err
}

func chooseBackend(ctx context.Context, name string) error {
	r := readingOf(ctx)
	return r.choosePlace(r.local(name))
}

func chooseHost(ctx context.Context, host, link string) error {
	r := readingOf(ctx)
	return r.choosePlace(r.offload(host, link))
}

func chooseHostOverLinks(ctx context.Context, host string, table *godog.Table) error {
	return eachRow(func(ctx context.Context, link string) error { return chooseHost(ctx, host, link) })(ctx, table)
}

// chooseLoad puts a load on the hosts that were chosen before.
func chooseLoad(ctx context.Context, text string) error {
	r := readingOf(ctx)
	l, err := names.ParseLoad(text)
	if err := cmp.Or(err, r.chosenPlaces()); err != nil {
		return err
	}
	for i, p := range r.places {
		if p.Backend.IsLocal() {
			return fmt.Errorf("%s is local: crossover load asks hosts; choose one before the load", p)
		}
		r.places[i].Load = l
	}
	return nil
}

func chooseDevice(ctx context.Context, name, idle string) error {
	r := readingOf(ctx)
	var err error
	r.energy, err = energy.NewEstimator(r.Profiles, name, idle)
	return err
}

func needMeter(ctx context.Context) error {
	readingOf(ctx).metered = true
	return nil
}

func chooseIdlePower(ctx context.Context, power string) error {
	return readingOf(ctx).choosePower(power, func(m *energy.Estimator, w model.Watts) { m.Idle.Power = w })
}

func chooseActivePower(ctx context.Context, power string) error {
	return readingOf(ctx).choosePower(power, func(m *energy.Estimator, w model.Watts) { m.Device.Active = &w })
}

// choosePower changes a power of the energy model for the sentences that follow.
func (r *reading) choosePower(text string, set func(*energy.Estimator, model.Watts)) error {
	w, errPower := parseQuantity[model.Watts](text)
	m, err := r.energyModel()
	if err := cmp.Or(errPower, err); err != nil {
		return err
	}
	changed := *m // earlier claims keep the model they have
	set(&changed, w)
	r.energy = &changed
	return nil
}
