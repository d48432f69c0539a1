package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
	"github.com/crossover-bench/crossover/internal/results"
)

type acceptCmd struct {
	inputFlags
	effortFlags
	Features  string        `default:"features/quick" placeholder:"DIR" help:"Folder, file or FILE:LINE (${default})."`
	Results   string        `placeholder:"RUN" help:"Judge a recorded run instead of measuring one."`
	Tags      string        `placeholder:"EXPRESSION" help:"Only scenarios with these tags: \"@quick && ~@slow\"."`
	Require   []string      `placeholder:"BACKEND" help:"Backends whose absence is a failure, such as npu."`
	Budget    time.Duration `default:"10m" help:"Begin no further rounds after this (${default})."`
	Rounds    int           `default:"8" help:"Rounds before the first look (${default})."`
	Benchtime time.Duration `default:"125ms" placeholder:"TIME" help:"Steady time of a block (${default}), or longer."`
	Format    []string      `default:"pretty" placeholder:"FORMAT[:FILE]" help:"pretty, junit or cucumber."`
}

func (c *acceptCmd) Help() string {
	return `Judges acceptance specs written in Gherkin; features/STEPS.md lists their
sentences. Three answers: pass, fail, inconclusive with how much more would tell.

  crossover accept                                     measure features/quick and judge it
  crossover accept --results results/latest            judge the newest run again
  crossover accept --features mine --models mine       your own features and .tflite files
  crossover accept --features features/study --results RUN   the study's claims
  crossover accept --format pretty,junit:accept.xml,cucumber:accept.json

--features is a folder of .feature files, one such file, or one scenario as FILE:LINE.
If it is not on disk, it is one of the built-in ones, features/quick,
features/study or features/product.
Backends that --require does not name are skipped if absent. While something is
inconclusive, further rounds follow if they end within --budget, which counts from the
start of the first; 0 looks once. Eight looks share the error. Recorded hosts of a
hosts.yaml beside the features are computed for --results. Each --format goes to the
screen, or to :FILE.

Exit codes: 0 all passed; 2 a sentence or flag is wrong; 3 a limit or a claim
failed; 5 nothing to judge, or what a scenario needs is missing or cannot
support it; 6 inconclusive; 7 the machine was too busy. Scenarios tagged @study never
count.

` + inputHelp
}

func (c *acceptCmd) Run(e *env) (err error) {
	writers, err := c.formats(e.stdout)
	if err != nil {
		return err
	}
	if c.Rounds < 1 || c.Budget < 0 {
		return exit.Errorf(exit.Usage, "--rounds wants 1 or more, --budget no less than 0")
	}
	selected, err := c.sel("")
	if err != nil {
		return err
	}
	o := accept.Options{Rounds: c.Rounds, Budget: c.Budget}
	words := steps.Vocabulary{
		Variants: steps.Variants(selected.Catalog, selected.Own), Profiles: selected.Profiles, Cores: runtime.NumCPU(),
	}
	var run *results.Run
	if c.Results != "" {
		if run, o.Data, err = recorded(c.Results); err != nil {
			return err
		}
		words.Variants = o.Data.Variants(words.Variants)
	}
	if o.Features, err = steps.Read(c.Features, c.Tags, words); err != nil {
		return err
	}
	if o.Require, err = required(c.Require, o.Features); err != nil {
		return err
	}
	if run != nil && o.Features.Wrong() == nil {
		if o.Data, err = c.withRecordedHosts(run, o.Features, selected); err != nil {
			return err
		}
	}
	if run == nil && o.Features.Wrong() == nil {
		m := selected.Measurer(e.terminal(), c.effort(c.Benchtime), o.Features)
		o.Measurer = m
		defer func() { err = cmp.Or(err, m.Close()) }()
	}
	report, err := accept.Run(e, o)
	if err != nil {
		return err
	}
	for _, write := range writers {
		if err := write(report); err != nil {
			return err
		}
	}
	return verdict(report)
}

// required reads --require. A backend that no scenario needs would never be missed.
func required(words []string, f *accept.Features) ([]names.Backend, error) {
	var out []names.Backend
	var needed []string
	for _, c := range f.Needs() {
		needed = append(needed, string(c.Backend))
	}
	slices.Sort(needed)
	needed = slices.Compact(needed)
	for _, word := range words {
		b, err := names.ParseBackend(word)
		if err == nil && f.Wrong() == nil && !slices.Contains(needed, word) {
			err = fmt.Errorf("no scenario of %s needs %s; they need %s", f.Root, b, strings.Join(needed, ", "))
		}
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "--require: %w", err)
		}
		out = append(out, b)
	}
	return out, nil
}

func verdict(r *accept.Report) error {
	v, _ := r.Summary()
	switch code := r.Code(); code {
	case exit.OK:
		return nil
	case exit.Usage:
		return exit.Errorf(code, "a sentence of the features is wrong; nothing was judged")
	case exit.Threshold:
		return exit.Errorf(code, "%d of %d scenarios failed", v[accept.Fail], len(r.Scenarios))
	case exit.Inconclusive:
		return exit.Errorf(code, "%d of %d scenarios are inconclusive; raise --budget, or move limits out of the noise",
			v[accept.Inconclusive], len(r.Scenarios))
	case exit.Unfit:
		return exit.Errorf(code,
			"the machine was too busy: every sample is marked as disturbed; crossover doctor says by what")
	default:
		return exit.Errorf(code, "scenarios lack what they need to be judged; nothing of it counts as passed")
	}
}

// recorded opens a run to judge. One that did not come to its end is refused: what it lacks may be
// what would have failed.
func recorded(dir string) (*results.Run, *accept.Data, error) {
	run, err := results.Open(dir)
	if err != nil {
		return nil, nil, exit.Errorf(exit.NoData, "--results: %w", err)
	}
	if len(run.Blocks) > 0 && (!run.Ledger.Complete || len(run.Notes) > 0) {
		why := strings.Join(append([]string{"it did not come to its planned end"}, run.Notes...), "; ")
		advice := "measure again"
		if run.Meta.Grid.Name != record.AcceptGrid {
			advice = "complete it with the command that began it, or " + advice
		}
		return nil, nil, exit.Errorf(exit.NoData, "--results: %s is not complete: %s; %s", dir, why, advice)
	}
	data, err := accept.FromRun(dir, run)
	if err != nil {
		return nil, nil, exit.Errorf(exit.NoData, "--results: %w", err)
	}
	return run, data, nil
}

// formats reads --format and refuses what cannot be written before anything is measured. It returns
// what writes each format.
func (c *acceptCmd) formats(screen io.Writer) ([]func(*accept.Report) error, error) {
	kinds := map[string]func(*accept.Report, io.Writer) error{
		"pretty": (*accept.Report).Pretty, "junit": (*accept.Report).JUnit, "cucumber": (*accept.Report).Cucumber,
	}
	var out []func(*accept.Report) error
	for _, f := range c.Format {
		kind, file, toFile := strings.Cut(f, ":")
		format, ok := kinds[kind]
		if !ok || toFile && file == "" {
			return nil, exit.Errorf(exit.Usage, "--format %s: want pretty, junit or cucumber, each with :FILE or without", f)
		}
		if info, err := os.Stat(filepath.Dir(file)); toFile && (err != nil || !info.IsDir()) {
			return nil, exit.Errorf(exit.Usage, "--format %s: there is no folder %s", f, filepath.Dir(file))
		}
		out = append(out, func(r *accept.Report) error {
			if !toFile {
				return format(r, screen)
			}
			var text bytes.Buffer
			if err := format(r, &text); err != nil {
				return err
			}
			return os.WriteFile(file, text.Bytes(), 0o666)
		})
	}
	return out, nil
}
