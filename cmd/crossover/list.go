package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/crossover-bench/crossover/internal/names"
)

type listCmd struct {
	gridFlags
	JSON           bool `help:"Print JSON." name:"json"`
	FixturesNeeded bool `help:"Print only the names of the variants that must be built, one a line."`
}

func (c *listCmd) Help() string {
	return `Lists the combinations of a grid and says which bench would skip, and why.

Examples:
  crossover list --grid thesis
  crossover list --fixtures-needed     what make fixtures has to build for the grid

` + inputHelp
}

type listed struct {
	names.Combination
	Name    string `json:"name"`
	Skipped string `json:"skipped,omitempty"` // why bench would skip it
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
	fmt.Fprintf(e.stdout, "%s\n%s\n\n", s.About(), s.GridFile())
	columns := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, l := range out {
		if l.Skipped == "" {
			fmt.Fprintf(columns, "  %s\t%s\n", s.TitleOf(l.Combination), l.Name)
		}
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, reason := range reasons {
		fmt.Fprintf(e.stdout, "\nSkipped: %s\n", reason)
		for _, l := range out {
			if l.Skipped == reason {
				fmt.Fprintf(e.stdout, "  %s\n", s.TitleOf(l.Combination))
			}
		}
	}
	return nil
}
