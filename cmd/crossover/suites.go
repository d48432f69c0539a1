package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
)

// places are the files that measuring and listing need. Paths are taken from
// where the user stands.
type places struct {
	Models        string `help:"A folder of .tflite files of your own, measured in place of the grid's variants." placeholder:"DIR" type:"existingdir"`
	Fixtures      string `help:"The folder with the built variants (default: fixtures/models)." placeholder:"DIR" type:"path"`
	Hosts         string `help:"A file that declares hosts; without it offloading goes to an embedded host on this machine." placeholder:"FILE" type:"path"`
	Profiles      string `help:"A file with links, devices and hosts of your own, laid over the built-in ones." placeholder:"FILE" type:"path"`
	LinkEmulation string `help:"How links are emulated: at the client's end of the connection, or by the kernel's netem (root)." enum:"client,netem" default:"client"`
	NPU           string `help:"The delegate library that the backend npu loads." name:"npu" placeholder:"FILE" type:"path"`
	GPU           string `help:"The delegate library that the backend gpu loads." name:"gpu" placeholder:"FILE" type:"path"`
	Suites        string `help:"The suites' test binary (default: built from this module)." placeholder:"FILE" type:"path"`

	root     string // of the module
	declared *declared.Set
}

// read reads what was declared, with a grid's file or none.
func (p *places) read(gridFile string) (err error) {
	p.declared, err = declared.Read(declared.Files{Grid: gridFile, Models: p.Models, Hosts: p.Hosts, Profiles: p.Profiles})
	return err
}

// selection is a grid and its places.
type selection struct {
	places
	Grid string `help:"The grid: quick, thesis, tiny, or a file." default:"quick" placeholder:"GRID"`

	grid *grid.Grid // the declared one
}

// load finds the grid and reads all that is declared, before the test binary is
// built or asked anything.
func (s *selection) load() error {
	if err := s.needRoot(); err != nil {
		return err
	}
	file := s.Grid
	if !strings.ContainsAny(file, "/.") {
		file = filepath.Join(s.root, "suites", "grids", s.Grid+".yaml")
		if _, err := os.Stat(file); err != nil {
			return exit.Errorf(exit.Usage, "there is no grid %q; want %s, or a file", s.Grid, strings.Join(s.builtinGrids(), ", "))
		}
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if err := s.read(file); err != nil {
		return err
	}
	s.grid = s.declared.Grid
	if s.Fixtures == "" {
		s.Fixtures = s.grid.Models
	}
	return nil
}

func (s *selection) builtinGrids() []string {
	files, _ := filepath.Glob(filepath.Join(s.root, "suites", "grids", "*.yaml"))
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	return names
}

// combinations expands the grid for a machine with so many cores.
func (s *selection) combinations(cores int) ([]grid.Combination, error) {
	cs, err := s.declared.Combinations(cores)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "%w", err)
	}
	return cs, nil
}

// variantTitle names a variant for people.
func (p *places) variantTitle(name string) string {
	if id, err := p.declared.Catalog.Parse(name); err == nil {
		return id.Title()
	}
	return strings.TrimPrefix(name, "model=")
}

// title names a combination for people.
func (p *places) title(c grid.Combination) string {
	return c.Title(p.variantTitle(string(c.Variant)))
}

// binary returns the test binary, building it when none is named, and the flags
// that every call of it has.
func (p *places) binary(e *env) (path string, args []string, err error) {
	if err := p.needRoot(); err != nil {
		return "", nil, err
	}
	path = p.Suites
	if path == "" {
		path = filepath.Join(p.root, ".build", "suites.test")
		cmd := exec.CommandContext(e, "go", "test", "-c", "-o", path, "./suites")
		cmd.Dir, cmd.Stdout, cmd.Stderr = p.root, e.stderr, e.stderr
		if err := cmd.Run(); err != nil {
			return "", nil, exit.Errorf(exit.Usage, "build the test binary: %w; cgo needs the library's place: eval \"$(make -s env)\"", err)
		}
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return "", nil, exit.Errorf(exit.Usage, "the test binary: %w; make build makes it", err)
	}
	if p.Fixtures == "" {
		p.Fixtures = filepath.Join(p.root, "fixtures", "models")
	}
	for _, o := range []struct{ flag, value string }{
		{"fixtures", p.Fixtures}, {"models", p.Models}, {"hosts", p.Hosts}, {"profiles", p.Profiles}, {"link-emulation", p.LinkEmulation}, {"npu", p.NPU}, {"gpu", p.GPU},
	} {
		if o.value != "" {
			args = append(args, "-"+o.flag+"="+o.value)
		}
	}
	return path, args, nil
}

// needRoot finds the module's folder: from where the user stands upwards, else
// from the command's own file.
func (p *places) needRoot() error {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if self, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(self))
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "suites", "grids")); err == nil {
				p.root = dir
				return nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return exit.Errorf(exit.Usage, "no suites/grids above this folder or the command's own: run it within Crossover's tree")
}

// commit returns the tree's commit, "-dirty" appended when it was changed, or
// nothing outside git.
func commit(e *env, root string) string {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(e, "git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	id, err := git("rev-parse", "HEAD")
	if err != nil {
		return ""
	}
	if changed, err := git("status", "--porcelain", "--untracked-files=no"); err != nil || changed != "" {
		return fmt.Sprintf("%s-dirty", id)
	}
	return id
}
