package record

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/internal/sheet"
)

// A Terminal is where a verb talks to a person.
type Terminal struct {
	Out, Err io.Writer
}

// Inputs are the files that listing and measuring need. Paths are relative to the working
// directory.
type Inputs struct {
	declared.Files
	LinkEmulation string                   // "client" or "netem"
	Delegates     map[names.Backend]string // libraries of external delegates; empty for none
	Suites        string                   // the test binary; empty: beside the command, or built from the source tree
}

// A Selection is what the user chose to measure, read and checked.
type Selection struct {
	*declared.Set
	in    Inputs
	tree  string // root of the source tree; empty outside it
	built bool   // the inputs say where the built variants are
}

// Select reads what is declared, before the test binary is built or asked anything.
func Select(in Inputs) (*Selection, error) {
	var err error
	if in.Files, err = in.Files.Absolute(); err != nil {
		return nil, err
	}
	s := &Selection{in: in, tree: sourceTree()}
	if s.Set, err = declared.Read(in.Files); err != nil {
		return nil, err
	}
	// The catalog's variants are built into the source tree. Outside it, look below the working
	// directory.
	if s.built = s.Files.Fixtures != ""; !s.built {
		s.Files.Fixtures = filepath.Join(s.tree, "fixtures", "models")
	}
	if s.Files, err = s.Files.Absolute(); err != nil {
		return nil, err
	}
	return s, nil
}

// sourceTree looks for the root of Crossover's source above the working directory, then above the
// command's own file. It returns "" if there is none.
func sourceTree() string {
	wd, _ := os.Getwd() // an empty path has nothing above it
	self, _ := os.Executable()
	for _, dir := range []string{wd, filepath.Dir(self)} {
		for above := ""; dir != above; dir, above = filepath.Dir(dir), dir {
			if _, err := os.Stat(filepath.Join(dir, "suites", "grids")); err == nil {
				return dir
			}
		}
	}
	return ""
}

// Binary returns the suites' test binary, ready for jobs. It logs to the given file. Unless
// the user names it, it is the one beside the command, which make build puts there, or is built
// from the source tree.
func (s *Selection) Binary(ctx context.Context, t Terminal, log *os.File) (rounds.Binary, error) {
	b := rounds.Binary{Log: log, Setup: job.Setup{
		Files: s.Files, LinkEmulation: s.in.LinkEmulation, Delegates: maps.Clone(s.in.Delegates),
	}}
	maps.DeleteFunc(b.Setup.Delegates, func(_ names.Backend, library string) bool { return library == "" })
	path, err := s.suites(ctx, t)
	if err == nil {
		b.Path, err = filepath.Abs(path)
	}
	if err != nil {
		return b, err
	}
	if _, err := os.Stat(b.Path); err != nil {
		return b, exit.Errorf(exit.Usage, "the test binary: %w; make build makes it", err)
	}
	return b, nil
}

func (s *Selection) suites(ctx context.Context, t Terminal) (string, error) {
	const name = "suites.test"
	if s.in.Suites != "" {
		return s.in.Suites, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	if s.tree == "" {
		return "", exit.Errorf(exit.Usage, "no test binary %s beside this command: put it there,"+
			" name it with --suites, or run within Crossover's source tree", name)
	}
	path := filepath.Join(s.tree, ".build", name)
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", path, "./suites")
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.tree, t.Err, t.Err
	if err := cmd.Run(); err != nil {
		return "", exit.Errorf(exit.Usage,
			"build the test binary: %w; cgo needs to know where the library is: eval \"$(make -s env)\"", err)
	}
	return path, nil
}

// TitleOf returns a combination's name for people.
func (s *Selection) TitleOf(c names.Combination) string { return c.Title(s.Title(c.Variant)) }

// About says in a line what is measured.
func (s *Selection) About() string {
	if s.Own != nil {
		return fmt.Sprintf("%s of %s, at the places of grid %s",
			sheet.Count(len(s.Own), "model"), relative(s.Files.Models), s.Grid.Name)
	}
	return "Grid " + s.Grid.Name + ": " + s.Grid.About
}

// GridFile returns where the grid was read from, shortened for people to read.
func (s *Selection) GridFile() string { return relative(s.Grid.File) }

// Check returns the grid's combinations on this machine, and for those that cannot run here the
// reason.
func (s *Selection) Check(ctx context.Context, t Terminal) ([]names.Combination, map[names.Combination]string, error) {
	combinations, err := s.Combinations(runtime.NumCPU())
	if err != nil {
		return nil, nil, err
	}
	log, err := os.CreateTemp("", "crossover-list-*.txt")
	if err != nil {
		return nil, nil, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	binary, err := s.Binary(ctx, t, log)
	if err != nil {
		return nil, nil, err
	}
	lacking, err := binary.Check(ctx, combinations)
	return combinations, lacking, err
}

// FixturesNeeded returns the variants of the built-in catalog that must be built for the grid, in
// its order.
func (s *Selection) FixturesNeeded() ([]names.Variant, error) {
	own := s.Grid.Catalog != "" // make fixtures does not build its variants
	switch {
	case s.in.Models != "" || s.Grid.Models != "" || own && s.built:
		return nil, nil // the files are there already
	case own:
		return nil, exit.Errorf(exit.Usage, "%s: a grid with a catalog of its own must also say where the built models are:"+
			" models: FOLDER", s.Grid.File)
	}
	combinations, err := s.Combinations(runtime.NumCPU())
	return names.Variants(combinations), err
}

// commit returns the commit of the source tree, or outside a tree that of the command's build, with
// "-dirty" appended if files were changed; "" if unknown.
func (s *Selection) commit(ctx context.Context) string {
	if s.tree == "" {
		vcs := map[string]string{}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, v := range info.Settings {
				vcs[v.Key] = v.Value
			}
		}
		if vcs["vcs.revision"] != "" && vcs["vcs.modified"] == "true" {
			return vcs["vcs.revision"] + "-dirty"
		}
		return vcs["vcs.revision"]
	}
	// Without tags and with all digits, git describe prints the commit alone.
	out, _ := exec.CommandContext(ctx, "git", "-C", s.tree, "describe", "--always", "--exclude=*", "--abbrev=64",
		"--dirty").Output()
	return strings.TrimSpace(string(out))
}
