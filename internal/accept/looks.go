package accept

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Looks says which look at growing data this is. The zero Looks is the only one.
type Looks struct {
	Look int `json:"look"` // from 1
	Of   int `json:"of"`
	// Last is the look before which a combination was last measured, by its name: what was decided
	// then keeps its data and its error.
	Last map[string]int `json:"last,omitempty"`
}

// judge answers a claim at this look, which spends its part of the error rate. A claim that needs
// no combination spends all of it: no round changes its data.
func (l Looks) judge(c Claim, data *Data) *Judgement {
	alpha, needs := c.ErrorRate(), c.Needs()
	if l.Of > 0 && len(needs) > 0 {
		look := 0
		for _, combination := range needs {
			look = max(look, cmp.Or(l.Last[combination.Name()], l.Look))
		}
		var err error
		if alpha, err = (stats.Spending{Alpha: alpha, Looks: l.Of, First: firstLook}).At(look); err != nil {
			return &Judgement{Verdict: Invalid, Err: err}
		}
	}
	g := c.Judge(data, alpha)
	return &g
}

// A Measurer measures combinations, interleaved in rounds, into one run.
type Measurer interface {
	// Measure takes that many further rounds of the combinations, each with the time of the reference
	// network, and returns the run as it then stands. Its rounds are numbered on from the last. What
	// cannot run here is in Data.Skipped.
	Measure(ctx context.Context, cs []names.Combination, rounds int) (*Data, error)
	// Looked records in the run that it was looked at, so that judging it again later spends no
	// error twice.
	Looked(Looks) error
}

// Options say what Run judges.
type Options struct {
	Features *Features
	Require  []names.Backend // backends whose absence is a failure

	// Data is a recorded run to judge. Without it, Measurer measures one.
	Data     *Data
	Measurer Measurer
	// Rounds is how many rounds are measured before the first look. Within Budget they are doubled
	// for what is undecided, and looked at again.
	Rounds int
	Budget time.Duration
	Now    func() time.Time // the clock; time.Now if nil
}

// mostLooks is the number of looks over which errors are spent if there is a budget: rounds double,
// so eight looks see 128 times the first rounds.
const mostLooks = 8

// firstLook is the share of the error that the first look spends. Eight rounds without an exception
// pass there at an error of 1 % (2^-8 is below 0.4 %), where an eighth of it asks for ten. The others
// lose little: at 24 rounds each still allows four exceptions, as with an eighth.
const firstLook = 0.4

// Run judges features on a recorded run, or measures, judges, and measures further while something
// is undecided and the budget lasts. If a sentence is wrong, nothing is measured, and the report
// says so. An error says that nothing could be judged at all.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	start := o.Now()
	if o.Features.Wrong() != nil {
		return &Report{Started: start, Scenarios: o.Features.Scenarios}, nil
	}
	if o.Data == nil {
		return o.measure(ctx, start)
	}
	var looks Looks
	if o.Data.Extras.Looks != nil {
		looks = *o.Data.Extras.Looks
	}
	return o.judge(ctx, o.Data, looks, start)
}

func (o Options) judge(ctx context.Context, data *Data, looks Looks, start time.Time) (*Report, error) {
	data.Require = o.Require
	r := o.Features.Judge(data, looks)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.Started, r.Took = start, o.Now().Sub(start)
	return r, nil
}

func (o Options) measure(ctx context.Context, start time.Time) (*Report, error) {
	open, rounds := o.Features.Needs(), max(1, o.Rounds)
	if len(open) == 0 {
		return nil, exit.Errorf(exit.NoData,
			"the scenarios of %s need no combination: there is nothing to measure", o.Features.Root)
	}
	looks := Looks{Of: 1, Last: map[string]int{}}
	if o.Budget > 0 {
		looks.Of = mostLooks
	}
	for {
		began := o.Now()
		data, err := o.Measurer.Measure(ctx, open, rounds)
		if err != nil {
			return nil, err
		}
		took := o.Now().Sub(began)
		looks.Look++
		looks.Last = maps.Clone(looks.Last)
		for _, c := range open {
			looks.Last[c.Name()] = looks.Look
		}
		if err := o.Measurer.Looked(looks); err != nil {
			return nil, err
		}
		r, err := o.judge(ctx, data, looks, start)
		if err != nil {
			return nil, err
		}
		next := r.undecided()
		if len(next) == 0 || looks.Look == looks.Of {
			return r, nil
		}
		// The next rounds take as long as the last in proportion. From the second look on, as much
		// is measured as there is.
		estimate := time.Duration(float64(took) * float64(len(next)) / float64(len(open)))
		if looks.Look > 1 {
			rounds *= 2
			estimate *= 2
		}
		if o.Now().Add(estimate).Sub(start) > o.Budget {
			return r, nil
		}
		open = next
	}
}

// undecided returns the combinations on which open judgements rest, and those that other judgements
// set beside one of them: what is compared stays measured in the same rounds.
func (r *Report) undecided() []names.Combination {
	var judgements []*Judgement
	for _, s := range r.Scenarios {
		if !s.Study() {
			judgements = append(judgements, s.Judgements()...)
		}
	}
	var out []names.Combination
	known := func(c names.Combination) bool { return slices.Contains(out, c) }
	for before := -1; before < len(out); {
		before = len(out)
		for _, g := range judgements {
			if !g.Open() && !slices.ContainsFunc(g.Combinations, known) {
				continue
			}
			for _, c := range g.Combinations {
				if !known(c) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}
