package suites

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// check asks this binary, as its driver does, which combinations cannot run and
// which would fail.
func check(t *testing.T, setup job.Setup, combinations []names.Combination) map[names.Combination]results.EventKind {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := json.Marshal(job.Job{Version: job.Version, Task: job.Check, Setup: setup, Combinations: combinations})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-job")
	cmd.Stdin, cmd.ExtraFiles = bytes.NewReader(text), []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := map[names.Combination]results.EventKind{}
	for events := results.NewEventReader(r); ; {
		ev, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == results.EventEnd {
			break
		}
		got[ev.Combination] = ev.Kind
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return got
}

func TestJobCheckSaysWhatIsSkippedAndWhatFails(t *testing.T) {
	models := filepath.Join(t.TempDir(), "models")
	if err := os.CopyFS(models, os.DirFS("../fixtures/testdata/models")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(models, "tiny-32-pq.tflite")); err != nil {
		t.Fatal(err)
	}
	setup := job.Setup{Files: declared.Files{Catalog: "../fixtures/testdata/catalog.yaml", Fixtures: models}}
	const none, pq = "model=tiny/input=32/compression=none", "model=tiny/input=32/compression=pq"
	want := map[names.Combination]results.EventKind{
		{Variant: none, Backend: "cpu1", Link: names.LinkNone}:              "",
		{Variant: none, Backend: "cpu640", Link: names.LinkNone}:            results.EventSkip,
		{Variant: none, Backend: "npu-vx", Link: names.LinkNone}:            results.EventSkip,
		{Variant: none, Backend: "offload-desk", Link: names.LinkDirect}:    results.EventSkip,
		{Variant: none, Backend: names.OffloadSelf, Link: names.LinkDirect}: "",
		{Variant: pq, Backend: "cpu1", Link: names.LinkNone}:                results.EventFail,
		{Variant: pq, Backend: "cpu640", Link: names.LinkNone}:              results.EventSkip,
		{Variant: pq, Backend: names.OffloadSelf, Link: names.LinkDirect}:   results.EventFail,
	}
	var all []names.Combination
	for c := range want {
		all = append(all, c)
	}
	got := check(t, setup, all)
	for c, want := range want {
		if got[c] != want {
			t.Errorf("%s: %q, want %q", c.Name(), got[c], want)
		}
	}
	t.Setenv("CROSSOVER_TEST_SLOWDOWN", "wrong")
	setup.Fixtures = "../fixtures/testdata/models"
	c := names.Combination{Variant: none, Backend: "cpu1", Link: names.LinkNone}
	if got := check(t, setup, []names.Combination{c}); got[c] != results.EventFail {
		t.Errorf("an error that is not about the machine: %q, want %q", got[c], results.EventFail)
	}
}

func TestJobDescribeHashesOwnFilesAndDelegates(t *testing.T) {
	dir := t.TempDir()
	library := filepath.Join(dir, "libdelegate.so")
	for file, text := range map[string]string{filepath.Join(dir, "mine.tflite"): "abc", library: ""} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	about := func(args ...string) map[string]string {
		t.Helper()
		out, err := exec.Command(os.Args[0], append(args, "-about", "-grid=grids/tiny.yaml")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		var a job.About
		if err := json.NewDecoder(bytes.NewReader(out)).Decode(&a); err != nil {
			t.Fatal(err)
		}
		return a.Hashes
	}
	// The well-known hashes of "abc" and of nothing.
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	got := about("-models="+dir, "-npu="+library, "-gpu=libelsewhere.so")
	if len(got) != 2 || got["model=mine"] != abc || got["npu"] != nothing {
		t.Errorf("hashes %v; want those of model=mine and npu", got)
	}
	if got := about(); len(got) != 3 {
		t.Errorf("hashes %v; want those of the 3 variants of the catalog", got)
	}
}
