package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossover-bench/crossover/internal/results"
)

// suitesDir holds the suites' test binary, once it is built.
var suitesDir string

// suitesBinary builds the suites' test binary once for all tests that measure.
var suitesBinary = sync.OnceValues(func() (binary string, err error) {
	if suitesDir, err = os.MkdirTemp("", "crossover-suites-*"); err != nil {
		return "", err
	}
	binary = filepath.Join(suitesDir, "suites.test")
	cmd := exec.Command("go", "test", "-c", "-o", binary, "./suites")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return binary, nil
})

func needSuites(t *testing.T) string {
	t.Helper()
	binary, err := suitesBinary()
	if err != nil {
		t.Fatalf("build the suites: %v", err)
	}
	return binary
}

// TestBenchScripts runs testdata/bench/*.txt: the verbs that call the test
// binary, on the committed tiny network.
func TestBenchScripts(t *testing.T) {
	binary := needSuites(t)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/bench",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "waitfor": waitFor},
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("SUITES", binary)
			e.Setenv("CROSSOVER_TEST_SETTLE", "500ms")
			e.Setenv("CROSSOVER_TEST_QUIET", "1")
			return os.Symlink(filepath.Join(root, "fixtures"), filepath.Join(e.WorkDir, "fixtures"))
		},
	})
}

// smallGrid is two combinations of the tiny network.
func smallGrid(t *testing.T) (root, grid string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	grid = filepath.Join(t.TempDir(), "small.yaml")
	tiny := filepath.Join(root, "fixtures", "testdata")
	text := "about: two small ones\ncatalog: " + tiny + "/catalog.yaml\nmodels: " + tiny + "/models\n" +
		"combinations:\n  - model: tiny\n    input: 32\n    compression: [none, pq]\n    backend: cpu1\n"
	if err := os.WriteFile(grid, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return root, grid
}

func TestBenchKilledAtRandomMomentsKeepsWholeBlocksAndResumes(t *testing.T) {
	if os.Getenv("CROSSOVER_SLOW") == "" {
		t.Skip("takes a minute; make test-slow runs it")
	}
	binary := needSuites(t)
	root, grid := smallGrid(t)
	out := filepath.Join(t.TempDir(), "results")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript runs the command as this test binary under another name.
	crossover := filepath.Join(t.TempDir(), "crossover")
	if err := os.Symlink(self, crossover); err != nil {
		t.Fatal(err)
	}
	start := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command(crossover, "bench", "--suites", binary, "--grid", grid, "--out", out,
			"--count", "8", "--benchtime", "50ms")
		cmd.Dir, cmd.Env = root, append(os.Environ(),
			"GORACE=atexit_sleep_ms=0", "CROSSOVER_TEST_SETTLE=500ms", "CROSSOVER_TEST_QUIET=1")
		said := new(bytes.Buffer)
		cmd.Stdout, cmd.Stderr = said, said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, said
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	kept := 0
	for i := range 10 {
		cmd, _ := start()
		moment := time.Duration(500+rng.IntN(3500)) * time.Millisecond
		timer := time.AfterFunc(moment, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		err := cmd.Wait()
		timer.Stop()
		run, openErr := results.Open(filepath.Join(out, "latest"))
		if err == nil || openErr == nil && run.Ledger.Complete { // the kill may come while the table is printed
			t.Logf("call %d came to the end", i)
			break
		}
		if openErr != nil {
			if kept == 0 && strings.Contains(openErr.Error(), "no run at") {
				continue // killed before there was a folder
			}
			t.Fatalf("after kill %d: %v", i, openErr)
		}
		if len(run.Blocks) < kept {
			t.Fatalf("kill %d lost blocks: %d, before %d", i, len(run.Blocks), kept)
		}
		kept = len(run.Blocks)
	}
	cmd, said := start()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the last call: %v\n%s", err, said)
	}
	run, err := results.Open(filepath.Join(out, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	if !run.Ledger.Complete || len(run.Blocks) != 16 || len(run.Notes) != 0 {
		t.Errorf("complete %v, %d blocks, want 16 of 2 combinations in 8 rounds; notes %q",
			run.Ledger.Complete, len(run.Blocks), run.Notes)
	}
	folders, err := filepath.Glob(filepath.Join(out, "2*"))
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, folder := range folders {
		run, err := results.Open(folder)
		if err != nil || len(run.Blocks) == 0 {
			continue // killed before its first block
		}
		measured++
		if !run.Ledger.Complete {
			t.Errorf("%s was left with %d blocks: resuming started anew", folder, len(run.Blocks))
		}
	}
	if measured > 2 {
		t.Errorf("%d run folders with blocks: resuming started anew", measured)
	}
}
