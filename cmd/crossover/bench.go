package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/report"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

type benchCmd struct {
	selection
	Count     int           `help:"Rounds: blocks of each combination." default:"10" placeholder:"N"`
	Benchtime time.Duration `help:"Steady time of a block." default:"500ms" placeholder:"TIME"`
	Precision string        `help:"Instead of a fixed count: go on until the 95 % interval of each median is at most this wide." placeholder:"1%"`
	Budget    time.Duration `help:"Refuse a plan that takes longer; ends a run with --precision." default:"1h" placeholder:"TIME"`
	Seed      uint64        `help:"Seed of the order within the rounds (default: drawn)." placeholder:"N"`
	Results   string        `help:"Where run folders go." default:"results" placeholder:"DIR" type:"path"`
	Resume    bool          `help:"Go on with the newest run when it is incomplete and measured the same; --no-resume starts anew." default:"true" negatable:""`
}

// Help is the verb's longer help.
func (c *benchCmd) Help() string {
	return `Examples:
  crossover bench                                 the quick grid, ten rounds
  crossover bench --grid thesis --budget 30m      the study's grid, refused above half an hour
  crossover bench --models ~/my/models            your own .tflite files
  crossover bench --precision 2% --budget 5m      as many rounds as each median needs`
}

func (c *benchCmd) Run(e *env) error {
	run, err := c.start(e)
	if err != nil {
		return err
	}
	return run.measure(e)
}

// A benchRun is one run of bench, ready to measure.
type benchRun struct {
	cmd          *benchCmd
	precision    float64
	binary       rounds.Binary
	about        *rounds.About
	combinations []grid.Combination
	writer       *results.Writer
	recorded     []results.Block
}

// start checks what the user asked for and readies the run folder.
func (c *benchCmd) start(e *env) (*benchRun, error) {
	r := &benchRun{cmd: c}
	var err error
	if r.precision, err = percent(c.Precision); err != nil {
		return nil, exit.Errorf(exit.Usage, "--precision: %w", err)
	}
	if c.Count < 1 || c.Benchtime <= 0 {
		return nil, exit.Errorf(exit.Usage, "--count %d --benchtime %v: want at least one round and a time above zero", c.Count, c.Benchtime)
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	path, args, err := c.binary(e)
	if err != nil {
		return nil, err
	}
	r.binary = rounds.Binary{Path: path, Args: args, Dir: filepath.Join(c.root, "suites")}
	if r.about, err = r.binary.About(e); err != nil {
		return nil, exit.Errorf(exit.Usage, "%w", err)
	}
	if r.combinations, err = c.selection.combinations(r.about.Cores); err != nil {
		return nil, err
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()>>12 + 1 // a person can type it, and JSON keeps it exactly
	}
	meta, err := r.meta(e)
	if err != nil {
		return nil, err
	}
	if c.Resume {
		if err := r.resume(e, meta); err != nil {
			return nil, err
		}
	}
	if r.writer == nil {
		if r.writer, err = results.Create(c.Results, meta); err != nil {
			return nil, exit.Errorf(exit.NoData, "%w", err)
		}
		if err := r.writer.Declare(r.combinations, c.Count); err != nil {
			return nil, exit.Errorf(exit.NoData, "%w", err)
		}
	}
	for _, note := range r.writer.Notes() {
		fmt.Fprintln(e.stderr, "crossover:", note)
	}
	return r, nil
}

// meta gathers what the run says about itself.
func (r *benchRun) meta(e *env) (results.Meta, error) {
	before := machine.Read("/")
	config := map[string]string{
		"machine": before.Fingerprint().String(), "cpu": before.CPU, "interleaved": "yes",
	}
	for k, v := range r.about.Config {
		config[k] = v
	}
	text, err := os.ReadFile(r.cmd.grid.File)
	if err != nil {
		return results.Meta{}, err
	}
	sum := sha256.Sum256(text)
	return results.Meta{
		Started: time.Now(), Command: os.Args, Commit: commit(e, r.cmd.root), Seed: r.cmd.Seed,
		Grid:  results.Grid{Name: r.cmd.grid.Name, Path: r.cmd.grid.File, SHA256: hex.EncodeToString(sum[:])},
		Procs: r.about.Procs, Config: config, Versions: r.about.Versions, Hashes: r.about.Hashes, Before: &before,
	}, nil
}

// resume goes on with the newest run when that is what the user would want: it
// is incomplete, and measured the same thing in the same way.
func (r *benchRun) resume(e *env, meta results.Meta) error {
	latest := filepath.Join(r.cmd.Results, "latest")
	old, err := results.Open(latest)
	if err != nil || old.Ledger.Complete || old.Meta.Grid != meta.Grid || old.Meta.Commit != meta.Commit || old.Ledger.Rounds != r.cmd.Count {
		return nil // a new run then, whatever is wrong with the old one
	}
	if !slices.Equal(old.Ledger.Declared, r.combinations) || !sameConfig(old.Meta.Config, meta.Config) {
		return nil
	}
	w, run, err := results.Resume(latest)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w; --no-resume starts a new run", err)
	}
	r.writer, r.recorded, r.cmd.Seed = w, run.Blocks, run.Meta.Seed
	fmt.Fprintf(e.stdout, "Going on with %s, which was interrupted after %d blocks; --no-resume starts anew.\n", run.Dir, len(run.Blocks))
	return nil
}

func sameConfig(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// measure runs the rounds, ends the run folder in good order whatever happened,
// and prints the table of what was measured.
func (r *benchRun) measure(e *env) (err error) {
	log, err := os.OpenFile(filepath.Join(r.writer.Dir(), "log.txt"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	defer log.Close()
	r.binary.Log = log

	screen := newScreen(e.stdout, r.cmd.title)
	driver := &rounds.Driver{
		Binary: r.binary,
		Settings: rounds.Settings{
			Rounds: r.cmd.Count, Block: r.cmd.Benchtime, Seed: r.cmd.Seed, Budget: r.cmd.Budget, Precision: r.precision,
		},
		Keep: r.writer, Screen: screen, Width: widthOfMedian,
	}
	for i := range r.recorded {
		driver.Recorded = append(driver.Recorded, &r.recorded[i])
	}
	fmt.Fprintf(e.stdout, "Grid %s: %s.\n", r.cmd.grid.Name, r.cmd.grid.About)
	outcome, runErr := driver.Run(e, r.combinations)
	screen.done()

	after := machine.Read("/")
	// A run that lost a combination to a crash is over all the same: measuring it
	// again would lose it again. One that was interrupted is not.
	complete := runErr == nil || len(outcome.Failed) > 0 && e.Err() == nil
	if err := r.writer.Finish(complete, func(m *results.Meta) { m.Ended, m.After = time.Now().UTC(), &after }); err != nil {
		return errors.Join(runErr, exit.Errorf(exit.NoData, "%w", err))
	}
	if err := r.table(e, outcome); err != nil && runErr == nil {
		return err
	}
	return runErr
}

// table prints what was measured and where it lies.
func (r *benchRun) table(e *env, outcome *rounds.Outcome) error {
	run, err := results.Open(r.writer.Dir())
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	if len(run.Blocks) == 0 {
		return nil
	}
	fmt.Fprintln(e.stdout)
	if err := report.Text(e.stdout, run, report.Options{Width: terminalWidth(e.stdout)}); err != nil {
		return err
	}
	for _, i := range outcome.Imprecise {
		reached := "no interval yet"
		if !math.IsInf(i.Reached, 1) {
			reached = fmt.Sprintf("%.2g %%", 100*i.Reached)
		}
		fmt.Fprintf(e.stdout, "not precise enough within the budget: %s: %s, wanted %.2g %%\n", r.cmd.title(i.Combination), reached, 100*r.precision)
	}
	fmt.Fprintf(e.stdout, "\nRun: %s (bench.txt for benchstat, samples.csv.gz, run.json)\n", relative(run.Dir))
	return nil
}

// widthOfMedian returns the width of the median's 95 % interval over a
// combination's blocks, relative to the median.
func widthOfMedian(blocks []*results.Block) float64 {
	flat := make([]results.Block, len(blocks))
	for i, b := range blocks {
		flat[i] = *b
	}
	for _, s := range results.SummarizeBlocks(flat, nil, ^results.Mark(0)) {
		return s.Width()
	}
	return math.Inf(1)
}

// relative shortens a path for a person who stands above it.
func relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

// percent parses "1%" or "0.5 %" into a fraction; empty is 0.
func percent(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(p > 0 && p < 100) {
		return 0, fmt.Errorf("want a percentage such as 1%%, got %q", s)
	}
	return p / 100, nil
}
