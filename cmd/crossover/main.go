// Crossover measures a neural network on an edge device and offloaded to a
// host, judges the figures against specs that anyone can read, and says where
// the crossing point lies. Each verb is a file of this package.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossover-bench/crossover/internal/exit"
)

// cli is the command line: one field a verb.
type cli struct{}

// env is what a verb may touch of the outside.
type env struct {
	context.Context
	stdout, stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(int(run(&env{Context: ctx, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:])))
}

// errParsed stands for the exit that kong asks for after it printed help.
var errParsed = errors.New("parsed")

// run executes the command line args and returns the exit code.
func run(e *env, args []string) exit.Code {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("crossover"),
		kong.Description("Measure a neural network on the device and offloaded to a host, and find where they cross."),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(int) { panic(errParsed) }),
		kong.Bind(e),
	)
	if err != nil {
		return report(e, err)
	}
	code := exit.OK
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(errParsed) {
				panic(r)
			}
		}()
		kctx, err := parser.Parse(args)
		if err != nil {
			code = report(e, exit.Errorf(exit.Usage, "%w; see crossover --help", err))
			return
		}
		code = report(e, kctx.Run())
	}()
	return code
}

// report prints err, when there is one, and returns its exit code.
func report(e *env, err error) exit.Code {
	if err != nil {
		fmt.Fprintf(e.stderr, "crossover: %v\n", err)
	}
	return exit.CodeOf(err)
}
