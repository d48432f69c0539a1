package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/instruments/overhead"
	"github.com/crossover-bench/crossover/internal/instruments/survey"
	"github.com/crossover-bench/crossover/internal/instruments/validate"
	"github.com/crossover-bench/crossover/model/profiles"
)

// linkCmd holds the verbs about links.
type linkCmd struct {
	Measure  linkMeasureCmd  `cmd:"" help:"Measure the real link to a host and write it as a profile."`
	Validate linkValidateCmd `cmd:"" help:"Compare the emulated links with the cost model; exit code 3 beyond a bound."`
	Overhead linkOverheadCmd `cmd:"" help:"Measure the software overhead of offloading; exit code 3 beyond a bound."`
}

// linkValidateCmd measures the emulator's error.
type linkValidateCmd struct {
	Models   string   `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Links    []string `default:"ethernet,radio,5g" help:"Links to validate."`
	Variants []string `default:"Mobilenet PQ 32,Mobilenet PQ 75,Mobilenet PQ 128" help:"Variants to validate with."`
	Rounds   int      `default:"5" help:"Rounds, each with the pairs in another order."`
	Requests int      `default:"40" help:"Requests of each pair in each round, over the link and over direct."`
	Threads  int      `default:"1" help:"Threads of the embedded host's interpreter; 1 leaves a core to the client."`
	Seed     uint64   `default:"1" help:"Seed of the order."`
	Output   string   `placeholder:"FILE" help:"Write the tables there as well."`
}

// Run prints the tables.
func (c *linkValidateCmd) Run(e *env) error {
	config, err := validate.Named(c.Links, c.Variants, c.Models, c.Seed)
	if err != nil {
		return err
	}
	config.Rounds, config.Requests, config.Threads, config.Log = c.Rounds, c.Requests, c.Threads, e.stderr
	pairs, err := validate.Run(e, config)
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

// linkOverheadCmd measures the software overhead of an offloaded inference.
type linkOverheadCmd struct {
	Models   string `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Variant  string `default:"Mobilenet PQ 32" help:"Variant that every server serves."`
	Hosts    string `placeholder:"FILE" help:"Hosts file of other servers to measure in the same run."`
	Rounds   int    `default:"5" help:"Rounds, each with the servers in another order."`
	Requests int    `default:"500" help:"Requests of each server in each round."`
	Threads  int    `default:"1" help:"Threads of the embedded host's interpreter."`
	Seed     uint64 `default:"1" help:"Seed of the order and the image."`
}

// Run prints the table.
func (c *linkOverheadCmd) Run(e *env) error {
	v, err := fixtures.Default().Variant(c.Variant, c.Models)
	if err != nil {
		return exit.Errorf(exit.NoData, "--variant: %w", err)
	}
	var others []offload.Host
	if c.Hosts != "" {
		if others, err = declared.ReadHosts(c.Hosts); err != nil {
			return err
		}
	}
	rows, err := overhead.Run(e, overhead.Config{
		Variant: v, Others: others, Rounds: c.Rounds, Requests: c.Requests, Threads: c.Threads, Seed: c.Seed,
		Log: e.stderr,
	})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(e.stdout, overhead.Markdown(rows)); err != nil {
		return err
	}
	return overhead.Judge(rows)
}

// linkMeasureCmd measures a real link.
type linkMeasureCmd struct {
	Host       string        `required:"" placeholder:"NAME" help:"Declared host, or HOST:PORT of a crossover host."`
	Hosts      string        `placeholder:"FILE" help:"Hosts file that declares it."`
	Name       string        `placeholder:"NAME" help:"Name of the profile; the host's with -link by default."`
	Output     string        `placeholder:"FILE" help:"Write the profile there instead of to standard output."`
	RoundTrips int           `default:"300" help:"Round trips back to back."`
	Transfers  int           `default:"9" help:"Transfers each way."`
	Pause      time.Duration `default:"1s" help:"Pause before an exchange after a pause."`
	AfterPause int           `default:"10" help:"Exchanges after a pause."`
}

// Run writes a profile and the figures that it is made from.
func (c *linkMeasureCmd) Run(e *env) error {
	h, err := declared.HostNamed(c.Host, c.Hosts)
	if err != nil {
		return err
	}
	s, err := survey.Run(e, h, survey.Options{
		RoundTrips: c.RoundTrips, Transfers: c.Transfers, Pause: c.Pause, AfterPause: c.AfterPause,
	})
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
	if c.Output == "" {
		return profiles.WriteLink(e.stdout, l)
	}
	var profile bytes.Buffer
	if err := profiles.WriteLink(&profile, l); err != nil {
		return err
	}
	return writeOutput(c.Output, profile.Bytes())
}

// writeOutput writes the file that --output names.
func writeOutput(file string, data []byte) error {
	if err := os.WriteFile(file, data, 0o666); err != nil {
		return exit.Errorf(exit.Usage, "--output: %w", err)
	}
	return nil
}
