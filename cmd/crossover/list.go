package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/rounds"
)

type listCmd struct {
	selection
	JSON           bool `help:"Print JSON." name:"json"`
	FixturesNeeded bool `help:"Print only the names of the variants that must be built, one a line."`
}

// Help is the verb's longer help.
func (c *listCmd) Help() string {
	return `Lists the combinations of a grid and says which cannot run on this machine, and why.

Examples:
  crossover list --grid thesis
  crossover list --fixtures-needed     what make fixtures has to build for the grid`
}

// listed is one combination as list prints it.
type listed struct {
	names.Combination
	Name    string `json:"name"`
	Skipped string `json:"skipped,omitempty"` // why it cannot run here
}

func (c *listCmd) Run(e *env) error {
	if err := c.load(); err != nil {
		return err
	}
	if c.FixturesNeeded {
		return c.fixturesNeeded(e)
	}
	path, args, err := c.binary(e)
	if err != nil {
		return err
	}
	log, err := os.CreateTemp("", "crossover-list-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	binary := rounds.Binary{Path: path, Args: append(args, "-grid="+c.grid.File), Dir: c.root + "/suites", Log: log}
	about, err := binary.About(e)
	if err != nil {
		return exit.Errorf(exit.Usage, "%w", err)
	}
	combinations, err := c.combinations(about.Cores)
	if err != nil {
		return err
	}
	skipped, err := binary.Skipped(e, combinations)
	if err != nil {
		return err
	}
	out := make([]listed, len(combinations))
	for i, cb := range combinations {
		out[i] = listed{cb, cb.Name(), skipped[cb]}
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	fmt.Fprintf(e.stdout, "Grid %s: %s\n%s\n\n", c.grid.Name, c.grid.About, relative(c.grid.File))
	for _, l := range out {
		if l.Skipped == "" {
			fmt.Fprintf(e.stdout, "  %-44s %s\n", c.title(l.Combination), l.Name)
		}
	}
	for _, reason := range distinctReasons(out) {
		fmt.Fprintf(e.stdout, "\nCannot run here: %s\n", reason)
		for _, l := range out {
			if l.Skipped == reason {
				fmt.Fprintf(e.stdout, "  %s\n", c.title(l.Combination))
			}
		}
	}
	return nil
}

func distinctReasons(all []listed) []string {
	var out []string
	for _, l := range all {
		if l.Skipped != "" && !slices.Contains(out, l.Skipped) {
			out = append(out, l.Skipped)
		}
	}
	return out
}

// fixturesNeeded prints the variants of the built-in catalog that the grid needs.
func (c *listCmd) fixturesNeeded(e *env) error {
	own := c.grid.Catalog != "" // its variants are not for make fixtures to build
	switch {
	case c.Models != "" || c.grid.Models != "" || own && c.Fixtures != "":
		return nil // the files are there already
	case own:
		return exit.Errorf(exit.Usage, "%s: a grid with a catalog of its own says where the built models are, too: models: FOLDER", c.grid.File)
	}
	combinations, err := c.combinations(runtime.NumCPU())
	if err != nil {
		return err
	}
	var seen []names.Variant
	for _, cb := range combinations {
		if !slices.Contains(seen, cb.Variant) {
			seen = append(seen, cb.Variant)
			fmt.Fprintln(e.stdout, cb.Variant)
		}
	}
	return nil
}
