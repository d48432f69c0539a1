package declared

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	aGrid = "about: a test\ncombinations:\n" +
		"  - {model: mobilenet, input: 32, compression: [none, pq], backend: [cpu-all, offload-all], link: mine}\n"
	links = "links:\n  - {name: mine, latency: 1ms, up: 1MB/s, down: 1MB/s, source: a guess}\n"
	hosts = "hosts:\n  - {name: lab, address: '127.0.0.1:1'}\n"
)

func TestSetExpandsItsGridWithWhatElseIsDeclared(t *testing.T) {
	f := Files{Grid: write(t, "g.yaml", aGrid), Profiles: write(t, "p.yaml", links), Hosts: write(t, "h.yaml", hosts)}
	s, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Combinations(4)
	if err != nil || len(got) != 4 {
		t.Fatalf("%v, %v", got, err)
	}
	want := names.Combination{Variant: "model=mobilenet/input=32/compression=pq", Backend: "offload-lab", Link: "mine"}
	if got[3] != want {
		t.Errorf("%+v; want %+v", got[3], want)
	}

	f.Models = filepath.Dir(write(t, "face.tflite", "x"))
	if s, err = Read(f); err != nil {
		t.Fatal(err)
	}
	got, err = s.Combinations(4)
	want = names.Combination{Variant: "model=face", Backend: "cpu4", Link: "none"}
	if err != nil || len(got) != 2 || got[0] != want {
		t.Errorf("own files: %+v, %v; want two, the first %+v", got, err, want)
	}
}

func TestSetNamesTheFileAtFaultAndCarriesAnExitCode(t *testing.T) {
	own := filepath.Dir(write(t, "face.tflite", "x"))
	for _, tt := range []struct {
		name string
		f    Files
		code exit.Code
		want string
	}{
		{"an unknown link", Files{Grid: write(t, "g.yaml", aGrid)}, exit.Usage, `g.yaml:3:`},
		{"an unknown link, own files", Files{Grid: write(t, "g.yaml", aGrid), Models: own}, exit.Usage, `"mine"`},
		{"no such grid", Files{Grid: "nowhere.yaml"}, exit.Usage, "nowhere.yaml"},
		{"a misspelt key", Files{Profiles: write(t, "p.yaml", "lnks: {}\n")}, exit.Usage, "--profiles: "},
		{"no hosts", Files{Hosts: write(t, "h.yaml", "")}, exit.Usage, "--hosts: "},
		{"no own file", Files{Models: t.TempDir()}, exit.NoData, "--models: "},
	} {
		if _, err := Read(tt.f); exit.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: code %d, error %v; want %d and %q", tt.name, exit.CodeOf(err), err, tt.code, tt.want)
		}
	}
}
