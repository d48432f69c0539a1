//go:build linux

package results

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// plannedBlocks is what the child process writes.
const plannedBlocks = 100

func plannedBlock(i int) Block {
	return testBlock([]string{"none", "pq"}[i%2], i/2, 200, time.Millisecond)
}

// TestMain turns this binary into a writer that the test kills.
func TestMain(m *testing.M) {
	dir, limit := os.Getenv("RESULTS_TEST_RESUME"), os.Getenv("RESULTS_TEST_LIMIT")
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := writePlanned(dir, limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// writePlanned resumes the run in dir and writes the planned blocks that it
// lacks. No file may grow beyond limit bytes.
func writePlanned(dir, limit string) error {
	if limit != "" {
		var bytes uint64
		if _, err := fmt.Sscan(limit, &bytes); err != nil {
			return err
		}
		signal.Ignore(unix.SIGXFSZ) // the write returns EFBIG then
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
			return err
		}
	}
	w, run, err := Resume(dir)
	if err != nil {
		return err
	}
	for i := range plannedBlocks {
		b := plannedBlock(i)
		if holds(run, b) {
			continue
		}
		if err := w.AppendBlock(b); err != nil {
			return err
		}
		fmt.Println(i)
		// The parent says when to continue. Without a parent the read fails at once.
		os.Stdin.Read(make([]byte, 1))
	}
	return w.Finish(true, nil)
}

// writer returns a process that continues the run in dir.
func writer(dir string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "RESULTS_TEST_RESUME="+dir)...)
	return cmd
}

func TestWriterKilledLeavesWholeBlocksAndIsResumed(t *testing.T) {
	dir := writeRun(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	before := 0
	for kill := range 10 {
		cmd := writer(dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill it some blocks later, at any place within a block.
		committed := 0
		for range 1 + rng.IntN(5) {
			var i int
			if _, err := fmt.Fscan(out, &i); err != nil {
				t.Fatal(err)
			}
			committed++
			if _, err := in.Write([]byte{'\n'}); err != nil {
				t.Fatal(err)
			}
		}
		for end := time.Now().Add(time.Duration(rng.IntN(3000)) * time.Microsecond); time.Now().Before(end); {
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		run := mustOpen(t, dir)
		if len(run.Blocks) < before+committed {
			t.Fatalf("kill %d: %d blocks are readable; %d were there and %d more were committed",
				kill, len(run.Blocks), before, committed)
		}
		for i, b := range run.Blocks {
			if !reflect.DeepEqual(b, plannedBlock(i)) {
				t.Fatalf("kill %d: block %d is not as it was written", kill, i)
			}
		}
		before = len(run.Blocks)
		readBenchPrefix(t, dir)
	}
	if out, err := writer(dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := mustOpen(t, dir)
	if len(run.Blocks) != plannedBlocks || !run.Ledger.Complete || len(run.Notes) != 0 {
		t.Errorf("%d blocks, complete: %v, notes %q", len(run.Blocks), run.Ledger.Complete, run.Notes)
	}
	if names := readBenchFile(t, dir); len(names) != plannedBlocks {
		t.Errorf("bench.txt has %d lines, want %d", len(names), plannedBlocks)
	}
}

// readBenchPrefix checks that benchfmt reads the complete lines of bench.txt.
func readBenchPrefix(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	whole := string(text[:strings.LastIndexByte(string(text), '\n')+1])
	if err := os.WriteFile(filepath.Join(copied, "bench.txt"), []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	readBenchFile(t, copied)
}

func TestWriterSurvivesAFileSizeLimit(t *testing.T) {
	dir := writeRun(t)
	out, err := writer(dir, "RESULTS_TEST_LIMIT=20000").CombinedOutput()
	if err == nil || !strings.Contains(string(out), unix.EFBIG.Error()) || !strings.Contains(string(out), dir) {
		t.Fatalf("%v: %s", err, out)
	}
	run := mustOpen(t, dir)
	if len(run.Blocks) == 0 || len(run.Blocks) == plannedBlocks {
		t.Fatalf("%d blocks", len(run.Blocks))
	}
	if out, err := writer(dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if run := mustOpen(t, dir); len(run.Blocks) != plannedBlocks {
		t.Errorf("%d blocks after resuming", len(run.Blocks))
	}
}

// unprivileged runs f in a thread to which permissions apply, even for root.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err = unix.Setfsuid(65534); err == nil {
			f()
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriterKeepsBlocksWhenTheFolderBecomesReadOnly(t *testing.T) {
	parent, err := os.MkdirTemp("", "results") //nolint:usetesting // another user must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o777); err != nil {
		t.Fatal(err)
	}
	blocks := threeBlocks()
	unprivileged(t, func() {
		w, err := Create(parent, testMeta())
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		if err := w.AppendBlock(blocks[0]); err != nil {
			t.Error(err)
		}
		if err := os.Chmod(w.Dir(), 0o555); err != nil {
			t.Error(err)
		}
		err = w.AppendBlock(blocks[1])
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), w.Dir()) {
			t.Errorf("writing into a read-only folder: %v", err)
		}
		w.Close()
		if run := mustOpen(t, w.Dir()); len(run.Blocks) != 2 {
			t.Errorf("%d blocks are readable, want 2", len(run.Blocks))
		}
		if _, _, err := Resume(w.Dir()); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("resuming in a read-only folder: %v", err)
		}
		if err := os.Chmod(w.Dir(), 0o755); err != nil {
			t.Error(err)
		}
		w, _, err = Resume(w.Dir())
		if err != nil {
			t.Error(err)
			return
		}
		if err := w.AppendBlock(blocks[2]); err != nil {
			t.Error(err)
		}
		w.Close()
		if run := mustOpen(t, w.Dir()); !reflect.DeepEqual(run.Blocks, blocks) {
			t.Errorf("%d blocks after resuming", len(run.Blocks))
		}
	})
	if err := os.Chmod(parent, 0o555); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, func() {
		_, err := Create(parent, testMeta())
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), parent) {
			t.Errorf("a read-only results folder: %v", err)
		}
	})
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
}

// FuzzOpen opens run folders with any text in their files. Open returns an error
// or valid data, and never panics.
func FuzzOpen(f *testing.F) {
	dir := writeRun(f, testBlock("none", 0, 8, time.Millisecond), testBlock("pq", 0, 8, time.Millisecond))
	var seed [3][]byte
	for i, name := range []string{"samples.csv.gz", "bench.txt", "run.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		seed[i] = text
	}
	f.Add(gunzip(f, seed[0]), seed[1], seed[2])
	f.Fuzz(func(t *testing.T, table, bench, record []byte) {
		dir := t.TempDir()
		writeRunFiles(t, dir, map[string][]byte{
			"samples.csv.gz": gzipped(t, table), "bench.txt": bench, "run.json": record,
		})
		run, err := Open(dir)
		if err != nil {
			return
		}
		for i := range run.Blocks {
			if err := run.Blocks[i].check(); err != nil {
				t.Errorf("block %d: %v", i, err)
			}
		}
	})
}
