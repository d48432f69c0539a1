package main

import (
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
)

// inputFlags are the files that measuring and listing need. Paths are taken from where the user
// stands.
type inputFlags struct {
	Models string `type:"existingdir" placeholder:"DIR" help:"Folder of .tflite files of your own."`
	ownFlags
	Fixtures      string `type:"path" placeholder:"DIR" help:"Folder of the built variants."`
	Hosts         string `type:"path" placeholder:"FILE" help:"File that declares hosts."`
	Profiles      string `type:"path" placeholder:"FILE" help:"Links, devices and hosts laid over the built-in ones."`
	LinkEmulation string `enum:"client,netem" default:"client" help:"client, or netem (the kernel's; root)."`
	NPU           string `name:"npu" type:"path" placeholder:"FILE" help:"Delegate library that the backend npu loads."`
	GPU           string `name:"gpu" type:"path" placeholder:"FILE" help:"Delegate library that the backend gpu loads."`
	Suites        string `type:"path" placeholder:"FILE" help:"The suites' test binary."`
}

// ownFlags say how the files in --models are measured.
type ownFlags struct {
	Shape    []string `sep:"none" placeholder:"INPUT=1,5,128,1" help:"Shape of an input of --models; repeatable."`
	Encoding []string `sep:"none" placeholder:"raw|uint8|jpeg" help:"What travels for an image input; repeatable."`
}

func (f ownFlags) choices() fixtures.Choices {
	return fixtures.Choices{Shapes: f.Shape, Encodings: f.Encoding}
}

const inputHelp = `--models measures your own files in place of the grid's variants. --shape runs one at
another shape than the stored one; FILE:INPUT=DIMS is for one file. --encoding says what
an image input is sent as, uint8 by default; FILE=ENCODING is for one file. --fixtures is
fixtures/models by default. Without --hosts, offloading goes to an embedded host on this
machine. --link-emulation client shapes the connection at this end. --suites is
suites.test beside this command by default, and is built from the source tree without it.`

// sel reads what the flags name, with a grid or none.
func (f *inputFlags) sel(grid string) (*record.Selection, error) {
	return record.Select(record.Inputs{
		Files: declared.Files{
			Grid: grid, Fixtures: f.Fixtures, Models: f.Models, Hosts: f.Hosts, Profiles: f.Profiles,
			Choices: f.choices(),
		},
		LinkEmulation: f.LinkEmulation, Suites: f.Suites,
		Delegates: map[names.Backend]string{names.NPU: f.NPU, names.GPU: f.GPU},
	})
}

type gridFlags struct {
	inputFlags
	Grid string `default:"quick" placeholder:"GRID" help:"quick, thesis, tiny, or a file (${default})."`
}

type effortFlags struct {
	Device string `default:"generic" placeholder:"NAME" help:"Profile used to model energy; none for no energy."`
	Idle   string `placeholder:"NAME" help:"How the device waits for a host: an idle mode of its profile."`
	Out    string `default:"results" type:"path" placeholder:"DIR" help:"Folder of the runs (${default})."`
	Seed   uint64 `placeholder:"N" help:"Seed of the order within the rounds (default: drawn)."`
}

func (f effortFlags) effort(block time.Duration) record.Effort {
	return record.Effort{Device: f.Device, Idle: f.Idle, Block: block, Seed: f.Seed, Results: f.Out}
}

func (e *env) terminal() record.Terminal { return record.Terminal{Out: e.stdout, Err: e.stderr} }
