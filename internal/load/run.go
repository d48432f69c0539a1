package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// ExtraKey is where run.json keeps the Report: in its meta.extra.
const ExtraKey = "load"

// A Report is what a run of load says beside its samples.
type Report struct {
	Arrivals    string                   `json:"arrivals"` // "poisson" or "constant"
	Connections int                      `json:"connections"`
	Timeout     float64                  `json:"timeout_sec"`
	Figures     []Figure                 `json:"figures"` // by round, in the order taken
	Failed      []string                 `json:"failed,omitempty"`
	Capacity    *Capacity                `json:"capacity,omitempty"`
	Titles      map[names.Variant]string `json:"-"` // for people
	Dir         string                   `json:"-"` // the run folder
}

// A runner is one run of load.
type runner struct {
	config   Config
	variants []fixtures.Variant // by tenant
	rng      *rand.Rand
	writer   *results.Writer
	report   *Report
	dropped  map[Point]bool // a combination of it failed for good
}

// scoutRound numbers the blocks that are not part of the run.
const scoutRound = -1

// Run measures every point in every round, writes the run folder, and returns what it holds. A
// point at which nothing is answered, or whose host gives an impossible answer, ends with its
// reason; the others go on, and the error then has the exit code for missing data.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Seed = cmp.Or(c.Seed, rand.Uint64()>>12+1) // a person can type it, and JSON keeps it exactly
	r := &runner{
		config: c, rng: rand.New(rand.NewPCG(c.Seed, 0)), dropped: map[Point]bool{},
		report: &Report{
			Arrivals: c.Arrivals, Connections: c.Connections, Timeout: c.Timeout.Seconds(), Titles: map[names.Variant]string{},
		},
	}
	catalog := fixtures.Default()
	for _, t := range c.Tenants {
		v := t.variant(catalog)
		r.variants = append(r.variants, v)
		r.report.Titles[v.Name] = v.Title
	}
	// A host that is not there or lacks a model is said before a run folder is made.
	for _, h := range c.Hosts {
		_, closeAll, err := r.connect(ctx, h, new(generator))
		if err != nil {
			return nil, r.ended(ctx, err)
		}
		if err := closeAll(); err != nil {
			return nil, err
		}
	}
	if c.SLO != nil && len(c.Rates) == 0 {
		rates, err := r.scout(ctx)
		if err != nil {
			return nil, r.ended(ctx, err)
		}
		r.config.Rates = rates
	}
	if err := r.create(); err != nil {
		return nil, exit.With(exit.NoData, err)
	}
	err := r.rounds(ctx)
	if err == nil && c.SLO != nil {
		var capacity Capacity
		if capacity, err = r.report.Judge(*c.SLO); err == nil {
			r.report.Capacity = &capacity
		}
	}
	err = errors.Join(r.ended(ctx, err), r.finish(err == nil))
	if len(r.report.Figures) == 0 {
		if err == nil {
			err = exit.Errorf(exit.NoData, "nothing was measured:\n  %s", strings.Join(r.report.Failed, "\n  "))
		}
		return nil, err
	}
	if err == nil && len(r.report.Failed) > 0 {
		err = exit.Errorf(exit.NoData, "not everything could be measured:\n  %s", strings.Join(r.report.Failed, "\n  "))
	}
	return r.report, err
}

// ended turns the end of the context into the error of an interrupt.
func (r *runner) ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return exit.Errorf(exit.NoData, "interrupted after %d blocks", len(r.report.Figures))
	}
	return err
}

// combination returns the name of what a tenant asks for at a point.
func (r *runner) combination(p Point, tenant int) names.Combination {
	t := r.config.Tenants[tenant]
	name := t.Name
	if len(r.config.Tenants) == 1 {
		name = ""
	}
	return names.Combination{
		Variant: r.variants[tenant].Name, Backend: names.Offload(r.config.Hosts[p.Host].Name), Link: names.LinkDirect,
		Load: p.load(name),
	}
}

// create makes the run folder.
func (r *runner) create() (err error) {
	c := &r.config
	before := machine.Read("/")
	meta := results.Meta{
		Started: time.Now(), Command: c.Command, Seed: c.Seed, Grid: results.Grid{Name: "load"}, Before: &before,
		Titles: map[string]string{}, Versions: map[string]string{"crossover": c.Version},
		Config: map[string]string{"machine": before.Fingerprint().String(), "cpu": before.CPU, "interleaved": "yes"},
		Method: map[string]string{
			"block": c.Duration.String(), "warmup": c.Warmup.String(), "arrivals": c.Arrivals,
			"connections": fmt.Sprint(c.Connections), "timeout": c.Timeout.String(),
		},
	}
	for variant, title := range r.report.Titles {
		meta.Titles[string(variant)] = title
	}
	if r.writer, err = results.Create(c.Results, meta); err != nil {
		return err
	}
	r.report.Dir = r.writer.Dir()
	var declared []names.Combination
	for _, p := range c.points() {
		for t := range c.Tenants {
			declared = append(declared, r.combination(p, t))
		}
	}
	return r.writer.Declare(declared, c.Rounds)
}

// finish closes the run folder, complete or not. A folder without a block is removed unless it says
// what failed.
func (r *runner) finish(complete bool) error {
	if len(r.report.Figures) == 0 && len(r.report.Failed) == 0 {
		return exit.With(exit.NoData, r.writer.Discard())
	}
	raw, err := json.Marshal(r.report)
	after := machine.Read("/")
	return exit.With(exit.NoData, errors.Join(err, r.writer.Finish(complete && err == nil,
		func(m *results.Meta, _ *results.Ledger) {
			m.After = &after
			m.Extra = map[string]json.RawMessage{ExtraKey: raw}
		})))
}

// rounds measures every point once in each round.
func (r *runner) rounds(ctx context.Context) error {
	points := r.config.points()
	for round := range r.config.Rounds {
		for _, i := range r.rng.Perm(len(points)) {
			p := points[i]
			if r.dropped[p] {
				continue
			}
			w := window{measured: r.config.duration(p.Rate), warmup: r.config.Warmup}
			figures, err := r.point(ctx, p, round, w)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				if err := r.fail(p, round, err); err != nil {
					return err
				}
				continue
			}
			r.report.Figures = append(r.report.Figures, figures...)
			r.config.logf("round %d of %d, %s: %s", round+1, r.config.Rounds, r.config.title(p), summary(figures))
		}
	}
	return nil
}

// fail ends a point with its reason.
func (r *runner) fail(p Point, round int, reason error) error {
	r.dropped[p] = true
	r.report.Failed = append(r.report.Failed, fmt.Sprintf("%s: %v", r.config.title(p), reason))
	for t := range r.config.Tenants {
		if err := r.writer.Fail(r.combination(p, t), round, reason.Error()); err != nil {
			return exit.With(exit.NoData, err)
		}
	}
	return nil
}

// point takes one block of every tenant at a point, over new connections, and writes them unless
// round is scoutRound.
func (r *runner) point(ctx context.Context, p Point, round int, w window) (_ []Figure, err error) {
	started := time.Now().UTC()
	g := generator{timeout: r.config.Timeout, most: r.config.Outstanding}
	opened, closeAll, err := r.connect(ctx, r.config.Hosts[p.Host], &g)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	var outcomes []outcome
	if p.Rate > 0 {
		shares := make([]int, len(r.config.Tenants))
		for i, t := range r.config.Tenants {
			shares[i] = t.Share
		}
		due := arrivals(p.Rate, r.config.Arrivals != "constant", w.length(), shares, r.rng)
		outcomes, err = g.open(ctx, due)
	} else {
		outcomes, err = g.closed(ctx, p.Clients, w.length())
	}
	if err != nil {
		return nil, err
	}
	var figures []Figure
	for t := range r.config.Tenants {
		own := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o.tenant != t })
		b, f := block(r.combination(p, t), round, own, w, r.config.Timeout)
		b.Start, b.Open = started, opened[t]
		if f.Answered == 0 {
			return nil, fmt.Errorf("none of %d requests for %s was answered: %s",
				f.Requests, r.config.Tenants[t].Model, lostText(f.Lost))
		}
		if round != scoutRound {
			if err := r.writer.AppendBlock(b); err != nil {
				return nil, exit.With(exit.NoData, err)
			}
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// connect opens the tenants' connections to a host and gives them to g. It returns how long the first of each
// tenant took to open, and a function that closes all.
func (r *runner) connect(ctx context.Context, to offload.Host, g *generator) (
	opened []time.Duration, closeAll func() error, err error,
) {
	var all []*offload.Caller
	closeAll = func() error {
		var errs []error
		for _, c := range all {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	for t, tenant := range r.config.Tenants {
		h, v := to, r.variants[t]
		h.Models = maps.Clone(h.Models)
		if h.Models == nil {
			h.Models = map[names.Variant]offload.ModelAt{}
		}
		h.Models[v.Name] = offload.ModelAt{Name: tenant.Model}
		var askers []asker
		for i := range r.config.Connections {
			start := time.Now()
			c, err := offload.OpenCaller(ctx, h, link.Shape{Name: names.LinkDirect}, v)
			if err != nil {
				return nil, nil, errors.Join(exit.With(exit.NoData, err), closeAll())
			}
			all, askers = append(all, c), append(askers, c)
			if i == 0 {
				opened = append(opened, time.Since(start))
			}
			in, err := measure.Input(c.Inputs(), v, r.config.Seed)
			if err == nil {
				err = c.SetInput(in)
			}
			if err != nil {
				return nil, nil, errors.Join(err, closeAll())
			}
		}
		g.askers = append(g.askers, askers)
	}
	return opened, closeAll, nil
}
