package main

import (
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/model"
)

type crossingCmd struct {
	Local       *model.Estimate[model.Seconds] `placeholder:"30ms+-2ms" help:"Latency on the device itself."`
	LocalEnergy *model.Estimate[model.Joules]  `placeholder:"90mJ+-5mJ" help:"Energy of that inference."`
	Link        []string                       `default:"ethernet,radio,5g" help:"Link profile; may be repeated."`
	Input       []model.Payload                `default:"75x75x3" help:"What is sent; may be repeated."`
	Exec        model.Estimate[model.Seconds]  `default:"3ms" help:"Execution time on the host."`
	assumptionFlags
	answerFlags
}

func (crossingCmd) Help() string {
	return `Compares an inference on the device with the same one on a host, over every link,
and says at which local latency, bandwidth, round trip, input size and idle power
offloading starts to pay, by latency, energy and energy-delay product. An interval such as
30ms+-2ms, in --local, --local-energy or --exec, is carried through to the answer. Without
--local only the thresholds are computed. By default, --local-energy is the device's
active power times --local, if its profile has one.

` + assumptionHelp + `

Examples:

    crossover crossing
    crossover crossing --local 30ms --local-energy 90mJ
    crossover crossing --local 30ms+-2ms --local-energy 90mJ+-5mJ --exec 3ms+-1ms --link 5g
    crossover crossing --local 30ms --device generic --input 128x128x3 --tcp --json`
}

func (c *crossingCmd) Run(e *env) error {
	s, err := c.scene(c.Link, c.Input, c.Exec)
	if err != nil {
		return err
	}
	if s.Local, err = localCosts(c.Local, c.LocalEnergy); err != nil {
		return err
	}
	answer, err := costs.Cross(s)
	return c.print(e, answer, err)
}
