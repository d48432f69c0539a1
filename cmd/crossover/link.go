package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/link/survey"
	"github.com/crossover-bench/crossover/backends/link/validate"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/backends/offload/overhead"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model/profiles"
)

// linkCmd holds what is done to links.
type linkCmd struct {
	Measure  linkMeasureCmd  `cmd:"" help:"Measure the real link to a host and write it as a profile."`
	Validate linkValidateCmd `cmd:"" help:"Hold the emulated links against the cost model; exit code 3 when a bound is exceeded."`
	Overhead linkOverheadCmd `cmd:"" help:"Measure what offloading costs in software, beside other servers; exit code 3 when a bound is exceeded."`
}

// linkValidateCmd measures the emulator's error.
type linkValidateCmd struct {
	Models   string   `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Links    []string `default:"ethernet,radio,5g" help:"Links to validate."`
	Variants []string `default:"Mobilenet PQ 32,Mobilenet PQ 75,Mobilenet PQ 128" help:"Variants to validate with."`
	Rounds   int      `default:"5" help:"Rounds; the pairs stand in another order in each."`
	Requests int      `default:"40" help:"Requests of each pair in each round, over the link and over direct."`
	Threads  int      `default:"1" help:"Threads of the embedded host's interpreter; 1 leaves a core to the client."`
	Seed     uint64   `default:"1" help:"Seed of the order."`
	Output   string   `placeholder:"FILE" help:"Write the tables there as well."`
}

// Run prints the tables.
func (c *linkValidateCmd) Run(e *env) (err error) {
	config := validate.Config{Rounds: c.Rounds, Requests: c.Requests, Warmup: 5, Seed: c.Seed}
	child := host.ChildConfig{Threads: c.Threads, Witness: true}
	for _, name := range c.Links {
		l, err := profiles.Link(name)
		if err != nil {
			return exit.Errorf(exit.Usage, "--links: %w", err)
		}
		shape, err := link.FromModel(l, c.Seed)
		if err != nil {
			return exit.Errorf(exit.Usage, "--links: %w", err)
		}
		config.Links = append(config.Links, shape)
	}
	for _, name := range c.Variants {
		v, err := fixtures.Default().Variant(name, c.Models)
		if err != nil {
			return exit.Errorf(exit.NoData, "--variants: %w", err)
		}
		config.Variants = append(config.Variants, v)
		child.Models = append(child.Models, host.Model{Name: host.ModelName(v), Variant: v})
	}
	if c.Rounds < 1 || c.Requests < 2 {
		return exit.Errorf(exit.Usage, "--rounds wants 1 or more, --requests 2 or more")
	}
	self, err := offload.StartSelf(e, child, e.stderr)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := self.Close(); err == nil {
			err = cerr
		}
	}()
	config.Open = func(ctx context.Context, v fixtures.Variant, shape link.Shape) (backends.Session, error) {
		return self.Backend(shape).Open(ctx, v)
	}
	config.Progress = func(round int, what string) {
		fmt.Fprintf(e.stderr, "round %d of %d: %s\n", round+1, c.Rounds, what)
	}
	pairs, err := validate.Run(e, config)
	if err != nil {
		return err
	}
	if err := validate.WriteMarkdown(e.stdout, pairs); err != nil {
		return err
	}
	if c.Output != "" {
		f, err := os.Create(c.Output)
		if err != nil {
			return exit.Errorf(exit.Usage, "--output: %w", err)
		}
		if err := validate.WriteMarkdown(f, pairs); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	for _, v := range validate.Judge(pairs) {
		if !v.Pass {
			return exit.Errorf(exit.Threshold, "link %s: mean absolute error %.2f %%, bound %.0f %%; on a busy machine run it again when it is quiet", v.Link, v.Error*100, v.Bound*100)
		}
	}
	return nil
}

// linkOverheadCmd measures the software's part of an offloaded inference.
type linkOverheadCmd struct {
	Models   string `default:"fixtures/models" placeholder:"DIR" help:"Folder of the built variants."`
	Variant  string `default:"Mobilenet PQ 32" help:"Variant that every server serves."`
	Hosts    string `placeholder:"FILE" help:"Hosts file of other servers to measure in the same run."`
	Rounds   int    `default:"5" help:"Rounds; each server is asked in each, in another order."`
	Requests int    `default:"500" help:"Requests of each server in each round."`
	Threads  int    `default:"1" help:"Threads of the embedded host's interpreter."`
	Seed     uint64 `default:"1" help:"Seed of the order and the image."`
}

// Run prints the table.
func (c *linkOverheadCmd) Run(e *env) (err error) {
	v, err := fixtures.Default().Variant(c.Variant, c.Models)
	if err != nil {
		return exit.Errorf(exit.NoData, "--variant: %w", err)
	}
	if c.Rounds < 1 || c.Requests < 2 {
		return exit.Errorf(exit.Usage, "--rounds wants 1 or more, --requests 2 or more")
	}
	var others []offload.Host
	if c.Hosts != "" {
		if others, err = offload.ReadHosts(c.Hosts); err != nil {
			return exit.Errorf(exit.Usage, "--hosts: %w", err)
		}
	}
	self, err := offload.StartSelf(e, host.ChildConfig{Threads: c.Threads, Models: []host.Model{{Name: host.ModelName(v), Variant: v}}}, e.stderr)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := self.Close(); err == nil {
			err = cerr
		}
	}()
	servers := []overhead.Server{{Name: "crossover host", Host: self.Host()}}
	for _, h := range others {
		servers = append(servers, overhead.Server{Name: h.Name, Host: h})
	}
	rows, err := overhead.Run(e, overhead.Config{Servers: servers, Variant: v, Rounds: c.Rounds, Requests: c.Requests, Warmup: 50, Seed: c.Seed})
	if err != nil {
		return err
	}
	if err := overhead.WriteMarkdown(e.stdout, rows); err != nil {
		return err
	}
	if err := overhead.Judge(rows); err != nil {
		return exit.Errorf(exit.Threshold, "%w", err)
	}
	return nil
}

// linkMeasureCmd measures a real link.
type linkMeasureCmd struct {
	Host       string        `required:"" placeholder:"NAME" help:"Declared host, or HOST:PORT of a crossover host."`
	Hosts      string        `placeholder:"FILE" help:"Hosts file that declares it."`
	Name       string        `placeholder:"NAME" help:"Name of the profile; the host's with -link by default."`
	Output     string        `placeholder:"FILE" help:"Write the profile there; standard output gets it otherwise."`
	RoundTrips int           `default:"300" help:"Round trips back to back."`
	Transfers  int           `default:"9" help:"Transfers each way."`
	Pause      time.Duration `default:"1s" help:"Pause before an exchange after a pause."`
	AfterPause int           `default:"10" help:"Exchanges after a pause."`
}

// Run writes a profile and says what it rests on.
func (c *linkMeasureCmd) Run(e *env) error {
	h, err := c.host()
	if err != nil {
		return err
	}
	o := survey.Defaults
	o.RoundTrips, o.Transfers, o.Pause, o.AfterPause = c.RoundTrips, c.Transfers, c.Pause, c.AfterPause
	if o.RoundTrips < 2 || o.Transfers < 1 || o.Pause <= 0 || o.AfterPause < 1 {
		return exit.Errorf(exit.Usage, "--round-trips wants 2 or more, --transfers and --after-pause 1 or more, --pause more than 0")
	}
	path, err := survey.PathTo(h.Address)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	conn, err := offload.Dial(h, &link.Dialer{})
	if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	defer conn.Close()
	reach, cancel := context.WithTimeout(e, 10*time.Second)
	defer cancel()
	if _, err := oip.NewGRPCInferenceServiceClient(conn).ServerLive(reach, &oip.ServerLiveRequest{}); err != nil {
		return exit.Errorf(exit.NoData, "host %s at %s does not answer: %w", h.Name, h.Address, err)
	}
	s, err := survey.Measure(e, conn, o)
	if err != nil {
		return err
	}
	if err := survey.WriteReport(e.stderr, s, path); err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = h.Name + "-link"
	}
	l, err := s.Link(name, fmt.Sprintf("crossover link measure over %s, %s", path.Interface, time.Now().UTC().Format(time.DateOnly)))
	if err != nil {
		return err
	}
	if c.Output == "" {
		return profiles.WriteLink(e.stdout, l)
	}
	f, err := os.Create(c.Output)
	if err != nil {
		return exit.Errorf(exit.Usage, "--output: %w", err)
	}
	return errors.Join(profiles.WriteLink(f, l), f.Close())
}

// host finds the host that is meant.
func (c *linkMeasureCmd) host() (offload.Host, error) {
	if c.Hosts == "" {
		if _, _, err := net.SplitHostPort(c.Host); err != nil {
			return offload.Host{}, exit.Errorf(exit.Usage, "--host: %q is no HOST:PORT; name a declared host together with --hosts FILE", c.Host)
		}
		return offload.Host{Name: "host", Address: c.Host}, nil
	}
	hosts, err := offload.ReadHosts(c.Hosts)
	if err != nil {
		return offload.Host{}, exit.Errorf(exit.Usage, "--hosts: %w", err)
	}
	var names []string
	for _, h := range hosts {
		if h.Name == c.Host && h.Recorded != "" {
			return h, exit.Errorf(exit.Usage, "--host: %s is a recorded host: there is no link to it", c.Host)
		}
		if h.Name == c.Host {
			return h, nil
		}
		names = append(names, h.Name)
	}
	return offload.Host{}, exit.Errorf(exit.Usage, "--host: %s declares no host %q; it declares %s", c.Hosts, c.Host, strings.Join(names, ", "))
}
