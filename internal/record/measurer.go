package record

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// AcceptGrid stands for a grid's name if features say what is measured.
const AcceptGrid = "accept"

// A Measurer measures for crossover accept. Each call of Measure adds rounds to the same run.
type Measurer struct {
	selection *Selection
	terminal  Terminal
	effort    Effort
	features  string                    // where the features are
	samples   map[names.Combination]int // that a round of a combination should hold

	run    *recording    // nil before the first rounds
	extras accept.Extras // what the run holds besides samples
	broken bool          // measuring did not come to its planned end
}

// Measurer returns a measurer of what the features need. The run folder is made with the first
// rounds.
func (s *Selection) Measurer(t Terminal, e Effort, features *accept.Features) *Measurer {
	return &Measurer{selection: s, terminal: t, effort: e, features: features.Root, samples: features.Inferences()}
}

// Measure adds this many rounds of the combinations and returns the run so far.
func (m *Measurer) Measure(ctx context.Context, cs []names.Combination, rounds int) (data *accept.Data, err error) {
	defer func() { m.broken = m.broken || err != nil }()
	if m.run == nil {
		if err := m.begin(ctx, cs, rounds); err != nil {
			return nil, err
		}
	}
	// A combination that failed is in the ledger, where judging finds it. Only an interrupt, or a
	// run folder that cannot be written, ends the whole.
	ending, err := m.run.driver.Extend(ctx, cs, rounds)
	if err != nil && (ctx.Err() != nil || len(ending.Failed) == 0) {
		return nil, err
	}
	m.run.screen.done()
	if err := m.keepExtras(); err != nil {
		return nil, err
	}
	run, err := results.Open(m.run.dir)
	if err == nil {
		data, err = accept.FromRun(relative(m.run.dir), run)
	}
	return data, exit.With(exit.NoData, err)
}

func (m *Measurer) begin(ctx context.Context, cs []names.Combination, rounds int) error {
	for _, c := range cs {
		if c.Load != (names.Load{}) {
			return exit.Errorf(exit.Usage, "%s is judged on a run of crossover load: make one, and name it with --results",
				c.Place())
		}
	}
	what := results.Grid{Name: AcceptGrid, Path: m.features}
	r, err := m.selection.begin(ctx, m.terminal, m.effort, what, cs, true)
	if err != nil {
		return err
	}
	r.settings.Rounds, r.settings.Samples = rounds, m.samples
	if err := r.open(); err != nil {
		return err
	}
	m.run = r
	return exit.With(exit.Internal, r.binary.Ask(ctx, job.Agreement, cs, &m.extras.Agreement))
}

// Looked records that the run was looked at.
func (m *Measurer) Looked(l accept.Looks) error {
	m.extras.Looks = &l
	return m.keepExtras()
}

// Close closes the run folder, if there is one. The run is complete if everything planned was
// measured, whatever the verdict.
func (m *Measurer) Close() error {
	if m.run == nil {
		return nil
	}
	if err := m.run.close(!m.broken, nil); err != nil || len(m.run.writer.Ledger().Run) == 0 {
		return err
	}
	dir := relative(m.run.dir)
	_, err := fmt.Fprintf(m.terminal.Out, "\nRun: %s; crossover accept --results %s judges it again.\n", dir, dir)
	return err
}

func (m *Measurer) keepExtras() error {
	raw, err := json.Marshal(m.extras)
	if err != nil {
		return err
	}
	return exit.With(exit.NoData, m.run.writer.Update(func(meta *results.Meta, _ *results.Ledger) {
		if meta.Extra == nil {
			meta.Extra = map[string]json.RawMessage{}
		}
		meta.Extra[accept.ExtraKey] = raw
	}))
}
