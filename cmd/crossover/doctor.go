package main

import (
	"os"
	"time"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/doctor"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/record"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/internal/sheet"
)

type doctorCmd struct {
	JSON     bool          `name:"json" help:"Print everything as JSON, in SI base units."`
	NoNoise  bool          `help:"Leave the A/A run out."`
	Suites   string        `type:"path" placeholder:"FILE" help:"The suites' test binary, for an A/A run of a network."`
	Pairs    int           `default:"40" help:"Pairs of blocks of the A/A run."`
	Block    time.Duration `default:"50ms" help:"Length of such a block."`
	Watch    time.Duration `default:"1s" help:"How long to look for foreign load, steal time and throttling."`
	Hosts    string        `type:"path" placeholder:"FILE" help:"Look at the real links to these declared hosts, too."`
	NoiseDir string        `type:"path" placeholder:"DIR" help:"Where noise floors are kept."`
	Root     string        `hidden:"" default:"/" help:"Where /proc and /sys are."`
}

func (doctorCmd) Help() string {
	return `The A/A run compares pairs of blocks of the same work: of a built-in kernel, or with
--suites of the committed tiny network, in rounds as bench measures them. Its noise floor
is compared with the last one and kept, in crossover/noise in the user's cache folder
unless --noise-dir names another.

Examples:
  crossover doctor --no-noise --json              the machine's state only, for a program
  crossover doctor --hosts hosts.yaml             the links to the declared hosts, too`
}

// Run examines the machine and prints what it found. An unfit machine is exit.Unfit.
func (c *doctorCmd) Run(e *env) error {
	if c.Pairs < 8 || c.Block <= 0 || c.Watch <= 0 {
		return exit.Errorf(exit.Usage, "--pairs is 8 at least; --block and --watch are above 0")
	}
	o := doctor.Options{
		Root: c.Root, Watch: c.Watch, NoNoise: c.NoNoise, Pairs: c.Pairs, Block: c.Block, NoiseDir: c.NoiseDir,
	}
	var err error
	if c.Hosts != "" {
		if o.Hosts, err = declared.ReadHosts(c.Hosts); err != nil {
			return err
		}
	}
	if c.Suites != "" && !c.NoNoise {
		tiny, err := record.Select(record.Inputs{Files: declared.Files{Grid: "tiny"}, Suites: c.Suites})
		if err != nil {
			return err
		}
		o.Tiny = func(log *os.File) (rounds.Binary, error) { return tiny.Binary(e, e.terminal(), log) }
	}
	d, err := doctor.Examine(e, o)
	if err != nil {
		return err
	}
	if err := sheet.Print(e.stdout, d, c.JSON); err != nil {
		return err
	}
	if !d.Fit {
		return exit.Errorf(exit.Unfit, "this machine is not fit to measure: see the findings of severity error")
	}
	return nil
}
