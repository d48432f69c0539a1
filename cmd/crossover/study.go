package main

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/internal/study"
)

type studyCmd struct {
	Profiles string `type:"path" placeholder:"FILE" help:"Links and devices laid over the built-in ones."`
	JSON     bool   `name:"json" help:"Print JSON in SI base units."`
	// Synthetic writes instead of printing.
	Synthetic string `type:"path" placeholder:"DIR" help:"Write synthetic runs near these tables."`
}

func (studyCmd) Help() string {
	return `Prints the threshold and layer-fit tables of Frennborn and Oliv, "Neural Networks,
Edge Computing or Offloading" (Chalmers, 2022), beside the cost model's figures, and where the
print contradicts itself. The tables do not have the study's execution times on its hosts:
the figures are those that do not need them, and the execution times that the tables imply
are named as such. Each host stands behind two rows. If no execution time fits both, a
note says so: with --profiles, try another reading of the links ethernet-tables and
radio-tables.

--synthetic writes two runs that no machine measured: invented execution times of the
device and of the study's hosts, from which the printed tables follow.

Examples:

    crossover study
    crossover study --json
    crossover study --synthetic near
    crossover accept --features features/study --results near/device/latest --hosts near/hosts.yaml`
}

func (c *studyCmd) Run(e *env) error {
	if c.Synthetic != "" {
		if err := study.WriteSynthetic(c.Synthetic); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "wrote %s: synthetic, no machine measured it\n", c.Synthetic)
		return nil
	}
	declared, err := declared.Read(declared.Files{Profiles: c.Profiles})
	if err != nil {
		return err
	}
	answer, err := study.Compare(declared.Profiles)
	if err != nil {
		return err
	}
	return sheet.Print(e.stdout, answer, c.JSON)
}
