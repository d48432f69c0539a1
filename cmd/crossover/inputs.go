package main

import (
	"time"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
)

// inputFlags are the files that measuring and listing need. Paths are taken from
// where the user stands.
type inputFlags struct {
	Models        string `help:"A folder of .tflite files of your own, measured in place of the grid's variants." placeholder:"DIR" type:"existingdir"`
	Fixtures      string `help:"The folder with the built variants (default: fixtures/models)." placeholder:"DIR" type:"path"`
	Hosts         string `help:"A file that declares hosts; without it offloading goes to an embedded host on this machine." placeholder:"FILE" type:"path"`
	Profiles      string `help:"A file with links, devices and hosts of your own, laid over the built-in ones." placeholder:"FILE" type:"path"`
	LinkEmulation string `help:"How links are emulated: at the client's end of the connection, or by the kernel's netem (root)." enum:"client,netem" default:"client"`
	NPU           string `help:"The delegate library that the backend npu loads." name:"npu" placeholder:"FILE" type:"path"`
	GPU           string `help:"The delegate library that the backend gpu loads." name:"gpu" placeholder:"FILE" type:"path"`
	Suites        string `help:"The suites' test binary (default: built from the source tree; beside this command outside it)." placeholder:"FILE" type:"path"`
}

// sel reads what the flags name, with a grid or none.
func (f *inputFlags) sel(grid string) (*record.Selection, error) {
	return record.Select(record.Inputs{
		Files: declared.Files{
			Grid: grid, Fixtures: f.Fixtures, Models: f.Models, Hosts: f.Hosts, Profiles: f.Profiles,
		},
		LinkEmulation: f.LinkEmulation, Suites: f.Suites,
		Delegates: map[names.Backend]string{names.NPU: f.NPU, names.GPU: f.GPU},
	})
}

// gridFlags are a grid and its inputs.
type gridFlags struct {
	inputFlags
	Grid string `help:"The grid: quick, thesis, tiny, or a file." default:"quick" placeholder:"GRID"`
}

func (f *gridFlags) load() (*record.Selection, error) { return f.sel(f.Grid) }

// effortFlags are what the verbs that measure have in common.
type effortFlags struct {
	Device    string        `help:"Profile of the device whose energy is modelled; none for no energy." default:"generic" placeholder:"NAME"`
	Idle      string        `help:"How the device waits for a host: one of the profile's idle modes (default: its first)." placeholder:"NAME"`
	Benchtime time.Duration `help:"Steady time of a block (${default})." default:"500ms" placeholder:"TIME"`
	Seed      uint64        `help:"Seed of the order within the rounds (default: drawn)." placeholder:"N"`
}

func (f effortFlags) effort(results string) record.Effort {
	return record.Effort{Device: f.Device, Idle: f.Idle, Block: f.Benchtime, Seed: f.Seed, Results: results}
}

// terminal is where a verb talks to the user.
func (e *env) terminal() record.Terminal { return record.Terminal{Out: e.stdout, Err: e.stderr} }
