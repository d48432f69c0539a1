package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
)

// measuring is the steps.Measurer of crossover accept: each call measures
// further rounds into the same run.
type measuring struct {
	*recording
	env    *env
	extras accept.Extras // what the run holds beside samples
	broken bool          // measuring did not come to its planned end
}

// acceptGrid stands for a grid's name where the features say what is measured.
const acceptGrid = "accept"

// startMeasuring readies the run. Its folder is made with the first rounds.
func (c *acceptCmd) startMeasuring(e *env) (*measuring, error) {
	r, err := c.record(e, results.Grid{Name: acceptGrid, Path: c.Features}, c.effort, c.Out, "-calibrate")
	if err != nil {
		return nil, err
	}
	return &measuring{recording: r, env: e}, nil
}

// Measure takes so many further rounds of the combinations.
func (m *measuring) Measure(_ context.Context, cs []grid.Combination, rounds int) (data *accept.Data, err error) {
	defer func() { m.broken = m.broken || err != nil }()
	if m.driver == nil {
		m.settings.Rounds = rounds
		if err := m.open(m.env, cs); err != nil {
			return nil, err
		}
		if err := m.binary.Ask(m.env, "agreement", cs, &m.extras.Agreement); err != nil {
			return nil, exit.Errorf(exit.Internal, "%w", err)
		}
	}
	// A combination that failed is in the ledger, and the judge finds it there;
	// only an interrupt, or a folder that takes no more, ends the whole.
	if outcome, err := m.driver.Extend(m.env, cs, rounds); err != nil && (m.env.Err() != nil || len(outcome.Failed) == 0) {
		return nil, err
	}
	m.screen.done()
	return m.data()
}

// data arranges the run as it stands.
func (m *measuring) data() (*accept.Data, error) {
	if err := m.keepExtras(); err != nil {
		return nil, err
	}
	run, err := results.Open(m.dir)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "%w", err)
	}
	data, err := accept.FromRun(relative(m.dir), run)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "%w", err)
	}
	return data, nil
}

// Looked records that the run was looked at.
func (m *measuring) Looked(l accept.Looks) error {
	m.extras.Looks = &l
	return m.keepExtras()
}

// end closes the run folder, when there is one. The run is complete when all that
// was planned was measured, whatever the verdict.
func (m *measuring) end() error {
	if m.driver == nil {
		return nil
	}
	if err := m.close(m.env, !m.broken, nil); err != nil || len(m.writer.Ledger().Run) == 0 {
		return err
	}
	_, err := fmt.Fprintf(m.env.stdout, "\nRun: %s; crossover accept --results %s judges it again.\n", relative(m.dir), relative(m.dir))
	return err
}

// keepExtras writes what the run holds beside samples.
func (m *measuring) keepExtras() error {
	raw, err := json.Marshal(m.extras)
	if err != nil {
		return err
	}
	if err := m.writer.Update(func(meta *results.Meta, _ *results.Ledger) {
		if meta.Extra == nil {
			meta.Extra = map[string]json.RawMessage{}
		}
		meta.Extra[accept.ExtraKey] = raw
	}); err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	return nil
}
