// Package declared reads what a user declared for a run. The command and the test binary read it in
// the same way.
//
//  1. [Files] say where the declarations are. [Files.Absolute] makes their paths absolute, for a
//     process that runs in another folder.
//  2. [Read] returns the [Set] of what they declare: a grid and the catalog that it names, hosts,
//     links, and the user's own files in place of the grid's variants. It checks every name in the
//     grid.
//  3. [Set.Combinations] expands the grid for a machine. [Set.Variant] finds the file of a variant,
//     [Set.Title] its name for people.
//
// An error carries the exit code that ends either program.
package declared

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
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

// Files say where things are declared. An empty field stands for what is built in, or for nothing.
type Files struct {
	Grid     string `json:"-"`                  // name of a built-in grid, or a file
	Catalog  string `json:"catalog,omitempty"`  // file, or tinyCatalog; empty means the grid's, or the built-in one
	Fixtures string `json:"fixtures,omitempty"` // folder of the built variants; empty means the grid's, or none
	Models   string `json:"models,omitempty"`   // folder of the user's own .tflite files
	Hosts    string `json:"hosts,omitempty"`    // file of hosts
	Profiles string `json:"profiles,omitempty"` // file of links, devices and hosts, laid over the built-in ones

	fixtures.Choices // for the files in Models
}

// tinyCatalog is the Catalog of the built-in grid tiny, whose models are built in as well.
const tinyCatalog = "tiny"

// A Set is what was declared.
type Set struct {
	Files    Files      // as given, completed by what the grid says
	Grid     *grid.Grid // nil without Files.Grid
	Catalog  *fixtures.Catalog
	Hosts    []offload.Host
	Profiles *profiles.Set
	Own      []fixtures.Variant // nil without Files.Models
}

// Read reads the files and checks the names in the grid.
func Read(f Files) (*Set, error) {
	s := &Set{Files: f, Catalog: fixtures.Default(), Profiles: profiles.BuiltIn()}
	var err error
	if f.Hosts != "" {
		if s.Hosts, err = ReadHosts(f.Hosts); err != nil {
			return nil, err
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
	return s, s.readModels()
}

func (s *Set) readModels() (err error) {
	f := s.Files
	if f.Models == "" {
		if len(f.Shapes) > 0 || len(f.Encodings) > 0 {
			return exit.Errorf(exit.Usage, "--shape and --encoding are for your own files; name their folder: --models")
		}
		return nil
	}
	if s.Own, err = fixtures.OwnFiles(f.Models); err != nil {
		return exit.Errorf(exit.NoData, "--models: %w", err)
	}
	return exit.With(exit.Usage, fixtures.Choose(s.Own, f.Choices))
}

func (s *Set) readGrid() (err error) {
	f := &s.Files
	if f.Grid != "" {
		if s.Grid, err = openGrid(f.Grid); err != nil {
			return exit.With(exit.Usage, err)
		}
		f.Catalog = cmp.Or(f.Catalog, s.Grid.Catalog)
	}
	switch f.Catalog {
	case "":
	case tinyCatalog:
		var models string
		if s.Catalog, models, err = fixtures.Tiny(); err != nil {
			return err
		}
		f.Fixtures = cmp.Or(f.Fixtures, models)
	default:
		if s.Catalog, err = fixtures.ReadCatalog(f.Catalog); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	if s.Grid == nil {
		return nil
	}
	f.Fixtures = cmp.Or(f.Fixtures, s.Grid.Models)
	_, err = s.Grid.Expand(grid.Environment{}, s)
	return exit.With(exit.Usage, err)
}

func openGrid(name string) (*grid.Grid, error) {
	if strings.ContainsAny(name, "/.") {
		return grid.Read(name)
	}
	text, err := grids.FS.ReadFile(name + ".yaml")
	if err != nil {
		files, _ := fs.Glob(grids.FS, "*.yaml") // the pattern is well-formed
		builtIn := strings.ReplaceAll(strings.Join(files, ", "), ".yaml", "")
		return nil, fmt.Errorf("there is no grid %q; want %s, or a file", name, builtIn)
	}
	g, err := grid.Parse("suites/grids/"+name+".yaml", text)
	if err == nil && g.Catalog != "" {
		g.Catalog, g.Models = tinyCatalog, ""
	}
	return g, err
}

// Combinations expands the grid for a machine with this many cores. The user's own files, if there
// are any, replace the grid's variants.
func (s *Set) Combinations(cores int) ([]names.Combination, error) {
	env := grid.Environment{Cores: cores}
	for _, h := range s.Hosts {
		env.Hosts = append(env.Hosts, h.Name)
	}
	for _, v := range s.Own {
		env.Own = append(env.Own, v.Name)
	}
	cs, err := s.Grid.Expand(env, s)
	return cs, exit.With(exit.Usage, err)
}

// Variant returns a variant with its file: the user's own, or one that was built from the catalog.
// A *fixtures.NotBuiltError says that it has to be built.
func (s *Set) Variant(name names.Variant) (fixtures.Variant, error) {
	if i := s.own(name); i >= 0 {
		return s.Own[i], nil
	}
	return s.Catalog.Variant(string(name), s.Files.Fixtures)
}

// own returns the index in Own, -1 for a variant that is not the user's own.
func (s *Set) own(name names.Variant) int {
	return slices.IndexFunc(s.Own, func(v fixtures.Variant) bool { return v.Name == name })
}

// Title returns a variant's name for people: of the user's own, the file's name.
func (s *Set) Title(name names.Variant) string {
	if i := s.own(name); i >= 0 {
		return s.Own[i].Title
	}
	if id, err := s.Catalog.Parse(string(name)); err == nil {
		return id.Title()
	}
	return name.Title()
}

// Absolute returns the files with absolute paths, for a process that runs in another folder.
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

// Hash returns a file's SHA-256 in hexadecimal, by which a run records what it measured and with
// what.
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

// CheckVariant returns an error if the catalog has no such variant.
func (s *Set) CheckVariant(name names.Variant) error { return s.Catalog.CheckVariant(name) }

// CheckLink returns an error if the profiles have no such link.
func (s *Set) CheckLink(name names.Link) error {
	if name == names.LinkDirect {
		return nil
	}
	_, err := s.Profiles.Link(string(name))
	return err
}
