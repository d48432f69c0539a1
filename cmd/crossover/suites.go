package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/model/profiles"
)

// selection is what the verbs that measure or list have in common: which
// combinations, and the files behind them. Paths are taken from where the user
// stands.
type selection struct {
	Grid     string `help:"The grid: quick, thesis, tiny, or a file." default:"quick" placeholder:"GRID"`
	Models   string `help:"A folder of .tflite files of your own, measured in place of the grid's variants." placeholder:"DIR" type:"existingdir"`
	Fixtures string `help:"The folder with the built variants (default: fixtures/models)." placeholder:"DIR" type:"path"`
	Hosts    string `help:"A file that declares hosts; without it offloading goes to an embedded host on this machine." placeholder:"FILE" type:"path"`
	NPU      string `help:"The delegate library that the backend npu loads." name:"npu" placeholder:"FILE" type:"path"`
	GPU      string `help:"The delegate library that the backend gpu loads." name:"gpu" placeholder:"FILE" type:"path"`
	Suites   string `help:"The suites' test binary (default: built from this module)." placeholder:"FILE" type:"path"`

	root    string // of the module
	grid    *grid.Grid
	catalog *fixtures.Catalog
	hosts   []offload.Host
}

// load finds the module and reads grid and catalog.
func (s *selection) load() error {
	var err error
	if s.root, err = moduleRoot(); err != nil {
		return err
	}
	file := s.Grid
	if !strings.ContainsAny(file, "/.") {
		file = filepath.Join(s.root, "suites", "grids", s.Grid+".yaml")
		if _, err := os.Stat(file); err != nil {
			return exit.Errorf(exit.Usage, "there is no grid %q; want %s, or a file", s.Grid, strings.Join(s.builtinGrids(), ", "))
		}
	}
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	if s.grid, err = grid.Read(file); err != nil {
		return exit.Errorf(exit.Usage, "%w", err)
	}
	if s.Hosts != "" {
		if s.hosts, err = offload.ReadHosts(s.Hosts); err != nil {
			return exit.Errorf(exit.Usage, "%w", err)
		}
	}
	s.catalog = fixtures.Default()
	if s.grid.Catalog != "" {
		if s.catalog, err = fixtures.ReadCatalog(s.grid.Catalog); err != nil {
			return exit.Errorf(exit.Usage, "%w", err)
		}
	}
	if s.Fixtures == "" {
		s.Fixtures = s.grid.Models
	}
	if s.Fixtures == "" {
		s.Fixtures = filepath.Join(s.root, "fixtures", "models")
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

// CheckVariant and CheckLink make a selection the grid's Known.
func (s *selection) CheckVariant(name string) error { return s.catalog.CheckVariant(name) }

func (s *selection) CheckLink(name string) error {
	if name == "direct" {
		return nil
	}
	_, err := profiles.Link(name)
	return err
}

// combinations expands the grid for a machine with so many cores.
func (s *selection) combinations(cores int) ([]grid.Combination, error) {
	here := grid.Here{Cores: cores}
	for _, h := range s.hosts {
		here.Hosts = append(here.Hosts, h.Name)
	}
	if s.Models == "" {
		cs, err := s.grid.Expand(here, s)
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "%w", err)
		}
		return cs, nil
	}
	own, err := fixtures.OwnFiles(s.Models)
	if err != nil {
		return nil, exit.Errorf(exit.NoData, "%w", err)
	}
	var names []string
	for _, v := range own {
		names = append(names, v.Name)
	}
	return s.grid.ExpandOwn(here, names), nil
}

// title names a combination for people.
func (s *selection) title(c grid.Combination) string {
	name := strings.TrimPrefix(c.Variant, "model=")
	if id, err := s.catalog.Parse(c.Variant); err == nil {
		name = id.Title()
	}
	name += " on " + c.Backend
	if c.Link != grid.LinkNone {
		name += " over " + c.Link
	}
	return name
}

// binary returns the test binary, building it when none is named, and the flags
// that every call of it has.
func (s *selection) binary(e *env) (path string, args []string, err error) {
	path = s.Suites
	if path == "" {
		path = filepath.Join(s.root, ".build", "suites.test")
		cmd := exec.CommandContext(e, "go", "test", "-c", "-o", path, "./suites")
		cmd.Dir, cmd.Stdout, cmd.Stderr = s.root, e.stderr, e.stderr
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
	args = []string{"-grid=" + s.grid.File, "-fixtures=" + s.Fixtures}
	for _, o := range []struct{ flag, value string }{{"models", s.Models}, {"hosts", s.Hosts}, {"npu", s.NPU}, {"gpu", s.GPU}} {
		if o.value != "" {
			args = append(args, "-"+o.flag+"="+o.value)
		}
	}
	return path, args, nil
}

// moduleRoot finds the module's folder: from where the user stands upwards, else
// from the command's own file.
func moduleRoot() (string, error) {
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
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", exit.Errorf(exit.Usage, "%w", errors.New("no suites/grids above this folder or the command's own: run it within Crossover's tree"))
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
