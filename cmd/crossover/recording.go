package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/link/survey"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// power is from what a run's energy is worked out, for want of a meter.
type power struct {
	Device string `help:"Profile of the device whose energy is modelled; none for no energy." default:"generic" placeholder:"NAME"`
	Idle   string `help:"How the device waits for a host: one of the profile's idle modes (default: its first)." placeholder:"NAME"`
}

// model returns the energy model, nil for none.
func (p power) model(set *profiles.Set) (*energy.Model, error) {
	if p.Device == "none" {
		return nil, nil
	}
	idle := p.Idle
	if idle == "" {
		d, err := set.Device(p.Device)
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "--device: %w", err)
		}
		idle = d.Idle[0].Name
	}
	m, err := energy.NewModel(set, p.Device, idle)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--device %s --idle %s: %w", p.Device, idle, err)
	}
	return m, nil
}

// A keeper is the run folder, with each block's modelled energy put in.
type keeper struct {
	*results.Writer
	model    *energy.Model // nil for no energy
	leaveOut results.Mark
	part     *results.Part // that the first block begins; nil for none
}

// AppendBlock works out the block's energy from its mean latency and keeps it.
func (k *keeper) AppendBlock(b results.Block) error {
	if k.part != nil {
		if err := k.Update(func(m *results.Meta, _ *results.Ledger) { m.Resumed = append(m.Resumed, *k.part) }); err != nil {
			return err
		}
		k.part = nil
	}
	if kept := b.Judged(k.leaveOut); k.model != nil && len(kept) > 0 {
		var total time.Duration
		for _, s := range kept {
			total += s.Total
		}
		last := kept[len(kept)-1]
		e, err := k.model.Inference(b.Combination, model.SecondsOf(total/time.Duration(len(kept))), model.Bytes(last.Sent), model.Bytes(last.Received))
		if err != nil {
			return err
		}
		b.Energy = &results.Energy{Joules: float64(e.Joules), Origin: string(e.Origin), Missing: e.Missing}
	}
	return k.Writer.AppendBlock(b)
}

// effort is what the verbs that measure have in common.
type effort struct {
	power
	Benchtime time.Duration `help:"Steady time of a block (${default})." default:"500ms" placeholder:"TIME"`
	Seed      uint64        `help:"Seed of the order within the rounds (default: drawn)." placeholder:"N"`
}

// A recording is a run in the making: the test binary, the driver that calls it,
// and the folder that keeps what it sends.
type recording struct {
	binary   rounds.Binary
	about    *rounds.About
	meta     results.Meta
	settings rounds.Settings
	results  string        // the folder of run folders
	energy   *energy.Model // nil for no energy
	screen   *screen
	// variantTitle names a variant for people.
	variantTitle func(name string) string

	dir      string // the run folder, once open
	writer   *results.Writer
	recorded []results.Block // of an interrupted run that this one goes on with
	planned  []results.Planned
	part     *results.Part // of such a run; nil for a new one
	noted    int           // notes of the writer that were printed
	driver   *rounds.Driver
	log      *os.File
}

// record readies a recording of what g names.
func (p *places) record(e *env, g results.Grid, effort effort, out string, args ...string) (*recording, error) {
	modelled, err := effort.model(p.declared.Profiles)
	if err != nil {
		return nil, err
	}
	path, own, err := p.binary(e)
	if err != nil {
		return nil, err
	}
	r := &recording{
		binary:  rounds.Binary{Path: path, Args: append(own, args...), Dir: filepath.Join(p.root, "suites")},
		results: out, energy: modelled, screen: newScreen(e.stdout, p.title), variantTitle: p.variantTitle,
	}
	if r.about, err = r.binary.About(e); err != nil {
		return nil, exit.Errorf(exit.Usage, "%w", err)
	}
	given := "" // a drawn seed may be another when the run goes on
	if effort.Seed != 0 {
		given = fmt.Sprint(effort.Seed)
	} else {
		effort.Seed = rand.Uint64()>>12 + 1 // a person can type it, and JSON keeps it exactly
	}
	before := machine.Read("/")
	config := map[string]string{"machine": before.Fingerprint().String(), "cpu": before.CPU, "interleaved": "yes"}
	maps.Copy(config, r.about.Config)
	if modelled != nil {
		config["meter"] = "none, modelled for device " + modelled.Device.Name + ", idle " + modelled.Idle.Name
	}
	paths, err := p.paths()
	if err != nil {
		return nil, err
	}
	method := map[string]string{
		"block": effort.Benchtime.String(), "flags": strings.Join(r.binary.Args, " "), "seed": given,
	}
	for what, file := range map[string]string{"suites": path, "hosts": p.Hosts, "profiles": p.Profiles} {
		if file == "" {
			continue
		}
		if method[what], err = declared.Hash(file); err != nil {
			return nil, exit.Errorf(exit.Usage, "%s: %w", what, err)
		}
	}
	for _, h := range p.declared.Hosts {
		if h.Recorded != "" {
			run, _ := filepath.EvalSymlinks(h.Recorded) // it was read from there
			method["host "+h.Name] = run
		}
	}
	r.settings = rounds.Settings{Block: effort.Benchtime, Seed: effort.Seed}
	r.meta = results.Meta{
		Started: time.Now(), Command: os.Args, Commit: commit(e, p.root), Seed: effort.Seed, Grid: g,
		Procs: r.about.Procs, Config: config, Versions: r.about.Versions, Hashes: r.about.Hashes, Before: &before,
		Method: method, Extra: paths,
	}
	return r, nil
}

// paths returns, for run.json, what the real links to the declared hosts run
// over; nil where none is declared. A host that no way leads to costs what is
// offloaded to it, and says so when it is opened.
func (p *places) paths() (map[string]json.RawMessage, error) {
	type path struct {
		survey.Path
		Error string `json:"error,omitempty"`
	}
	real := map[string]path{}
	for _, h := range p.declared.Hosts {
		if h.Recorded != "" {
			continue
		}
		to, err := survey.PathTo(h.Address)
		real[h.Name] = path{to, errorText(err)}
	}
	if len(real) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(real)
	return map[string]json.RawMessage{"links": raw}, err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// record readies a recording of the selected grid.
func (s *selection) record(e *env, effort effort, out string) (*recording, error) {
	sum, err := declared.Hash(s.grid.File)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "%w", err)
	}
	g := results.Grid{Name: s.grid.Name, Path: s.grid.File, SHA256: sum}
	return s.places.record(e, g, effort, out, "-grid="+s.grid.File)
}

// resume goes on with the run in dir instead of starting one; a run without a
// block makes room.
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

// open makes the run folder, unless it is there already, and the driver.
func (r *recording) open(e *env, declared []grid.Combination) error {
	var err error
	if r.writer == nil {
		r.meta.Titles = map[string]string{}
		for _, c := range declared {
			r.meta.Titles[string(c.Variant)] = r.variantTitle(string(c.Variant))
		}
		if r.writer, err = results.Create(r.results, r.meta); err != nil {
			return exit.Errorf(exit.NoData, "%w", err)
		}
		r.dir = r.writer.Dir()
		if err := r.writer.Declare(declared, r.settings.Least()); err != nil {
			return exit.Errorf(exit.NoData, "%w", err)
		}
	}
	r.printNotes(e)
	if r.log, err = os.OpenFile(filepath.Join(r.dir, "log.txt"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666); err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	r.binary.Log = r.log
	r.driver = &rounds.Driver{
		Binary: r.binary, Settings: r.settings, Keep: &keeper{r.writer, r.energy, r.meta.LeaveOut(), r.part}, Screen: r.screen,
		LeaveOut: r.meta.LeaveOut(), Recorded: r.recorded, Planned: r.planned,
	}
	r.recorded = nil // their samples are on disk
	return nil
}

// printNotes prints what the writer has noted about the folder since the last
// call.
func (r *recording) printNotes(e *env) {
	notes := r.writer.Notes()
	for _, note := range notes[r.noted:] {
		fmt.Fprintln(e.stderr, "crossover:", note)
	}
	r.noted = len(notes)
}

// soak heats the machine until its temperature is steady.
func (r *recording) soak(e *env) error {
	probe, err := machine.NewProbe("/")
	if err != nil {
		return exit.Errorf(exit.Usage, "--sustained: %w", err)
	}
	defer probe.Close()
	r.screen.line("Heating the machine until its temperature is steady.")
	start := time.Now()
	soak, err := machine.SoakUntilSteady(e, machine.SoakConfig{
		Work: heat(r.about.Cores), Clock: func() time.Duration { return time.Since(start) },
		Thermometer: machine.Thermometer("/"), Throttling: machine.Throttling(probe),
	})
	if e.Err() != nil {
		return exit.Errorf(exit.NoData, "interrupted while the machine was heated")
	} else if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	r.screen.line("Soaked for %s: %s.", rounds.Roughly(soak.Time), soak.Reason)
	if soak.Throttled != nil {
		r.screen.line("The machine began to throttle after %s.", rounds.Roughly(*soak.Throttled))
	}
	if err := r.writer.Update(func(m *results.Meta, _ *results.Ledger) { m.Soak = &soak }); err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	return nil
}

// heat returns work that keeps every core busy for a tenth of a second.
func heat(cores int) func(context.Context) error {
	return func(ctx context.Context) error {
		done := make(chan error, cores)
		for range cores {
			go func() {
				work := machine.NewCalibration()
				for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end) && ctx.Err() == nil; {
					if err := work(); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		var errs []error
		for range cores {
			errs = append(errs, <-done)
		}
		return errors.Join(errs...)
	}
}

// close ends the run in good order, complete or not. A folder without anything to
// tell, of a plan that was refused, say, goes.
func (r *recording) close(e *env, complete bool, imprecise []results.Imprecise) error {
	r.screen.done()
	r.printNotes(e)
	after := machine.Read("/")
	if !complete && len(r.writer.Ledger().Run) == 0 && len(r.writer.Ledger().Failed) == 0 {
		if err := errors.Join(r.log.Close(), r.writer.Discard()); err != nil {
			return exit.Errorf(exit.NoData, "%w", err)
		}
		return nil
	}
	err := r.writer.Finish(complete, func(m *results.Meta, l *results.Ledger) { m.After, l.Imprecise = &after, imprecise })
	if err = errors.Join(err, r.log.Close()); err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	return nil
}
