// Package declared reads what a user declared for a run: a grid and the catalog
// it names, hosts, links, and files of their own in the place of the grid's
// variants. The command and the test binary read it alike. Its errors carry the
// exit code that they end either with.
package declared

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model/profiles"
	"github.com/crossover-bench/crossover/suites/grids"
)

// Files say where things are declared. An empty one stands for what is built in,
// or for nothing.
type Files struct {
	Grid     string `json:"-"`                  // a built-in grid's name, or a file
	Catalog  string `json:"catalog,omitempty"`  // a catalog's file, or tinyCatalog; empty: the grid's, or the built-in one
	Fixtures string `json:"fixtures,omitempty"` // folder of the built variants; empty: the grid's, or none
	Models   string `json:"models,omitempty"`   // folder of .tflite files
	Hosts    string `json:"hosts,omitempty"`    // file of hosts
	Profiles string `json:"profiles,omitempty"` // file of links, devices and hosts, laid over the built-in ones
}

// tinyCatalog is the Catalog of the built-in grid tiny, whose models are built
// in, too.
const tinyCatalog = "tiny"

// A Set is what was declared.
type Set struct {
	Files    Files      // as given, completed by what the grid says
	Grid     *grid.Grid // nil if Files has none
	Catalog  *fixtures.Catalog
	Hosts    []offload.Host
	Profiles *profiles.Set
	Own      []fixtures.Variant // of Files.Models; nil without
}

// Read reads the files and checks the names in the grid.
func Read(f Files) (*Set, error) {
	s := &Set{Files: f, Catalog: fixtures.Default(), Profiles: profiles.BuiltIn()}
	var err error
	if f.Hosts != "" {
		if s.Hosts, err = offload.ReadHosts(f.Hosts); err != nil {
			return nil, exit.Errorf(exit.Usage, "--hosts: %w", err)
		}
	}
	if f.Profiles != "" {
		if s.Profiles, err = profiles.Load(f.Profiles); err != nil {
			return nil, exit.Errorf(exit.Usage, "--profiles: %w", err)
		}
	}
	if err := s.readGrid(); err != nil {
		return nil, err
	}
	if f.Models != "" {
		if s.Own, err = fixtures.OwnFiles(f.Models); err != nil {
			return nil, exit.Errorf(exit.NoData, "--models: %w", err)
		}
	}
	return s, nil
}

// readGrid reads the grid, the catalog that it names, and checks its names.
func (s *Set) readGrid() (err error) {
	f := &s.Files
	if f.Grid != "" {
		if s.Grid, err = openGrid(f.Grid); err != nil {
			return exit.Errorf(exit.Usage, "%w", err)
		}
		if f.Catalog == "" {
			f.Catalog = s.Grid.Catalog
		}
	}
	switch f.Catalog {
	case "":
	case tinyCatalog:
		var models string
		if s.Catalog, models, err = fixtures.Tiny(); err != nil {
			return err
		}
		if f.Fixtures == "" {
			f.Fixtures = models
		}
	default:
		if s.Catalog, err = fixtures.ReadCatalog(f.Catalog); err != nil {
			return exit.Errorf(exit.Usage, "%w", err)
		}
	}
	if s.Grid == nil {
		return nil
	}
	if f.Fixtures == "" {
		f.Fixtures = s.Grid.Models
	}
	if _, err = s.Grid.Expand(grid.Environment{}, known{s}); err != nil {
		return exit.Errorf(exit.Usage, "%w", err)
	}
	return nil
}

// openGrid reads a built-in grid by its name, or a file.
func openGrid(name string) (*grid.Grid, error) {
	if strings.ContainsAny(name, "/.") {
		return grid.Read(name)
	}
	text, err := grids.FS.ReadFile(name + ".yaml")
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "there is no grid %q; want %s, or a file", name, strings.Join(builtInGrids(), ", "))
	}
	g, err := grid.Parse("suites/grids/"+name+".yaml", text)
	if err == nil && g.Catalog != "" {
		g.Catalog, g.Models = tinyCatalog, ""
	}
	return g, err
}

func builtInGrids() []string {
	files, _ := grids.FS.ReadDir(".") // an embedded folder can be read
	var all []string
	for _, f := range files {
		all = append(all, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return all
}

// Combinations expands the grid for a machine with so many cores: with the
// user's own files, if there are any.
func (s *Set) Combinations(cores int) ([]names.Combination, error) {
	env := grid.Environment{Cores: cores}
	for _, h := range s.Hosts {
		env.Hosts = append(env.Hosts, h.Name)
	}
	if s.Own == nil {
		cs, err := s.Grid.Expand(env, known{s})
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "%w", err)
		}
		return cs, nil
	}
	var own []names.Variant
	for _, v := range s.Own {
		own = append(own, v.Name)
	}
	return s.Grid.ExpandOwn(env, own), nil
}

// Variant resolves a variant to its file: one of the user's own, or one that was
// built from the catalog. A *fixtures.NotBuiltError says that it has to be built.
func (s *Set) Variant(name names.Variant) (fixtures.Variant, error) {
	if v, ok := s.OwnFile(name); ok {
		return v, nil
	}
	return s.Catalog.Variant(string(name), s.Files.Fixtures)
}

// OwnFile returns the user's own file that a variant is.
func (s *Set) OwnFile(name names.Variant) (fixtures.Variant, bool) {
	i := slices.IndexFunc(s.Own, func(v fixtures.Variant) bool { return v.Name == name })
	if i < 0 {
		return fixtures.Variant{}, false
	}
	return s.Own[i], true
}

// Title returns a variant's name for people.
func (s *Set) Title(name names.Variant) string {
	if id, err := s.Catalog.Parse(string(name)); err == nil {
		return id.Title()
	}
	return name.Title()
}

// Absolute returns the files with absolute paths, for a process that runs in
// another folder.
func (f Files) Absolute() (Files, error) {
	var err error
	for _, path := range []*string{&f.Grid, &f.Catalog, &f.Fixtures, &f.Models, &f.Hosts, &f.Profiles} {
		word := path == &f.Grid && !strings.ContainsAny(*path, "/.") || path == &f.Catalog && *path == tinyCatalog
		if *path == "" || word {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return f, err
		}
	}
	return f, nil
}

// Hash returns a file's SHA-256 in hexadecimal, as a run records what it measured
// and by what.
func Hash(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// known is the set as the grid's Known.
type known struct{ *Set }

func (k known) CheckVariant(name names.Variant) error { return k.Catalog.CheckVariant(name) }

func (k known) CheckLink(name names.Link) error {
	if name == names.LinkDirect {
		return nil
	}
	_, err := k.Profiles.Link(string(name))
	return err
}
