package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/load"
	"github.com/crossover-bench/crossover/internal/names"
)

// loadCmd asks a host as many clients would.
type loadCmd struct {
	Host   []string `required:"" sep:"none" placeholder:"NAME" help:"Declared host, or HOST:PORT; several are compared."`
	Hosts  string   `type:"path" placeholder:"FILE" help:"Hosts file that declares it."`
	Model  string   `placeholder:"NAME" help:"Model to ask for, as the server names it."`
	Tenant []string `sep:"none" placeholder:"NAME=MODEL[@SHARE]" help:"One of several clients, and its model; repeatable."`
	Rate   []string `sep:"," placeholder:"N" help:"Arrivals per second, of all tenants together."`
	SLO    string   `name:"slo" placeholder:"'p99 50ms'" help:"Find the highest rate that keeps this limit."`

	Config load.Config `embed:""`

	Out  string `default:"results" type:"path" placeholder:"DIR" help:"Folder of runs (${default})."`
	JSON bool   `name:"json" help:"Print the figures as JSON, in SI base units."`
}

// Help is the verb's longer help.
func (*loadCmd) Help() string {
	return `Examples:
  crossover load --host 127.0.0.1:8001 --model mobilenet-32-pq --clients 1,4
  crossover load --host 127.0.0.1:8001 --model mobilenet-32-pq --rate 50,100,200
  crossover load --host 127.0.0.1:8001 --model mobilenet-32-pq --slo 'p99 50ms'
  crossover load --host lab --hosts hosts.yaml --tenant a=mobilenet-32-pq@3 --tenant b=vgg16-32-pq --rate 40

--rate sends requests when they are due, whatever became of those before: the latency
counts from that moment. --clients asks again as soon as there is an answer. A request
that fails is not repeated; it is lost, and counts as one that took --timeout. --slo
without --rate first looks for the rates to measure. It exits with 3 if no rate keeps the
limit and with 6 if the rounds decide about none. Show the run with crossover show.`
}

// Run measures, prints the figures and says what the exit code says.
func (c *loadCmd) Run(e *env) (err error) {
	if err := c.config(e); err != nil {
		return err
	}
	report, err := load.Run(e, c.Config)
	if report == nil {
		return err
	}
	if printErr := c.print(e.stdout, report); printErr != nil {
		return printErr
	}
	if err != nil || report.Capacity == nil {
		return err
	}
	return report.Capacity.Err()
}

// config completes the configuration from the flags that kong cannot read by itself.
func (c *loadCmd) config(e *env) error {
	o := &c.Config
	for _, name := range c.Host {
		h, err := declared.HostNamed(name, c.Hosts)
		if err != nil {
			return err
		}
		o.Hosts = append(o.Hosts, h)
	}
	switch {
	case c.Model != "" && len(c.Tenant) > 0:
		return exit.Errorf(exit.Usage, "--model and --tenant exclude each other: a tenant names its model")
	case c.Model != "":
		o.Tenants = []load.Tenant{{Model: c.Model, Share: 1}}
	}
	for _, text := range c.Tenant {
		t, err := load.ParseTenant(text)
		if err != nil {
			return exit.Errorf(exit.Usage, "--tenant: %w", err)
		}
		o.Tenants = append(o.Tenants, t)
	}
	for _, text := range c.Rate {
		r, err := names.ParseRate(text)
		if err != nil {
			return exit.Errorf(exit.Usage, "--rate: %w", err)
		}
		o.Rates = append(o.Rates, r)
	}
	if c.SLO != "" {
		slo, err := load.ParseSLO(c.SLO)
		if err != nil {
			return exit.Errorf(exit.Usage, "--slo: %w", err)
		}
		o.SLO = &slo
	}
	o.Results, o.Command, o.Version, o.Log = c.Out, os.Args, buildVersion(), e.stderr
	return nil
}

func (c *loadCmd) print(w io.Writer, report *load.Report) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	_, err := fmt.Fprintf(w, "%s\nRun %s\n", report.Text(), report.Dir)
	return err
}
