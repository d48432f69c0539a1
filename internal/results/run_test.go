package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
)

var started = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

func testMeta() Meta {
	return Meta{
		Started: started, Seed: 7, Procs: 2, Grid: Grid{Name: "quick"},
		Config: map[string]string{"machine": "test-1234", "weights": "random", "interleaved": "yes"},
	}
}

func combination(compression string) grid.Combination {
	return grid.Combination{Variant: names.Variant("model=mobilenet/input=32/compression=" + compression), Backend: "cpu1", Link: grid.LinkNone}
}

// testBlock is a block with a first inference, two of warm-up and n steady
// ones around latency.
func testBlock(compression string, round, n int, latency time.Duration) Block {
	b := Block{
		Combination: combination(compression), Round: round,
		Start: started.Add(time.Duration(round) * time.Minute), Open: 29*time.Millisecond + 1,
		Warmup: Warmup{Settled: true, Runs: 2, Time: 2 * latency, Reason: "settled"},
	}
	for i := range n + 3 {
		s := Sample{
			Phase: PhaseSteady, At: time.Duration(i) * latency, Total: latency + time.Duration(i%7)*time.Microsecond,
			Fill: time.Microsecond, Exec: latency - time.Microsecond,
		}
		switch {
		case i == 0:
			s.Phase = PhaseFirst
		case i < 3:
			s.Phase = PhaseWarmup
		case i == 5:
			s.Mark = MarkForeignLoad | MarkLost
		}
		b.Samples = append(b.Samples, s)
	}
	return b
}

// record writes a run of the given blocks and returns its folder.
func writeRun(t testing.TB, blocks ...Block) string {
	t.Helper()
	w, err := Create(t.TempDir(), testMeta())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if err := w.AppendBlock(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

func mustOpen(t testing.TB, dir string) *Run {
	t.Helper()
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// readBenchFile returns the names in bench.txt as benchfmt reads them.
func readBenchFile(t testing.TB, dir string) (names []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := benchfmt.NewReader(f, f.Name())
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Fatal(rec)
		case *benchfmt.Result:
			names = append(names, string(rec.Name))
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return names
}

func TestRunIsReadAsItWasWritten(t *testing.T) {
	blocks := []Block{testBlock("none", 0, 40, time.Millisecond), testBlock("pq", 0, 700, 2*time.Millisecond), testBlock("none", 1, 5, time.Second)}
	blocks[1].Samples[7].Sent, blocks[1].Samples[7].Received, blocks[1].Samples[7].Lateness = 3072, 100, -time.Microsecond
	blocks[1].Drift, blocks[1].NsPerOp = -0.25, 2001234.5
	parent := t.TempDir()
	w, err := Create(parent, testMeta())
	if err != nil {
		t.Fatal(err)
	}
	declared := []grid.Combination{combination("none"), combination("pq"), combination("pwq"), combination("w")}
	steps := []error{
		w.Declare(declared, 2),
		w.AppendBlock(blocks[0]), w.AppendBlock(blocks[1]),
		w.Skip(combination("w"), "4 threads: this machine has 2 cores"), w.Skip(combination("w"), "again"),
		w.Fail(combination("pwq"), 1, "crashed: SIGSEGV"),
		w.AppendBlock(blocks[2]),
		w.Finish(true, func(m *Meta, _ *Ledger) { m.Commit = "abc" }),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	if base := filepath.Base(w.Dir()); base != "20260301T123000Z" {
		t.Errorf("the folder is named %s", base)
	}
	run := mustOpen(t, filepath.Join(parent, "latest"))
	if len(run.Notes) != 0 {
		t.Errorf("notes %q on a whole run", run.Notes)
	}
	if !reflect.DeepEqual(run.Blocks, blocks) {
		t.Errorf("blocks differ from those written:\n%+v\n%+v", run.Blocks, blocks)
	}
	if !run.Ledger.Complete || run.Meta.Commit != "abc" || run.Meta.Ended.IsZero() || run.Meta.Seed != 7 {
		t.Errorf("meta %+v, ledger %+v", run.Meta, run.Ledger)
	}
	if want := []Tally{{combination("none"), 2}, {combination("pq"), 1}}; !reflect.DeepEqual(run.Ledger.Run, want) {
		t.Errorf("ledger counts %v, want %v", run.Ledger.Run, want)
	}
	if want := []Outcome{{combination("w"), 0, "4 threads: this machine has 2 cores"}}; !reflect.DeepEqual(run.Ledger.Skipped, want) {
		t.Errorf("skipped %v, want %v", run.Ledger.Skipped, want)
	}
	if want := []Outcome{{combination("pwq"), 1, "crashed: SIGSEGV"}}; !reflect.DeepEqual(run.Ledger.Failed, want) {
		t.Errorf("failed %v, want %v", run.Ledger.Failed, want)
	}
	if want := []grid.Combination{combination("pwq")}; !slices.Equal(run.Missing(), want) {
		t.Errorf("missing %v, want %v", run.Missing(), want)
	}
	if !run.Has(combination("none"), 1) || run.Has(combination("pq"), 1) {
		t.Error("Has does not tell rounds apart")
	}
	if _, _, err := Resume(w.Dir()); err == nil || !strings.Contains(err.Error(), "complete") {
		t.Errorf("resuming a complete run: %v", err)
	}
}

func TestBenchmarkFileIsGoldenAndReadByBenchfmt(t *testing.T) {
	dir := writeRun(t, testBlock("none", 0, 700, time.Millisecond), testBlock("pq", 0, 40, 500*time.Microsecond))
	got, err := os.ReadFile(filepath.Join(dir, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/bench.txt"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("bench.txt differs from %s (UPDATE_GOLDEN=1 rewrites it):\n%s", golden, got)
	}
	if names := readBenchFile(t, dir); len(names) != 2 || names[1] != "Inference/"+combination("pq").Name()+"-2" {
		t.Errorf("benchfmt reads %q", names)
	}
}

func TestTwoRunsInOneSecondGetTwoFolders(t *testing.T) {
	parent := t.TempDir()
	for _, want := range []string{"20260301T123000Z", "20260301T123000Z-2", "20260301T123000Z-3"} {
		w, err := Create(parent, testMeta())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if got := filepath.Base(w.Dir()); got != want {
			t.Errorf("folder %s, want %s", got, want)
		}
		if link, _ := os.Readlink(filepath.Join(parent, "latest")); link == want {
			t.Errorf("latest points to %s, which holds no block yet", link)
		}
		if err := w.AppendBlock(testBlock("none", 0, 3, time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if link, err := os.Readlink(filepath.Join(parent, "latest")); err != nil || link != want {
			t.Errorf("latest points to %s (%v), want %s", link, err, want)
		}
	}
}

func TestNewestIsTheNewestThatIsWanted(t *testing.T) {
	parent := t.TempDir()
	for i, grid := range []string{"quick", "thesis", "quick"} {
		m := testMeta()
		m.Grid.Name, m.Started = grid, started.Add(time.Duration(i)*time.Hour)
		w, err := Create(parent, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AppendBlock(testBlock("none", 0, 3, time.Millisecond)); err != nil { // sets latest
			t.Fatal(err)
		}
		w.Close()
	}
	of := func(name string) string {
		return filepath.Base(Newest(parent, func(m *Meta, l *Ledger) bool { return m.Grid.Name == name && len(l.Run) == 1 }))
	}
	if got := of("thesis"); got != "20260301T133000Z" {
		t.Errorf("the newest thesis run is %s", got)
	}
	if got := of("quick"); got != "20260301T143000Z" {
		t.Errorf("the newest quick run is %s", got)
	}
	if got := Newest(parent, func(*Meta, *Ledger) bool { return false }); got != "" {
		t.Errorf("none is wanted, got %s", got)
	}
}

func TestRunsAreTheSameOnlyWhenAllThatMattersIs(t *testing.T) {
	a, later := testMeta(), testMeta()
	later.Started, later.Seed = started.Add(time.Hour), 8
	if !a.Same(&later) {
		t.Error("the time and the drawn seed make a difference")
	}
	for what, change := range map[string]func(*Meta){
		"commit": func(m *Meta) { m.Commit = "1234" }, "grid": func(m *Meta) { m.Grid.SHA256 = "1234" },
		"config": func(m *Meta) { m.Config = map[string]string{"machine": "other"} },
		"method": func(m *Meta) { m.Method = map[string]string{"block": "1s"} },
		"model":  func(m *Meta) { m.Hashes = map[string]string{"model=face": "1234"} },
		"soak":   func(m *Meta) { m.Sustained = true },
	} {
		b := testMeta()
		change(&b)
		if a.Same(&b) {
			t.Errorf("another %s makes no difference", what)
		}
	}
}

func TestASustainedRunsFiguresAreThoseOfItsTable(t *testing.T) {
	m := testMeta()
	m.Sustained = true
	w, err := Create(t.TempDir(), m)
	if err != nil {
		t.Fatal(err)
	}
	b := testBlock("none", 0, 20, time.Millisecond)
	for i := range b.Samples { // most are throttled, and slower
		if b.Samples[i].Mark = 0; b.Samples[i].Phase == PhaseSteady && i%4 != 0 {
			b.Samples[i].Mark, b.Samples[i].Total = MarkThrottled, 2*time.Millisecond
		}
	}
	if err := w.AppendBlock(b); err != nil {
		t.Fatal(err)
	}
	w.Close()
	run := mustOpen(t, w.Dir())
	text, err := os.ReadFile(filepath.Join(w.Dir(), "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if median := Summarize(run)[0].Median; median != 0.002 || !bytes.Contains(text, []byte(" 0.002 p50-sec")) {
		t.Errorf("the table's median is %v; bench.txt:\n%s", median, text)
	}
}

func TestBlockIsKeptOnce(t *testing.T) {
	w, err := Create(t.TempDir(), testMeta())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := testBlock("none", 0, 10, time.Millisecond)
	if err := w.AppendBlock(b); err != nil {
		t.Fatal(err)
	}
	if err := w.AppendBlock(b); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second block of the round: %v", err)
	}
	empty := testBlock("pq", 0, 10, time.Millisecond)
	empty.Samples = empty.Samples[:3]
	if err := w.AppendBlock(empty); !errors.Is(err, ErrNoSteady) {
		t.Errorf("a block without steady samples: %v", err)
	}
	b.Round = 1
	if err := w.AppendBlock(b); err != nil {
		t.Errorf("a refused block must not close the run: %v", err)
	}
}

// What could not be measured in the first part of a run and was in the second is
// neither skipped nor failed, but for the account.
func TestWhatTheSecondPartMeasuresIsTakenBack(t *testing.T) {
	dir := writeRun(t, testBlock("none", 0, 4, time.Millisecond))
	resumed := func() *Writer {
		t.Helper()
		w, _, err := Resume(dir)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := resumed()
	probe, crash, other := Outcome{combination("pq"), ProbeRound, "hung"}, Outcome{combination("none"), 1, "crashed"}, Outcome{combination("none"), 2, "crashed"}
	err := errors.Join(w.Skip(combination("pwq"), "the host does not answer"), w.Fail(probe.Combination, probe.Round, probe.Reason),
		w.Fail(crash.Combination, crash.Round, crash.Reason), w.Fail(other.Combination, other.Round, other.Reason), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	w = resumed()
	if err := errors.Join(w.Skip(combination("w"), "the host does not answer"), w.Fail(combination("w"), ProbeRound, "hung"), w.Fail(probe.Combination, probe.Round, "hung again")); err != nil {
		t.Fatal(err)
	}
	hung := Outcome{combination("w"), ProbeRound, "hung"}
	probe.Reason = "hung again"
	for _, b := range []Block{testBlock("none", 1, 4, time.Millisecond), testBlock("pq", 0, 4, time.Millisecond), testBlock("pwq", 0, 4, time.Millisecond)} {
		if err := w.AppendBlock(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(true, nil); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, dir).Ledger
	if len(l.Skipped) != 0 || !slices.Equal(l.Failed, []Outcome{other, hung}) || !slices.Equal(l.Mended, []Outcome{crash, probe}) {
		t.Errorf("skipped %v, failed %v, mended %v", l.Skipped, l.Failed, l.Mended)
	}
}

func TestARunWithABlockIsNotDiscarded(t *testing.T) {
	dir := writeRun(t, testBlock("none", 0, 4, time.Millisecond))
	w, _, err := Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(); err == nil {
		t.Error("a run with a block was discarded")
	}
	w.Close()
	mustOpen(t, dir)
	if w, _, err = Resume(writeRun(t)); err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("discarded, but %v", err)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	w, err := Create(t.TempDir(), testMeta())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume(w.Dir()); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second writer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, _, err = Resume(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}

// TestKillAtAnyByteLeavesWholeBlocks cuts the two growing files at many of the
// bytes that a kill could leave: Open reads all whole blocks, Resume completes the
// run, and nothing is there twice.
func TestKillAtAnyByteLeavesWholeBlocks(t *testing.T) {
	blocks := []Block{testBlock("none", 0, 8, time.Millisecond), testBlock("pq", 0, 8, time.Millisecond), testBlock("none", 1, 8, time.Millisecond)}
	dir := writeRun(t, blocks...)
	whole := readRunFiles(t, dir)

	// What the folder looks like before the third block.
	before := readRunFiles(t, writeRun(t, blocks[:2]...))
	try := func(name string, samples, bench []byte, record []byte, want int) {
		t.Helper()
		d := t.TempDir()
		for file, text := range map[string][]byte{"samples.csv.gz": samples, "bench.txt": bench, "run.json": record} {
			if err := os.WriteFile(filepath.Join(d, file), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run, err := Open(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(run.Blocks, blocks[:want]) {
			t.Fatalf("%s: %d blocks were read, want the first %d", name, len(run.Blocks), want)
		}
		cut := len(samples) != len(before["samples.csv.gz"]) && want == 2 || len(bench) != len(whole["bench.txt"]) && want == 3
		if cut != (len(run.Notes) > 0) {
			t.Fatalf("%s: notes %q", name, run.Notes)
		}
		w, _, err := Resume(d)
		if err != nil {
			t.Fatalf("%s: resume: %v", name, err)
		}
		for _, b := range blocks {
			if !w.Has(b.Combination, b.Round) {
				if err := w.AppendBlock(b); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if err := w.Finish(true, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run = mustOpen(t, d)
		if !reflect.DeepEqual(run.Blocks, blocks) || len(run.Notes) != 0 {
			t.Fatalf("%s: after resuming: %d blocks, notes %q", name, len(run.Blocks), run.Notes)
		}
		if names := readBenchFile(t, d); len(names) != 3 {
			t.Fatalf("%s: bench.txt has %d lines after resuming", name, len(names))
		}
	}
	s, b := whole["samples.csv.gz"], whole["bench.txt"]
	for end := len(before["samples.csv.gz"]); end < len(s); end += 13 {
		try(fmt.Sprintf("samples cut at %d", end), s[:end], before["bench.txt"], before["run.json"], 2)
	}
	for end := len(before["bench.txt"]); end <= len(b); end += 31 {
		try(fmt.Sprintf("bench.txt cut at %d", end), s, b[:end], before["run.json"], 3)
	}
	try("run.json behind", s, b, before["run.json"], 3)
}

func readRunFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range []string{"samples.csv.gz", "bench.txt", "run.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}

func TestDamageIsAnErrorThatNamesThePlace(t *testing.T) {
	blocks := []Block{testBlock("none", 0, 8, time.Millisecond), testBlock("pq", 0, 8, time.Millisecond)}
	other, err := encodeMember(&blocks[1], false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		damage func(files map[string][]byte)
		want   []string
	}{
		{"a flipped bit in a block", func(f map[string][]byte) { f["samples.csv.gz"][60] ^= 4 }, []string{"samples.csv.gz", "block 1"}},
		{"something between the blocks", func(f map[string][]byte) {
			f["samples.csv.gz"] = append(f["samples.csv.gz"], "something else that is no gzip member"...)
		}, []string{"samples.csv.gz", "block 3"}},
		{"a block twice", func(f map[string][]byte) { f["samples.csv.gz"] = append(f["samples.csv.gz"], other...) }, []string{"samples.csv.gz", "block 3", "repeats"}},
		{"no blocks where some were counted", func(f map[string][]byte) { f["samples.csv.gz"] = nil }, []string{"samples.csv.gz", "lost"}},
		{"a damaged line of bench.txt", func(f map[string][]byte) {
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte(" ns/op"), []byte(""), 1)
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte("-2 8 "), []byte("-2 eight "), 1)
		}, []string{"bench.txt:17", "iteration count"}},
		{"a line of another block", func(f map[string][]byte) {
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte("compression=none"), []byte("compression=pwq"), 1)
		}, []string{"bench.txt:17", "compression=pwq", "block 1"}},
		{"a line without a block", func(f map[string][]byte) {
			f["bench.txt"] = append(f["bench.txt"], "BenchmarkInference/x 1 5 ns/op\n"...)
		}, []string{"bench.txt:19", "no block"}},
		{"run.json cut", func(f map[string][]byte) { f["run.json"] = f["run.json"][:40] }, []string{"run.json:"}},
		{"run.json with a wrong type", func(f map[string][]byte) {
			f["run.json"] = bytes.Replace(f["run.json"], []byte(`"seed": 7`), []byte(`"seed": "7"`), 1)
		}, []string{"run.json:4", "seed"}},
	} {
		dir := writeRun(t, blocks...)
		files := readRunFiles(t, dir)
		c.damage(files)
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(dir)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.name, err, want)
			}
		}
	}
}

func TestFolderThatIsNoRunIsNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "nothing")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("no run.json: %v", err)
	}
}

// fullDisk is a disk with room for a number of bytes.
type fullDisk struct {
	room int
}

type fullFile struct {
	*os.File
	disk *fullDisk
}

func (d *fullDisk) append(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return &fullFile{f, d}, err
}

func (d *fullDisk) create(path string) (file, error) {
	f, err := os.Create(path)
	return &fullFile{f, d}, err
}

func (f *fullFile) Write(p []byte) (int, error) {
	n := min(len(p), f.disk.room)
	f.disk.room -= n
	n, err := f.File.Write(p[:n])
	if err == nil && n < len(p) {
		err = &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

// TestFullDiskKeepsWhatWasWritten lets the disk fill up at many places of a
// run: the error says so, all committed blocks are readable, and the run goes
// on once there is room.
func TestFullDiskKeepsWhatWasWritten(t *testing.T) {
	blocks := []Block{testBlock("none", 0, 8, time.Millisecond), testBlock("pq", 0, 8, time.Millisecond), testBlock("none", 1, 8, time.Millisecond)}
	finished := false
	for room := 0; !finished; room += 151 {
		disk := &fullDisk{room: room}
		w, err := create(t.TempDir(), testMeta(), disk)
		if err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("room for %d bytes: %v", room, err)
			}
			continue
		}
		committed := 0
		for _, b := range blocks {
			if err = w.AppendBlock(b); err != nil {
				break
			}
			committed++
		}
		finished = err == nil
		if !finished {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), w.Dir()) || !strings.Contains(err.Error(), "resumed") {
				t.Fatalf("room for %d bytes: error %v", room, err)
			}
			if again := w.AppendBlock(blocks[2]); !errors.Is(again, syscall.ENOSPC) {
				t.Fatalf("room for %d bytes: after the failure: %v", room, again)
			}
		}
		w.Close()
		run := mustOpen(t, w.Dir())
		// The block whose line or record failed to follow is whole, too.
		if n := len(run.Blocks); n < committed || n > committed+1 || n > 0 && !reflect.DeepEqual(run.Blocks, blocks[:n:n]) {
			t.Fatalf("room for %d bytes: %d blocks are readable, %d were committed", room, n, committed)
		}
		w, run, err = Resume(w.Dir())
		if err != nil {
			t.Fatalf("room for %d bytes: resume: %v", room, err)
		}
		for _, b := range blocks[len(run.Blocks):] {
			if err := w.AppendBlock(b); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if run := mustOpen(t, w.Dir()); !reflect.DeepEqual(run.Blocks, blocks) || len(run.Notes) != 0 {
			t.Fatalf("room for %d bytes: after resuming %d blocks, notes %q", room, len(run.Blocks), run.Notes)
		}
	}
}

func TestConfigurationThatBenchCannotCarryIsRefused(t *testing.T) {
	for _, config := range []map[string]string{{"commit": "abc"}, {"cpu": "a\nb"}} {
		meta := testMeta()
		meta.Config = config
		if _, err := Create(t.TempDir(), meta); err == nil {
			t.Errorf("configuration %v was taken", config)
		}
	}
}

func TestNameWithBlanksIsRefused(t *testing.T) {
	w, err := Create(t.TempDir(), testMeta())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := testBlock("none", 0, 8, time.Millisecond)
	b.Combination.Variant = "model=my net"
	if err := w.AppendBlock(b); err == nil || !strings.Contains(err.Error(), "blanks") {
		t.Errorf("error %v", err)
	}
}

func TestSecondsAreExact(t *testing.T) {
	for _, d := range []time.Duration{0, 1, -1, time.Second, 1234567890123, -time.Millisecond} {
		if got, err := parseSeconds(formatSeconds(d)); err != nil || got != d {
			t.Errorf("%d ns is written %q and read %d (%v)", d, formatSeconds(d), got, err)
		}
	}
	for _, s := range []string{"1", "1.5", "x.000000000", ".000000000", "--1.000000000", "1.00000000x", "+1.000000000"} {
		if d, err := parseSeconds(s); err == nil {
			t.Errorf("%q was read as %d", s, d)
		}
	}
}
