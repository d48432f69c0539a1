package main

import (
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/record"
)

type benchCmd struct {
	gridFlags
	effortFlags
	Count     int            `default:"10" placeholder:"N" help:"Rounds: blocks of each combination (${default})."`
	Benchtime time.Duration  `default:"500ms" placeholder:"TIME" help:"Steady time of a block (${default})."`
	Precision record.Percent `placeholder:"1%" help:"Instead of a count: until medians are known this well."`
	Budget    time.Duration  `default:"1h" placeholder:"TIME" help:"Refuse a plan that takes longer (${default})."`
	Sustained bool           `help:"Heat the machine first, and judge throttled samples, too."`
	Resume    bool           `default:"true" negatable:"" help:"Resume an interrupted run of the same."`
}

func (c *benchCmd) Help() string {
	return `Examples:
  crossover bench                                 the quick grid, ten rounds
  crossover bench --grid thesis --budget 30m      the study's grid, refused above half an hour
  crossover bench --models ~/my/models            your own .tflite files
  crossover bench --precision 2% --budget 5m      as many rounds as each median needs

--precision goes on until the 95 % interval of each median is at most this wide, relative
to it. --budget includes the probe, ends a run with --precision, and does not count the
soak of --sustained, which heats the machine until its temperature is steady. The newest
run is resumed if it is incomplete and measured the same; --no-resume starts a new run.

` + inputHelp
}

func (c *benchCmd) Run(e *env) error {
	if c.Count < 1 || c.Benchtime <= 0 || c.Budget < 0 {
		return exit.Errorf(exit.Usage, "--count %d --benchtime %v --budget %v: want at least one round and times above zero",
			c.Count, c.Benchtime, c.Budget)
	}
	s, err := c.sel(c.Grid)
	if err != nil {
		return err
	}
	return s.Bench(e, e.terminal(), record.Bench{
		Effort: c.effort(c.Benchtime), Rounds: c.Count, Precision: c.Precision, Budget: c.Budget,
		Sustained: c.Sustained, Resume: c.Resume,
	})
}
