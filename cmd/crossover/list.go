package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
)

type listCmd struct {
	gridFlags
	JSON           bool `help:"Print JSON." name:"json"`
	FixturesNeeded bool `help:"Print only the names of the variants that must be built, one a line."`
}

func (c *listCmd) Help() string {
	return `Lists the combinations of a grid and says which cannot run on this machine, and why.

Examples:
  crossover list --grid thesis
  crossover list --fixtures-needed     what make fixtures has to build for the grid

` + inputHelp
}

type listed struct {
	names.Combination
	Name    string `json:"name"`
	Skipped string `json:"skipped,omitempty"` // why it cannot run here
}

func (c *listCmd) Run(e *env) error {
	s, err := c.sel(c.Grid)
	if err != nil {
		return err
	}
	if c.FixturesNeeded {
		needed, err := s.FixturesNeeded()
		for _, v := range needed {
			fmt.Fprintln(e.stdout, v)
		}
		return err
	}
	combinations, lacking, err := s.Check(e, e.terminal())
	if err != nil {
		return err
	}
	out := make([]listed, len(combinations))
	var reasons []string
	for i, cb := range combinations {
		reason := lacking[cb]
		out[i] = listed{cb, cb.Name(), reason}
		if reason != "" && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	fmt.Fprintf(e.stdout, "Grid %s: %s\n%s\n\n", s.Grid.Name, s.Grid.About, s.GridFile())
	for _, l := range out {
		if l.Skipped == "" {
			fmt.Fprintf(e.stdout, "  %-44s %s\n", s.TitleOf(l.Combination), l.Name)
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(e.stdout, "\nCannot run here: %s\n", reason)
		for _, l := range out {
			if l.Skipped == reason {
				fmt.Fprintf(e.stdout, "  %s\n", s.TitleOf(l.Combination))
			}
		}
	}
	return nil
}
