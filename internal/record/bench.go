package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/report"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/internal/sheet"
)

// Bench says how crossover bench measures a grid.
type Bench struct {
	Effort
	Rounds    int
	Precision Percent       // instead of a fixed number of rounds; 0 for none
	Budget    time.Duration // see rounds.Settings
	Sustained bool          // heat the machine first, and judge throttled samples as well
	Resume    bool          // go on with the newest run if it is incomplete and measured the same
}

// Bench measures the selected grid, keeps the run and prints its table.
func (s *Selection) Bench(ctx context.Context, t Terminal, b Bench) error {
	combinations, err := s.Combinations(runtime.NumCPU())
	if err != nil {
		return err
	}
	r, err := s.begin(ctx, t, b.Effort, gridOf(s.Grid), combinations, false)
	if err != nil {
		return err
	}
	r.settings.Rounds, r.settings.Budget, r.settings.Precision = b.Rounds, b.Budget, b.Precision.Share
	r.meta.Sustained = b.Sustained
	r.meta.Method["precision"] = b.Precision.text
	if b.Resume {
		if err := r.resumeNewest(); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.Out, "%s.\n", s.About())
	if b.Precision.Share > 0 {
		within := "without a bound"
		if b.Budget > 0 {
			within = "within " + rounds.Roughly(b.Budget)
		}
		fmt.Fprintf(t.Out, "Rounds go on where a median is not known to %v yet, %s.\n", b.Precision, within)
	}
	if err := r.open(); err != nil {
		return err
	}
	if b.Sustained {
		// Also when a run is resumed: a machine that is cold by now is not sustained.
		r.driver.Ready = func() error { return r.soak(ctx) }
	}
	ending, runErr := r.driver.Run(ctx, combinations)
	if runErr != nil && ctx.Err() != nil && len(r.writer.Ledger().Run) > 0 {
		how := "the same command"
		if !b.Resume {
			how += " without --no-resume"
		}
		runErr = fmt.Errorf("%w; what was measured is kept, and %s goes on from there", runErr, how)
	}
	if err := r.close(ending.Finished, ending.Imprecise); err != nil {
		return errors.Join(runErr, err)
	}
	if len(r.writer.Ledger().Run) > 0 {
		runErr = cmp.Or(runErr, r.printTable())
	}
	fmt.Fprint(t.Out, ownShare(s.Own, r.writer.Ledger()))
	if runErr != nil {
		return runErr
	}
	if failed := r.writer.Ledger().Failed; len(failed) > 0 {
		return exit.Errorf(exit.NoData, "%s failed before the run was resumed, and not measured since; see above",
			sheet.Count(len(failed), "combination"))
	}
	if n := len(ending.Imprecise); n > 0 {
		return exit.Errorf(exit.Inconclusive, "%d of %d medians are not known to %v within the budget",
			n, len(ending.Plan.Open), b.Precision)
	}
	return nil
}

// ownShare says how many of the user's own files ran, each in at least one place and without a
// failure in any; "" without such files.
func ownShare(own []fixtures.Variant, l results.Ledger) string {
	if len(own) == 0 {
		return ""
	}
	var refused []string
	for _, v := range own {
		ran := slices.ContainsFunc(l.Run, func(t results.Tally) bool { return t.Combination.Variant == v.Name })
		failed := slices.ContainsFunc(l.Failed, func(o results.Outcome) bool { return o.Combination.Variant == v.Name })
		if !ran || failed {
			refused = append(refused, v.Title)
		}
	}
	text := fmt.Sprintf("Own files that run: %d of %d", len(own)-len(refused), len(own))
	if refused != nil {
		text += "; not " + strings.Join(refused, ", ")
	}
	return text + ".\n"
}

// resumeNewest goes on with the newest run that measures the same thing in the same way, if it is
// incomplete. Incomplete ones without a block are removed.
func (r *recording) resumeNewest() error {
	for r.writer == nil {
		incomplete := false
		dir := results.Newest(r.effort.Results, func(m *results.Meta, l *results.Ledger) bool {
			same := l.Rounds == r.settings.Least() && slices.Equal(l.Declared, r.declared) && m.Same(&r.meta)
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
	fmt.Fprintf(r.terminal.Out, "Resuming %s, which was interrupted after %s; --no-resume starts a new run.\n",
		relative(r.dir), sheet.Count(len(r.recorded), "block"))
	return nil
}

func (r *recording) printTable() error {
	run, err := results.Open(r.dir)
	if err != nil {
		return exit.With(exit.NoData, err)
	}
	out := r.terminal.Out
	fmt.Fprintln(out)
	if err := report.Text(out, run, report.Options{Width: TerminalWidth(out)}); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nRun: %s (bench.txt for benchstat, samples.csv.gz, run.json)\n", relative(r.dir))
	return nil
}

// relative shortens a path below the working directory, for people to read.
func relative(path string) string {
	wd, _ := os.Getwd() // nothing is below an empty path
	if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
