package main

import (
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/model"
)

type queueCmd struct {
	Local      model.Seconds     `default:"30ms" help:"Latency on the device itself."`
	Link       string            `default:"ethernet" help:"Link profile."`
	Input      model.Payload     `default:"75x75x3" help:"What is sent."`
	Exec       model.Seconds     `default:"3ms" help:"Execution time on the host."`
	Tenants    int               `default:"1" help:"Devices that share the host."`
	Workers    int               `default:"1" help:"Inferences that the host runs at once."`
	Other      []model.Stream    `placeholder:"20/s@5ms" help:"Other work of the host, as arrivals@time; may be repeated."`
	SharedLink bool              `help:"The devices share the link's rate too, as in one radio cell."`
	Rate       []model.PerSecond `placeholder:"20/s" help:"Arrival rate per device; may be repeated."`
	assumptionFlags
	answerFlags
}

func (queueCmd) Help() string {
	return `Computes how long an inference waits at the device, on the link and at the host,
for several arrival rates, and up to which rate and how many devices offloading pays.
Arrivals are Poisson, service times constant. Without --rate it shows rates up to where
both sides are unstable.

` + assumptionHelp + `

Examples:

    crossover queue
    crossover queue --tenants 20 --workers 4 --exec 8ms --local 50ms
    crossover queue --other 20/s@5ms --other 2/s@80ms
    crossover queue --link radio --shared-link --tenants 5 --rate 1/s --rate 5/s --json`
}

func (c *queueCmd) Run(e *env) error {
	s, err := c.scene([]string{c.Link}, []model.Payload{c.Input}, model.Estimate[model.Seconds]{Value: c.Exec})
	if err != nil {
		return err
	}
	s.Local.Latency.Value = c.Local
	answer, err := costs.Queue(s, model.Load{
		Tenants: c.Tenants, Workers: c.Workers, SharedLink: c.SharedLink, Others: c.Other,
	}, c.Rate)
	return c.print(e, answer, err)
}
