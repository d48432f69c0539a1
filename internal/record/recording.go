// Package record is the life of a run, from what the user selected to a closed run folder. The
// command's verbs pass it their flags; it drives the test binary, writes the run folder and owns
// the terminal.
//
//  1. [Select] reads what is declared, before anything is built or measured. The [Selection] also
//     lists combinations without measuring them.
//  2. A recording begins for some combinations: the test binary says what it is, the machine's
//     state is read, and the [results.Meta] of run.json is filled in. An interrupted run that
//     measured the same in the same way is resumed instead.
//  3. Package rounds measures. Each block gets its modelled energy and goes to the
//     [results.Writer].
//  4. The run is closed, complete or not. A folder in which nothing was measured or failed is
//     removed.
//
// [Selection.Bench] does this for crossover bench. A [Measurer] does it in steps for crossover
// accept, which keeps measuring while something is inconclusive.
package record

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/instruments/survey"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

// Effort is what the verbs that measure have in common.
type Effort struct {
	// Device selects the profile used to model energy while no meter is configured, Idle how it
	// waits for a host (empty: its first idle mode). The device "none" models no energy.
	Device, Idle string
	Block        time.Duration // steady time of a block
	Seed         uint64        // of the order within the rounds; 0 draws one
	Results      string        // folder of the run folders
}

// model returns the estimator of modelled energy, nil for none.
func (s *Selection) model(e Effort) (*energy.Estimator, error) {
	if e.Device == "none" {
		return nil, nil
	}
	m, err := energy.NewEstimator(s.Profiles, e.Device, e.Idle)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--device, --idle: %w", err)
	}
	return m, nil
}

// A recording is a run that is being measured: the test binary, the driver that calls it, and the
// folder that keeps what it sends.
type recording struct {
	selection *Selection
	terminal  Terminal
	effort    Effort
	energy    *energy.Estimator // nil for no energy
	screen    *screen
	binary    rounds.Binary
	about     job.About
	meta      results.Meta
	settings  rounds.Settings
	declared  []names.Combination

	dir      string // the run folder, once open
	writer   *results.Writer
	recorded []results.Block // of an interrupted run that this one resumes
	planned  []results.Planned
	part     *results.Part // what this process adds to such a run; nil for a new one
	noted    int           // notes of the writer that were printed
	driver   *rounds.Driver
	log      *os.File
}

// begin prepares a run of the combinations; what says which grid or features they are from. Nothing
// is written yet.
func (s *Selection) begin(
	ctx context.Context, t Terminal, e Effort, what results.Grid, combinations []names.Combination, reference bool,
) (*recording, error) {
	r := &recording{selection: s, terminal: t, effort: e, declared: combinations, screen: newScreen(t.Out, s.TitleOf)}
	var err error
	if r.energy, err = s.model(e); err != nil {
		return nil, err
	}
	if r.binary, err = s.Binary(ctx, t, nil); err != nil {
		return nil, err
	}
	r.binary.Reference = reference
	if err = r.binary.Ask(ctx, job.Describe, combinations, &r.about); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	seed := cmp.Or(e.Seed, rand.Uint64()>>12+1) // short enough to type, and exact in JSON
	r.settings = rounds.Settings{Block: e.Block, Seed: seed}
	before := machine.Read("/")
	r.meta = results.Meta{
		Started: time.Now(), Command: os.Args, Commit: s.commit(ctx), Seed: seed, Grid: what, Procs: r.about.Procs,
		Versions: r.about.Versions, Hashes: r.about.Hashes, Before: &before, Titles: map[string]string{},
		Config: map[string]string{"machine": before.Fingerprint().String(), "cpu": before.CPU, "interleaved": "yes"},
	}
	maps.Copy(r.meta.Config, r.about.Config)
	if r.energy != nil {
		r.meta.Config["meter"] = "none, modelled for device " + r.energy.Device.Name + ", idle " + r.energy.Idle.Name
	}
	for _, c := range combinations {
		r.meta.Titles[string(c.Variant)] = s.Title(c.Variant)
	}
	for _, h := range s.Hosts {
		to := names.Offload(h.Name)
		if !slices.ContainsFunc(combinations, func(c names.Combination) bool { return c.Backend == to }) {
			fmt.Fprintf(t.Err, "crossover: host %s is declared, but nothing in %s runs on %s\n", h.Name, relative(what.Path), to)
		}
	}
	if r.meta.Method, err = r.method(); err != nil {
		return nil, err
	}
	r.meta.Extra, err = s.paths()
	return r, err
}

// method says how the run measures. An interrupted run is resumed only by one that measures in the
// same way.
func (r *recording) method() (map[string]string, error) {
	s := r.selection
	setup, err := json.Marshal(r.binary.Setup)
	if err != nil {
		return nil, err
	}
	method := map[string]string{"block": r.effort.Block.String(), "setup": string(setup), "seed": ""}
	if r.effort.Seed != 0 { // a drawn seed may differ when the run is resumed
		method["seed"] = fmt.Sprint(r.effort.Seed)
	}
	files := map[string]string{"suites": r.binary.Path, "hosts": s.Files.Hosts, "profiles": s.Files.Profiles}
	if s.Files.Models != "" {
		choices := filepath.Join(s.Files.Models, fixtures.ChoicesFile)
		if _, err := os.Stat(choices); err == nil {
			files["choices"] = choices
		}
	}
	for what, file := range files {
		if file == "" {
			continue
		}
		if method[what], err = declared.Hash(file); err != nil {
			return nil, exit.Errorf(exit.Usage, "%s: %w", what, err)
		}
	}
	for _, h := range s.Hosts {
		if h.Recorded != "" {
			run, _ := filepath.EvalSymlinks(h.Recorded) // it was read from there
			method["host "+h.Name] = run
		}
	}
	return method, nil
}

// paths returns, for run.json, which interfaces and routes lead to the declared hosts; nil if none
// is declared. A host without a route is not an error here: what is offloaded to it fails when it
// is opened.
func (s *Selection) paths() (map[string]json.RawMessage, error) {
	type path struct {
		survey.Path
		Error string `json:"error,omitempty"`
	}
	toHosts := map[string]path{}
	for _, h := range s.Hosts {
		if h.Recorded != "" {
			continue
		}
		to, err := survey.PathTo(h.Address)
		p := path{Path: to}
		if err != nil {
			p.Error = err.Error()
		}
		toHosts[h.Name] = p
	}
	if len(toHosts) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(toHosts)
	return map[string]json.RawMessage{"links": raw}, err
}

func gridOf(g *grid.Grid) results.Grid {
	return results.Grid{
		Name: g.Name, Path: g.File, SHA256: fmt.Sprintf("%x", sha256.Sum256(g.Text)), Resolution: float64(g.Resolution),
	}
}

// resume goes on with the run in dir instead of starting one. If that run has no block, it removes
// the folder instead.
func (r *recording) resume(dir string) error {
	w, run, err := results.Resume(dir)
	if err != nil {
		return err
	}
	if len(run.Blocks) == 0 {
		return w.Discard()
	}
	r.part = &results.Part{Started: r.meta.Started.UTC(), Command: r.meta.Command, Before: r.meta.Before}
	r.writer, r.dir, r.recorded, r.planned, r.meta = w, w.Dir(), run.Blocks, run.Ledger.Planned, run.Meta
	r.settings.Seed = run.Meta.Seed
	return nil
}

// open makes the run folder, unless a run is resumed, and the driver.
func (r *recording) open() error {
	var err error
	if r.writer == nil {
		if r.writer, err = results.Create(r.effort.Results, r.meta); err != nil {
			return exit.With(exit.NoData, err)
		}
		r.dir = r.writer.Dir()
		if err := r.writer.Declare(r.declared, r.settings.Least()); err != nil {
			return exit.With(exit.NoData, err)
		}
	}
	r.printNotes()
	if r.log, err = os.OpenFile(filepath.Join(r.dir, "log.txt"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666); err != nil {
		return exit.With(exit.NoData, err)
	}
	r.binary.Log = r.log
	leaveOut := r.meta.LeaveOut()
	r.driver = &rounds.Driver{
		Binary: r.binary, Settings: r.settings, Store: &runStore{r.writer, r.energy, leaveOut, r.part}, Screen: r.screen,
		LeaveOut: leaveOut, Recorded: r.recorded, Planned: r.planned,
	}
	r.recorded = nil // their samples are on disk
	return nil
}

// printNotes prints what the writer has noted about the folder since the last call.
func (r *recording) printNotes() {
	notes := r.writer.Notes()
	for _, note := range notes[r.noted:] {
		fmt.Fprintln(r.terminal.Err, "crossover:", note)
	}
	r.noted = len(notes)
}

// close ends the run, complete or not. It removes a folder in which nothing was measured or failed,
// for instance because the plan was refused.
func (r *recording) close(complete bool, imprecise []results.Imprecise) error {
	r.screen.done()
	r.printNotes()
	after := machine.Read("/")
	var err error
	if ledger := r.writer.Ledger(); !complete && len(ledger.Run) == 0 && len(ledger.Failed) == 0 {
		err = r.writer.Discard()
	} else {
		err = r.writer.Finish(complete, func(m *results.Meta, l *results.Ledger) {
			m.After, l.Imprecise = &after, imprecise
		})
	}
	return exit.With(exit.NoData, errors.Join(err, r.log.Close()))
}
