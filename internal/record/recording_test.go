package record

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/rounds"
)

// TestRecordingIsResumedOnlyByTheSameMethod changes one thing after another that
// two parts of a run must have in common.
func TestRecordingIsResumedOnlyByTheSameMethod(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const links = "links:\n  - {name: mine, latency: 1ms, up: 1MB/s, down: 1MB/s, source: a guess}\n"
	write("suites.test", "one build")
	write("hosts.yaml", "hosts:\n  - {name: i9, recorded: latest, backend: cpu4}\n")
	write("links.yaml", links)
	for _, run := range []string{"first", "second"} {
		if err := os.Mkdir(run, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	point := func(run string) {
		_ = os.Remove("latest")
		if err := os.Symlink(run, "latest"); err != nil {
			t.Fatal(err)
		}
	}
	point("first")
	r := recording{
		effort: Effort{Block: time.Second}, binary: rounds.Binary{Path: "suites.test", Setup: job.Setup{
			Files: declared.Files{Fixtures: "/models"}, Delegates: map[names.Backend]string{names.NPU: "/npu.so"},
		}},
	}
	method := func() map[string]string {
		t.Helper()
		set, err := declared.Read(declared.Files{Hosts: "hosts.yaml", Profiles: "links.yaml"})
		if err != nil {
			t.Fatal(err)
		}
		r.selection = &Selection{Set: set}
		m, err := r.method()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := method()
	if !maps.Equal(before, method()) {
		t.Error("the same method differs from itself")
	}
	setup := &r.binary.Setup
	for what, change := range map[string]func(){
		"the block":                    func() { r.effort.Block = time.Minute },
		"the seed that was asked for":  func() { r.effort.Seed = 7 },
		"the test binary":              func() { write("suites.test", "another build") },
		"the profiles":                 func() { write("links.yaml", "# mine\n"+links) },
		"the run of a recorded host":   func() { point("second") },
		"the folder of built variants": func() { setup.Fixtures = "/others" },
		"the link's emulation":         func() { setup.LinkEmulation = "netem" },
		"a delegate":                   func() { setup.Delegates = nil },
	} {
		change()
		after := method()
		if maps.Equal(before, after) {
			t.Errorf("%s changed, and the method did not", what)
		}
		before = after
	}
	if err := os.Remove("suites.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.method(); exit.CodeOf(err) != exit.Usage {
		t.Errorf("without a test binary: code %d, %v", exit.CodeOf(err), err)
	}
}

func TestRecordingNamesItsGridByContent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	of := func(text string) string {
		t.Helper()
		g, err := grid.Parse(file, []byte(text+"combinations: [{model: m, input: 1, compression: pq, backend: cpu1}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		named := gridOf(g)
		if named.Name != "own" || named.Path != file {
			t.Errorf("%+v", named)
		}
		return named.SHA256
	}
	if a, b := of(""), of("about: x\n"); a == b || len(a) != 64 || a != of("") {
		t.Errorf("two contents have the hashes %s and %s", a, b)
	}
}

func TestRecordingModelsEnergyForTheDevice(t *testing.T) {
	set, err := declared.Read(declared.Files{})
	if err != nil {
		t.Fatal(err)
	}
	s := &Selection{Set: set}
	if m, err := s.model(Effort{Device: "imx8mp"}); err != nil || m.Device.Name != "imx8mp" || m.Idle.Name != "high" {
		t.Errorf("a device waits in its first idle mode: %+v, %v", m, err)
	}
	if m, err := s.model(Effort{Device: "none"}); m != nil || err != nil {
		t.Errorf("no device: %+v, %v", m, err)
	}
	for _, wrong := range []Effort{{Device: "toaster"}, {Device: "imx8mp", Idle: "asleep"}} {
		if _, err := s.model(wrong); exit.CodeOf(err) != exit.Usage {
			t.Errorf("%+v: code %d, %v", wrong, exit.CodeOf(err), err)
		}
	}
}
