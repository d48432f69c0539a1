package record_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
)

const tinyEntry = "combinations:\n  - {model: tiny, input: 32, compression: [none, pq], backend: [cpu1, cpu2]}\n"

// folder makes a folder with the given files, and with the tiny catalog as
// catalog.yaml, and moves the test there, out of the source tree.
func folder(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	catalog, err := os.ReadFile("../../fixtures/testdata/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache")) // for the built-in grid tiny
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("catalog.yaml", string(catalog))
	for name, text := range files {
		write(name, text)
	}
	return dir
}

func selectFiles(t *testing.T, f declared.Files) *record.Selection {
	t.Helper()
	s, err := record.Select(record.Inputs{Files: f})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSelectTakesPathsFromTheWorkingDirectoryAndFromTheGrid(t *testing.T) {
	dir := folder(t, map[string]string{
		"grids/own.yaml": "catalog: ../catalog.yaml\nmodels: built\n" + tinyEntry,
		"hosts.yaml":     "hosts:\n  - {name: lab, address: '127.0.0.1:1'}\n",
		"links.yaml":     "links:\n  - {name: mine, latency: 1ms, up: 1MB/s, down: 1MB/s, source: a guess}\n",
	})
	in := declared.Files{Grid: "grids/own.yaml", Hosts: "hosts.yaml", Profiles: "links.yaml"}
	s := selectFiles(t, in)
	want := declared.Files{
		Grid: filepath.Join(dir, "grids/own.yaml"), Catalog: filepath.Join(dir, "catalog.yaml"),
		Fixtures: filepath.Join(dir, "grids/built"),
		Hosts:    filepath.Join(dir, "hosts.yaml"), Profiles: filepath.Join(dir, "links.yaml"),
	}
	if !reflect.DeepEqual(s.Files, want) {
		t.Errorf("files %+v\nwant  %+v", s.Files, want)
	}
	if len(s.Hosts) != 1 || s.GridFile() != "grids/own.yaml" {
		t.Errorf("hosts %v, grid file %s", s.Hosts, s.GridFile())
	}
	c := names.Combination{Variant: "model=tiny/input=32/compression=pq", Backend: "cpu2", Link: names.LinkNone}
	if cs, err := s.Combinations(4); err != nil || len(cs) != 4 || cs[3] != c || s.TitleOf(c) != "Tiny PQ 32 on cpu2" {
		t.Errorf("%v, %v; the last one's title is %q", cs, err, s.TitleOf(c))
	}
	in.Fixtures = "elsewhere"
	if s := selectFiles(t, in); s.Files.Fixtures != filepath.Join(dir, "elsewhere") {
		t.Errorf("the user's folder of built variants became %s", s.Files.Fixtures)
	}
	// The variants of the built-in catalog are where make fixtures would put them.
	if s := selectFiles(t, declared.Files{Grid: "quick"}); s.Files.Fixtures != filepath.Join(dir, "fixtures/models") {
		t.Errorf("outside the source tree the built variants are in %s", s.Files.Fixtures)
	}
	if _, err := record.Select(record.Inputs{Files: declared.Files{Grid: "qick"}}); exit.CodeOf(err) != exit.Usage {
		t.Errorf("an unknown grid: code %d, %v", exit.CodeOf(err), err)
	}
}

func TestSelectionKnowsWhichFixturesAGridNeeds(t *testing.T) {
	folder(t, map[string]string{
		"plain.yaml":    strings.Replace(tinyEntry, "tiny", "mobilenet", 1),
		"models.yaml":   "models: built\n" + strings.Replace(tinyEntry, "tiny", "mobilenet", 1),
		"catalog2.yaml": "catalog: catalog.yaml\n" + tinyEntry,
		"both.yaml":     "catalog: catalog.yaml\nmodels: built\n" + tinyEntry,
		"own/a.tflite":  "x",
	})
	two := []names.Variant{"model=mobilenet/input=32/compression=none", "model=mobilenet/input=32/compression=pq"}
	for _, tt := range []struct {
		what  string
		files declared.Files
		want  []names.Variant
	}{
		{"each variant once, in the grid's order", declared.Files{Grid: "plain.yaml"}, two},
		{"a folder to build into", declared.Files{Grid: "plain.yaml", Fixtures: "built"}, two},
		{"own files in place of the variants", declared.Files{Grid: "plain.yaml", Models: "own"}, nil},
		{"a grid with its models", declared.Files{Grid: "models.yaml"}, nil},
		{"a grid with a catalog and its models", declared.Files{Grid: "both.yaml"}, nil},
		{"the models of a grid's catalog, named", declared.Files{Grid: "catalog2.yaml", Fixtures: "built"}, nil},
		{"models that are built in", declared.Files{Grid: "tiny"}, nil},
	} {
		got, err := selectFiles(t, tt.files).FixturesNeeded()
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.what, got, err, tt.want)
		}
	}
	_, err := selectFiles(t, declared.Files{Grid: "catalog2.yaml"}).FixturesNeeded()
	if exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), "must also say where the built models are") {
		t.Errorf("a catalog without models: code %d, %v", exit.CodeOf(err), err)
	}
}

func TestSelectionHandsTheTestBinaryWhatIsDeclared(t *testing.T) {
	dir := folder(t, map[string]string{"bin/mine.test": ""})
	in := record.Inputs{
		Files: declared.Files{Grid: "quick"}, LinkEmulation: "netem", Suites: "bin/mine.test",
		Delegates: map[names.Backend]string{names.NPU: "/lib/npu.so", names.GPU: ""},
	}
	find := func() (path string, err error) {
		s, err := record.Select(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Binary(t.Context(), record.Terminal{Out: io.Discard, Err: io.Discard}, nil)
		if set := b.Setup; set.LinkEmulation != "netem" || !reflect.DeepEqual(set.Files, s.Files) ||
			len(set.Delegates) != 1 {
			t.Errorf("setup %+v", set)
		}
		return b.Path, err
	}
	if path, err := find(); err != nil || path != filepath.Join(dir, "bin/mine.test") {
		t.Errorf("a binary that is named: %s, %v", path, err)
	}
	for suites, want := range map[string]string{
		"nowhere": "make build makes it", "": "no test binary suites.test beside this command",
	} {
		in.Suites = suites
		if _, err := find(); exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("a binary %q: code %d, %v; want %q", suites, exit.CodeOf(err), err, want)
		}
	}
}

// TestSelectionFindsTheTestBinaryBesideTheCommand runs a copy of itself as the
// command.
func TestSelectionFindsTheTestBinaryBesideTheCommand(t *testing.T) {
	const child = "CROSSOVER_TEST_BESIDE"
	if os.Getenv(child) != "" {
		b, err := selectFiles(t, declared.Files{Grid: "quick"}).Binary(t.Context(), record.Terminal{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("found " + b.Path + "\n")
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("a process knows its own file by another path elsewhere")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	// It is there also where it could be built from the source tree.
	dir := folder(t, map[string]string{"bin/suites.test": "", "suites/grids/empty": "", "elsewhere/empty": ""})
	command := filepath.Join(dir, "bin", "crossover")
	if err := os.WriteFile(command, text, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command, "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = filepath.Join(dir, "elsewhere"), append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	want := "found " + filepath.Join(dir, "bin", "suites.test") + "\n"
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, want %s%s", err, want, out)
	}
}
