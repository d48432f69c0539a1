package suites

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

func TestEmbeddedHostThatDiedIsStartedAgain(t *testing.T) {
	s, err := newSuite("grids/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	c := grid.Combination{Variant: "model=tiny/input=32/compression=pq", Backend: grid.OffloadSelf, Link: "direct"}
	v, err := s.variant(c)
	if err != nil {
		t.Fatal(err)
	}
	serve := func() (pid int) {
		t.Helper()
		b, err := s.backend(c)
		if err != nil {
			t.Fatal(err)
		}
		session, err := b.Open(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		in, out := tensorsOf(t, session)
		if _, err := session.Infer(t.Context(), in, out); err != nil {
			t.Error(err)
		}
		if _, err := s.machineProbe(); err != nil {
			t.Fatal(err)
		}
		return s.self.PID()
	}
	first := serve()
	before := s.probe
	if again := serve(); again != first || s.probe != before {
		t.Errorf("host %d became %d though it lives, or its probe was made anew", first, again)
	}
	if s.self.Ended() {
		t.Error("a host that serves has ended, it says")
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !s.self.Ended(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a killed host has not ended, it says")
		}
	}
	if second := serve(); second == first || s.probe == before {
		t.Errorf("after host %d was killed: host %d, probe made anew: %t", first, second, s.probe != before)
	}
}

// dryRun asks this binary, as its driver does, what cannot run and what fails.
func dryRun(t *testing.T, args ...string) map[grid.Combination]results.EventKind {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0], append(args, "-dry", "-events=3")...)
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := map[grid.Combination]results.EventKind{}
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

func TestDryRunTellsWhatIsSkippedAndWhatFails(t *testing.T) {
	dir := t.TempDir()
	text := `about: what runs, what cannot and what fails
catalog: ` + catalogOf(t) + `
combinations:
  - {model: tiny, input: 32, compression: [none, pq], backend: [cpu1, cpu640, offload-desk, offload-self], link: direct}
`
	file, models := filepath.Join(dir, "g.yaml"), filepath.Join(dir, "models")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(models, os.DirFS("../fixtures/testdata/models")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(models, "tiny-32-pq.tflite")); err != nil {
		t.Fatal(err)
	}
	got := dryRun(t, "-grid="+file, "-fixtures="+models)
	const none, pq = "model=tiny/input=32/compression=none", "model=tiny/input=32/compression=pq"
	for c, want := range map[grid.Combination]results.EventKind{
		{Variant: none, Backend: "cpu1", Link: grid.LinkNone}:      "",
		{Variant: none, Backend: "cpu640", Link: grid.LinkNone}:    results.EventSkip,
		{Variant: none, Backend: "offload-desk", Link: "direct"}:   results.EventSkip,
		{Variant: none, Backend: grid.OffloadSelf, Link: "direct"}: "",
		{Variant: pq, Backend: "cpu1", Link: grid.LinkNone}:        results.EventFail,
		{Variant: pq, Backend: "cpu640", Link: grid.LinkNone}:      results.EventSkip,
		{Variant: pq, Backend: grid.OffloadSelf, Link: "direct"}:   results.EventFail,
	} {
		if got[c] != want {
			t.Errorf("%s: %q, want %q", c.Name(), got[c], want)
		}
	}
	t.Setenv("CROSSOVER_TEST_SLOWDOWN", "wrong")
	got = dryRun(t, "-grid="+file, "-fixtures=../fixtures/testdata/models")
	if c := (grid.Combination{Variant: none, Backend: "cpu1", Link: grid.LinkNone}); got[c] != results.EventFail {
		t.Errorf("an error that is no lack of the machine's: %q, want %q", got[c], results.EventFail)
	}
}

func catalogOf(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../fixtures/testdata/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAboutHashesOwnFilesAndDelegates(t *testing.T) {
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
		var a rounds.About
		if err := json.NewDecoder(bytes.NewReader(out)).Decode(&a); err != nil {
			t.Fatal(err)
		}
		return a.Hashes
	}
	// The hashes of "abc" and of nothing are known to everyone.
	const abc, nothing = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	got := about("-models="+dir, "-npu="+library, "-gpu=libelsewhere.so")
	if len(got) != 2 || got["model=mine"] != abc || got["npu"] != nothing {
		t.Errorf("hashes %v; want those of model=mine and npu", got)
	}
	if got := about(); len(got) != 3 {
		t.Errorf("hashes %v; want those of the 3 variants of the catalog", got)
	}
}
