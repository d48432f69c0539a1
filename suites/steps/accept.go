package steps

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/model/profiles"
)

// A Measurer measures combinations, interleaved in rounds, into one run.
type Measurer interface {
	// Measure takes that many further rounds of the combinations, with a
	// calibration in each, and returns the run as it then stands. Its rounds
	// are numbered on from the last. What cannot run here is in
	// Data.Skipped.
	Measure(ctx context.Context, cs []grid.Combination, rounds int) (*accept.Data, error)
	// Looked records in the run that it was looked at, so that judging it
	// again later spends no error twice.
	Looked(accept.Looks) error
}

// Options say what Accept judges.
type Options struct {
	Features *Features
	Tags     string // a tag expression; empty for all
	Variants accept.Variants
	Profiles *profiles.Set
	Cores    int      // processors that "cpu-all" stands for
	Require  []string // backends whose absence is a failure

	// Data is a recorded run to judge. Without it, Measurer measures one.
	Data     *accept.Data
	Measurer Measurer
	// Rounds is how many rounds are measured before the first look. Within
	// Budget they are doubled for what is undecided, and looked at again.
	Rounds int
	Budget time.Duration
	Now    func() time.Time // the clock; nil for time.Now
	// Progress is told of every look; nil for nobody.
	Progress func(accept.Looks, *accept.Report)
}

// mostLooks is the number of looks over which errors are spent when there is a
// budget for measuring on: rounds double, so eight looks see 128 times the
// first rounds.
const mostLooks = 8

// Accept judges the features. The report says how; its Code is the exit code.
// An error says that nothing could be judged at all.
func Accept(ctx context.Context, o Options) (*accept.Report, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	start := now()
	variants := o.Variants
	if o.Data != nil {
		variants = o.Data.Variants(variants)
	}
	dry := &accept.Judge{Variants: variants, Profiles: o.Profiles}
	r, err := o.Features.Run(ctx, dry, o.Tags, o.Cores)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.Scenarios, func(s *accept.Scenario) bool { return s.Wrong() != nil }) {
		return r, nil
	}

	judge := func(data *accept.Data, looks accept.Looks) (*accept.Report, error) {
		r, err := o.Features.Run(ctx, &accept.Judge{
			Data: data, Variants: variants, Profiles: o.Profiles, Looks: looks, Require: o.Require,
		}, o.Tags, o.Cores)
		if err != nil {
			return nil, err
		}
		r.Run, r.Looks, r.Started, r.Took = data.Name, looks, start, now().Sub(start)
		return r, nil
	}
	if o.Data != nil {
		looks := accept.Looks{}
		if o.Data.Extras.Looks != nil {
			looks = *o.Data.Extras.Looks
		}
		return judge(o.Data, looks)
	}
	if len(dry.Needs()) == 0 {
		return nil, exit.Errorf(exit.NoData, "the scenarios of %s need no combination: there is nothing to measure", o.Features.Root)
	}
	return o.measure(ctx, dry.Needs(), now, judge)
}

// measure measures, judges, and measures on.
func (o Options) measure(ctx context.Context, needs []grid.Combination, now func() time.Time,
	judge func(*accept.Data, accept.Looks) (*accept.Report, error),
) (*accept.Report, error) {
	start := now()
	looks := accept.Looks{Look: 0, Of: 1, Last: map[string]int{}}
	if o.Budget > 0 {
		looks.Of = mostLooks
	}
	rounds := max(1, o.Rounds)
	open := needs
	for {
		began := now()
		data, err := o.Measurer.Measure(ctx, open, rounds)
		if err != nil {
			return nil, err
		}
		took := now().Sub(began)
		looks.Look++
		looks.Last = maps.Clone(looks.Last)
		for _, c := range open {
			looks.Last[c.Name()] = looks.Look
		}
		if err := o.Measurer.Looked(looks); err != nil {
			return nil, err
		}
		r, err := judge(data, looks)
		if err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(looks, r)
		}
		if !r.Undecided() || looks.Look == looks.Of {
			return r, nil
		}
		next := undecided(r)
		if len(next) == 0 {
			return r, nil // more inferences would not decide it
		}
		if looks.Look > 1 {
			rounds *= 2 // what was measured so far, once more
		}
		// The next rounds take as long as the last in proportion.
		estimate := time.Duration(float64(took) * float64(len(next)) / float64(len(open)))
		if looks.Look > 1 {
			estimate *= 2
		}
		if now().Add(estimate).Sub(start) > o.Budget {
			return r, nil
		}
		open = next
	}
}

// undecided returns the combinations on which open judgements rest, and
// those that other judgements set beside one of them: what is compared stays
// measured in the same rounds.
func undecided(r *accept.Report) []grid.Combination {
	var out []grid.Combination
	has := func(c grid.Combination) bool { return slices.Contains(out, c) }
	for grew := true; grew; {
		before := len(out)
		for _, s := range r.Scenarios {
			if s.Study() {
				continue
			}
			for _, g := range s.Judgements() {
				if !g.Open() && !slices.ContainsFunc(g.Combinations, has) {
					continue
				}
				for _, c := range g.Combinations {
					if !has(c) {
						out = append(out, c)
					}
				}
			}
		}
		grew = len(out) > before
	}
	return out
}

// Variants returns what sentences may name: the catalog's variants and the
// person's own.
func Variants(d *declared.Set) accept.Variants {
	var out accept.Variants
	for _, id := range d.Catalog.Variants() {
		v := accept.VariantOf(string(id.Name()))
		v.Title = id.Title()
		v.Parameters, v.Layers = int64(id.Input.Parameters), id.Model.KerasLayers
		out = append(out, v)
	}
	for _, f := range d.Own {
		v := accept.VariantOf(string(f.Name))
		v.Title, v.Path = f.Title, f.Path
		out = append(out, v)
	}
	return out
}
