package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/record"
	"github.com/crossover-bench/crossover/internal/report"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

type showCmd struct {
	Folder       string `arg:"" optional:"" name:"run" type:"path" default:"results/latest" help:"Run (${default})."`
	Format       string `enum:"text,json,csv,markdown" default:"text" help:"text, json, csv or markdown."`
	Distribution string `placeholder:"COMBINATION" help:"Histograms of latencies: a name, a part of it, or all."`
}

func (c *showCmd) Help() string {
	return `Examples:
  crossover show                                  the newest run's table
  crossover show results/20261124T120000Z --format json
  crossover show --distribution backend=cpu1      how latencies are distributed`
}

// Run prints the run. A run that holds no block is no data.
func (c *showCmd) Run(e *env) error {
	run, err := results.Open(c.Folder)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	o := report.Options{Width: record.TerminalWidth(e.stdout)}
	if c.Distribution != "" {
		if c.Format != "text" {
			return exit.Errorf(exit.Usage,
				"--distribution prints only text; --format csv and json have the figures, samples.csv.gz the samples")
		}
		return c.distributions(e, run, o)
	}
	switch c.Format {
	case "json":
		err = report.JSON(e.stdout, run)
	case "csv":
		err = report.CSV(e.stdout, run)
	case "markdown":
		err = report.Markdown(e.stdout, run)
	default:
		err = report.Text(e.stdout, run, o)
	}
	if err == nil && len(run.Blocks) == 0 {
		err = exit.Errorf(exit.NoData, "%s: the run holds no block: nothing was measured", c.Folder)
	}
	return err
}

// distributions prints that of each combination whose name holds the text asked for.
func (c *showCmd) distributions(e *env, run *results.Run, o report.Options) error {
	summaries := summary.Summarize(run)
	shown := slices.DeleteFunc(slices.Clone(summaries), func(s summary.Summary) bool {
		return c.Distribution != "all" && !strings.Contains(s.Combination.Name(), c.Distribution)
	})
	for i, s := range shown {
		if i > 0 {
			fmt.Fprintln(e.stdout)
		}
		if err := report.Distribution(e.stdout, run, s, o); err != nil {
			return err
		}
	}
	if len(shown) == 0 {
		var names strings.Builder
		for _, s := range summaries {
			names.WriteString("\n  " + s.Combination.Name())
		}
		return exit.Errorf(exit.NoData, "no combination of %s has %q in its name; it holds:%s",
			c.Folder, c.Distribution, names.String())
	}
	return nil
}
