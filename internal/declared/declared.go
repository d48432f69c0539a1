// Package declared reads what a person declared for a run: a grid and the
// catalog it names, hosts, links, and files of their own in the place of the
// grid's variants. The command and the test binary read it alike. Its errors
// have the exit code that they end either with.
package declared

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model/profiles"
)

// Files say where things are declared; an empty name stands for nothing, or for
// what is built in.
type Files struct {
	Grid     string // a grid's file
	Models   string // a folder of .tflite files
	Hosts    string // a file of hosts
	Profiles string // a file of links, devices and hosts, laid over the built-in ones
}

// A Set is what was declared.
type Set struct {
	Grid     *grid.Grid // nil when Files has none
	Catalog  *fixtures.Catalog
	Hosts    []offload.Host
	Profiles *profiles.Set
	Own      []fixtures.Variant // of Files.Models; nil without
}

// Read reads the files and checks the names in the grid.
func Read(f Files) (*Set, error) {
	s := &Set{Catalog: fixtures.Default(), Profiles: profiles.BuiltIn()}
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
	if f.Grid != "" {
		if err := s.readGrid(f.Grid); err != nil {
			return nil, exit.Errorf(exit.Usage, "%w", err)
		}
	}
	if f.Models != "" {
		if s.Own, err = fixtures.OwnFiles(f.Models); err != nil {
			return nil, exit.Errorf(exit.NoData, "--models: %w", err)
		}
	}
	return s, nil
}

func (s *Set) readGrid(file string) (err error) {
	if s.Grid, err = grid.Read(file); err != nil {
		return err
	}
	if s.Grid.Catalog != "" {
		if s.Catalog, err = fixtures.ReadCatalog(s.Grid.Catalog); err != nil {
			return err
		}
	}
	_, err = s.Grid.Expand(grid.Environment{}, known{s})
	return err
}

// Combinations expands the grid for a machine with so many cores: with the
// person's own files, where there are any.
func (s *Set) Combinations(cores int) ([]names.Combination, error) {
	here := grid.Environment{Cores: cores}
	for _, h := range s.Hosts {
		here.Hosts = append(here.Hosts, h.Name)
	}
	if s.Own == nil {
		return s.Grid.Expand(here, known{s})
	}
	var own []names.Variant
	for _, v := range s.Own {
		own = append(own, names.Variant(v.Name))
	}
	return s.Grid.ExpandOwn(here, own), nil
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

func (k known) CheckVariant(name names.Variant) error { return k.Catalog.CheckVariant(string(name)) }

func (k known) CheckLink(name names.Link) error {
	if name == names.LinkDirect {
		return nil
	}
	_, err := k.Profiles.Link(string(name))
	return err
}
