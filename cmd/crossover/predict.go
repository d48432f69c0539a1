package main

import (
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
)

type predictCmd struct {
	Link  []string        `default:"ethernet,radio,5g" help:"Link profile; may be repeated."`
	Input []model.Payload `default:"32x32x3,75x75x3,128x128x3" help:"What is sent; may be repeated."`
	Exec  model.Seconds   `default:"3ms" help:"Execution time on the host."`
	assumptionFlags
	Local       *model.Seconds       `placeholder:"TIME" help:"Latency on the device itself, to compare with."`
	LocalEnergy *model.Joules        `placeholder:"ENERGY" help:"Energy of an inference on the device itself."`
	Host        string               `placeholder:"NAME" help:"Add the whole system's energy, with this host profile."`
	PathEnergy  *model.JoulesPerByte `placeholder:"10nJ/B" help:"Energy per byte of the network, for --host."`
	answerFlags
}

func (predictCmd) Help() string {
	return `Computes what an offloaded inference costs, before anything is measured: latency,
the device's energy and the energy-delay product, with the parts of each. By default,
--local-energy is the device's active power times --local, if its profile has one.

` + assumptionHelp + `

Examples:

    crossover predict
    crossover predict --link 5g --input 128x128x3 --exec 8ms --local 30ms --local-energy 90mJ
    crossover predict --idle low --wake-time 300ms --wake-energy 400mJ
    crossover predict --host rtx-3070 --path-energy 10nJ/B --tcp
    crossover predict --profiles mine.yaml --link factory-wifi --json`
}

func (c *predictCmd) Run(e *env) error {
	s, err := c.scene(c.Link, c.Input, model.Estimate[model.Seconds]{Value: c.Exec})
	if err != nil {
		return err
	}
	var system *model.System
	if c.Host != "" {
		set, err := c.load()
		if err != nil {
			return err
		}
		host, err := set.Host(c.Host)
		if err != nil {
			return exit.Errorf(exit.Usage, "--host: %w", err)
		}
		system = &model.System{Host: host, Path: c.PathEnergy}
	} else if c.PathEnergy != nil {
		return exit.Errorf(exit.Usage, "--path-energy counts only for the whole system; name its host with --host")
	}
	if s.Local, err = localCosts(exactly(c.Local), exactly(c.LocalEnergy)); err != nil {
		return err
	}
	answer, err := costs.Predict(s, system)
	return c.print(e, answer, err)
}
