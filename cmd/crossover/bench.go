package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/report"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

type benchCmd struct {
	selection
	effort
	Count     int           `help:"Rounds: blocks of each combination." default:"10" placeholder:"N"`
	Precision string        `help:"Instead of a fixed count: go on until the 95 % interval of each median is at most this wide." placeholder:"1%"`
	Budget    time.Duration `help:"Refuse a plan that takes longer, probe included; ends a run with --precision. The soak of --sustained is not counted." default:"1h" placeholder:"TIME"`
	Sustained bool          `help:"Heat the machine until its temperature is steady first, and judge throttled samples, too."`
	Out       string        `name:"results" help:"The folder that run folders go to." default:"results" placeholder:"DIR" type:"path"`
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

func (c *benchCmd) Run(e *env) (err error) {
	precision, err := percent(c.Precision)
	if err != nil {
		return exit.Errorf(exit.Usage, "--precision: %w", err)
	}
	if c.Count < 1 || c.Benchtime <= 0 || c.Budget < 0 {
		return exit.Errorf(exit.Usage, "--count %d --benchtime %v --budget %v: want at least one round and times above zero", c.Count, c.Benchtime, c.Budget)
	}
	if err := c.load(); err != nil {
		return err
	}
	r, err := c.record(e, c.effort, c.Out)
	if err != nil {
		return err
	}
	combinations, err := c.combinations(r.about.Cores)
	if err != nil {
		return err
	}
	r.settings.Rounds, r.settings.Budget, r.settings.Precision = c.Count, c.Budget, precision
	r.meta.Sustained = c.Sustained
	r.meta.Method["precision"] = c.Precision
	if c.Resume {
		if err := c.resume(e, r, combinations); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stdout, "Grid %s: %s.\n", c.grid.Name, c.grid.About)
	if precision > 0 {
		within := "without a bound"
		if c.Budget > 0 {
			within = "within " + rounds.Roughly(c.Budget)
		}
		fmt.Fprintf(e.stdout, "Rounds go on where a median is not known to %.2g %% yet, %s.\n", 100*precision, within)
	}
	if err := r.open(e, combinations); err != nil {
		return err
	}
	if c.Sustained {
		// Even where it goes on: what is cold by now must not count as sustained.
		r.driver.Ready = func() error { return r.soak(e) }
	}
	outcome, runErr := r.driver.Run(e, combinations)
	if runErr != nil && e.Err() != nil && len(r.writer.Ledger().Run) > 0 {
		how := "the same command"
		if !c.Resume {
			how += " without --no-resume"
		}
		runErr = fmt.Errorf("%w; what was measured is kept, and %s goes on from there", runErr, how)
	}
	if err := r.close(e, outcome.Finished, outcome.Imprecise); err != nil {
		return errors.Join(runErr, err)
	}
	if len(r.writer.Ledger().Run) > 0 {
		if err := c.table(e, r.dir); err != nil && runErr == nil {
			return err
		}
	}
	if failed := r.writer.Ledger().Failed; len(failed) > 0 && runErr == nil {
		return exit.Errorf(exit.NoData, "%s failed before the run went on, and not measured since; see above", counted(len(failed), "combination"))
	}
	if n := len(outcome.Imprecise); n > 0 && runErr == nil {
		return exit.Errorf(exit.Inconclusive, "%d of %d medians are not known to %.2g %% within the budget", n, len(outcome.Plan.Open), 100*precision)
	}
	return runErr
}

// resume goes on with the newest run that measures the same thing in the same
// way, if it is incomplete. Those without a block give way.
func (c *benchCmd) resume(e *env, r *recording, combinations []grid.Combination) error {
	for r.writer == nil {
		incomplete := false
		dir := results.Newest(c.Out, func(m *results.Meta, l *results.Ledger) bool {
			same := l.Rounds == r.settings.Least() && slices.Equal(l.Declared, combinations) && m.Same(&r.meta)
			incomplete = same && !l.Complete
			return same
		})
		if !incomplete {
			return nil
		}
		if err := r.resume(dir); err != nil {
			return exit.Errorf(exit.NoData, "%w; --no-resume starts a new run", err)
		}
	}
	fmt.Fprintf(e.stdout, "Going on with %s, which was interrupted after %s; --no-resume starts anew.\n", relative(r.dir), counted(len(r.recorded), "block"))
	return nil
}

// table prints what was measured and where it lies.
func (c *benchCmd) table(e *env, dir string) error {
	run, err := results.Open(dir)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	fmt.Fprintln(e.stdout)
	if err := report.Text(e.stdout, run, report.Options{Width: terminalWidth(e.stdout)}); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\nRun: %s (bench.txt for benchstat, samples.csv.gz, run.json)\n", relative(dir))
	return nil
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
