package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/instruments/overhead"
	"github.com/crossover-bench/crossover/internal/instruments/survey"
	"github.com/crossover-bench/crossover/internal/instruments/validate"
	"github.com/crossover-bench/crossover/model/profiles"
)

type linkCmd struct {
	Measure  linkMeasureCmd  `cmd:"" help:"Measure the real link to a host and write it as a profile."`
	Validate linkValidateCmd `cmd:"" help:"Compare the emulated links with the cost model; exit code 3 beyond a bound."`
	Overhead linkOverheadCmd `cmd:"" help:"Measure the software overhead of offloading; exit code 3 beyond a bound."`
}

func (*linkCmd) Help() string {
	return `Examples:
  crossover link measure --host 192.0.2.7:8001 --name lab --output lab.yaml
  crossover bench --profiles lab.yaml             a grid's link "lab" is now that profile
  crossover link validate --links 5g`
}

type linkValidateCmd struct {
	Models   string   `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Links    []string `default:"ethernet,radio,5g" help:"Links to validate."`
	Variants []string `default:"Mobilenet PQ 32,Mobilenet PQ 75,Mobilenet PQ 128" help:"Variants to validate with."`
	Output   string   `placeholder:"FILE" help:"Write the tables there as well."`

	Config validate.Config `embed:""`
}

func (c *linkValidateCmd) Run(e *env) error {
	c.Config.Log = e.stderr
	if err := c.Config.Find(c.Links, c.Variants, c.Models); err != nil {
		return err
	}
	pairs, err := validate.Run(e, c.Config)
	if err != nil {
		return err
	}
	tables := validate.Markdown(pairs)
	if _, err := io.WriteString(e.stdout, tables); err != nil {
		return err
	}
	if c.Output != "" {
		if err := writeOutput(c.Output, []byte(tables)); err != nil {
			return err
		}
	}
	return validate.Judge(pairs)
}

type linkOverheadCmd struct {
	Models  string `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Variant string `default:"Mobilenet PQ 32" help:"Variant that every server serves."`
	Hosts   string `placeholder:"FILE" help:"Hosts file of other servers to measure in the same run."`

	Config overhead.Config `embed:""`
}

func (c *linkOverheadCmd) Run(e *env) (err error) {
	c.Config.Log = e.stderr
	if c.Config.Variant, err = fixtures.Default().Variant(c.Variant, c.Models); err != nil {
		return exit.Errorf(exit.NoData, "--variant: %w", err)
	}
	if c.Hosts != "" {
		if c.Config.Others, err = declared.ReadHosts(c.Hosts); err != nil {
			return err
		}
	}
	// The standalone host is this command as a user runs it.
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.Config.Standalone = []string{
		self, "host", "--models", c.Models, "--listen", "127.0.0.1:0", "--threads", fmt.Sprint(max(1, c.Config.Threads)),
	}
	rows, err := overhead.Run(e, c.Config)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(e.stdout, overhead.Markdown(rows)); err != nil {
		return err
	}
	return overhead.Judge(rows)
}

type linkMeasureCmd struct {
	Host   string `required:"" placeholder:"NAME" help:"Declared host, or HOST:PORT of a crossover host."`
	Hosts  string `placeholder:"FILE" help:"Hosts file that declares it."`
	Name   string `placeholder:"NAME" help:"Name of the profile; the host's with -link by default."`
	Output string `placeholder:"FILE" help:"Write the profile there instead of to standard output."`

	Options survey.Options `embed:""`
}

func (c *linkMeasureCmd) Run(e *env) error {
	h, err := declared.HostNamed(c.Host, c.Hosts)
	if err != nil {
		return err
	}
	s, err := survey.Run(e, h, c.Options)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(e.stderr, s.Report()); err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = h.Name + "-link"
	}
	l, err := s.Link(c.Name, fmt.Sprintf("crossover link measure over %s, %s",
		s.Path.Interface, time.Now().UTC().Format(time.DateOnly)))
	if err != nil {
		return err
	}
	var profile bytes.Buffer
	if err := profiles.WriteLink(&profile, l); err != nil {
		return err
	}
	if c.Output == "" {
		_, err = profile.WriteTo(e.stdout)
		return err
	}
	return writeOutput(c.Output, profile.Bytes())
}

func writeOutput(file string, data []byte) error {
	if err := os.WriteFile(file, data, 0o666); err != nil {
		return exit.Errorf(exit.Usage, "--output: %w", err)
	}
	return nil
}
