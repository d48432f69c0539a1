// Crossover measures a neural network on an edge device and offloaded to a host, judges the figures
// against specs that anyone can read, and says where the crossing point lies. Each verb is a file
// of this package.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/instruments/overhead"
)

// cli is the command line: one field per verb, in the group that --help lists it under.
type cli struct {
	Version versionFlag `help:"Print version and commit, and exit."`

	Bench  benchCmd  `cmd:"" group:"measure" help:"Measure a grid in interleaved rounds and print the table."`
	List   listCmd   `cmd:"" group:"measure" help:"List a grid's combinations, what bench would skip, and why."`
	Doctor doctorCmd `cmd:"" group:"measure" help:"Is this machine fit to measure, and how noisy is it?"`
	Show   showCmd   `cmd:"" group:"measure" help:"Show a recorded run."`

	Accept acceptCmd `cmd:"" group:"judge" help:"Judge acceptance specs against a run, or measure and judge."`

	Host hostCmd `cmd:"" group:"offload" help:"Serve inferences to other machines."`
	Load loadCmd `cmd:"" group:"offload" help:"Ask a host as many clients would, and find the rate that it can take."`
	Link linkCmd `cmd:"" group:"offload" help:"Measure real links, validate the emulated ones."`

	Predict  predictCmd  `cmd:"" group:"model" help:"What an offloaded inference costs."`
	Crossing crossingCmd `cmd:"" group:"model" help:"Where offloading starts to pay."`
	Queue    queueCmd    `cmd:"" group:"model" help:"How long requests wait at a host that devices share."`
	Fit      fitCmd      `cmd:"" group:"model" help:"How the layers of the models fit the device's memories."`
	Study    studyCmd    `cmd:"" group:"model" help:"The study's tables beside the cost model's figures."`
}

// groups are the headings of --help; each verb names its own with group:"...".
var groups = kong.Groups{
	"measure": "Measure:",
	"judge":   "Judge what was measured:",
	"offload": "Offload:",
	"model":   "Compute before measuring:",
}

// env is all of the outside world that a verb may use.
type env struct {
	context.Context
	stdout, stderr io.Writer
}

func main() {
	host.ChildMain(tflite.New)
	overhead.EchoMain()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(int(run(&env{Context: ctx, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:])))
}

var errAnswered = errors.New("answered")

func run(e *env, args []string) exit.Code {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("crossover"),
		kong.Description("Measure a neural network on the device and offloaded to a host, and find where they cross."),
		kong.Writers(e.stdout, e.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Help(func(o kong.HelpOptions, ctx *kong.Context) error {
			// A chosen verb shows all it has; the list of verbs stays short.
			o.Compact = ctx.Selected() == nil
			return errors.Join(kong.DefaultHelpPrinter(o, ctx), errAnswered)
		}),
		groups,
		kong.Bind(e),
	)
	if err != nil {
		return finish(e, err)
	}
	ctx, err := parser.Parse(args)
	switch {
	case errors.Is(err, errAnswered):
		return exit.OK
	case err != nil:
		return finish(e, exit.Errorf(exit.Usage, "%w; see %s --help", err, verbOf(err)))
	}
	return finish(e, ctx.Run())
}

// verbOf returns the command line whose --help explains the usage error err.
func verbOf(err error) string {
	verb := "crossover"
	if p, ok := errors.AsType[*kong.ParseError](err); ok {
		for _, at := range p.Context.Path {
			if at.Command != nil {
				verb += " " + at.Command.Name
			}
		}
	}
	return verb
}

func finish(e *env, err error) exit.Code {
	if errors.Is(err, context.Canceled) && e.Err() != nil && exit.CodeOf(err) == exit.Internal {
		err = exit.Errorf(exit.NoData, "interrupted")
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "crossover: %v\n", err)
	}
	return exit.CodeOf(err)
}

type versionFlag bool

// BeforeReset prints the version before kong asks for a verb.
func (versionFlag) BeforeReset(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "crossover %s\n", buildVersion())
	return errors.Join(err, errAnswered)
}

// buildVersion returns the version and the commit.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " " + s.Value
		}
	}
	return info.Main.Version
}
