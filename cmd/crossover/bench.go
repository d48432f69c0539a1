package main

import (
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/record"
)

type benchCmd struct {
	gridFlags
	effortFlags
	Count     int            `help:"Rounds: blocks of each combination." default:"10" placeholder:"N"`
	Precision record.Percent `help:"Instead of a fixed count: go on until the 95 % interval of each median is at most this wide." placeholder:"1%"`
	Budget    time.Duration  `help:"Refuse a plan that takes longer, probe included; ends a run with --precision. The soak of --sustained is not counted." default:"1h" placeholder:"TIME"`
	Sustained bool           `help:"Heat the machine until its temperature is steady first, and judge throttled samples, too."`
	Out       string         `name:"results" help:"The folder that run folders go to." default:"results" placeholder:"DIR" type:"path"`
	Resume    bool           `help:"Go on with the newest run when it is incomplete and measured the same; --no-resume starts anew." default:"true" negatable:""`
}

// Help is the verb's longer help.
func (c *benchCmd) Help() string {
	return `Examples:
  crossover bench                                 the quick grid, ten rounds
  crossover bench --grid thesis --budget 30m      the study's grid, refused above half an hour
  crossover bench --models ~/my/models            your own .tflite files
  crossover bench --precision 2% --budget 5m      as many rounds as each median needs`
}

// Run measures the grid.
func (c *benchCmd) Run(e *env) error {
	if c.Count < 1 || c.Benchtime <= 0 || c.Budget < 0 {
		return exit.Errorf(exit.Usage, "--count %d --benchtime %v --budget %v: want at least one round and times above zero",
			c.Count, c.Benchtime, c.Budget)
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	return s.Bench(e, e.terminal(), record.Bench{
		Effort: c.effort(c.Out), Rounds: c.Count, Precision: c.Precision, Budget: c.Budget,
		Sustained: c.Sustained, Resume: c.Resume,
	})
}
