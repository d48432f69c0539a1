package results

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/names"
)

var started = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

func testMeta() Meta {
	return Meta{
		Started: started, Seed: 7, Procs: 2, Grid: Grid{Name: "quick"},
		Config: map[string]string{"machine": "test-1234", "weights": "random", "interleaved": "yes"},
	}
}

func combination(compression string) names.Combination {
	return names.Combination{
		Variant: names.Variant("model=mobilenet/input=32/compression=" + compression),
		Backend: "cpu1", Link: names.LinkNone,
	}
}

// testBlock returns a block with a first inference, two of warm-up and n steady
// ones of about latency.
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
			s.Mark, s.Lost = MarkForeignLoad|MarkLost, 2
		}
		b.Samples = append(b.Samples, s)
	}
	return b
}

// threeBlocks returns two rounds of one combination, and one of another.
func threeBlocks() []Block {
	return []Block{
		testBlock("none", 0, 8, time.Millisecond),
		testBlock("pq", 0, 8, time.Millisecond),
		testBlock("none", 1, 8, time.Millisecond),
	}
}

// holds reports whether the run has b's block.
func holds(run *Run, b Block) bool {
	return slices.ContainsFunc(run.Blocks, func(o Block) bool {
		return o.Combination == b.Combination && o.Round == b.Round
	})
}

// writeRun writes a run of the given blocks and returns its folder.
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
	blocks := []Block{
		testBlock("none", 0, 40, time.Millisecond),
		testBlock("pq", 0, 700, 2*time.Millisecond),
		testBlock("none", 1, 5, time.Second),
	}
	s := &blocks[1].Samples[7]
	s.Sent, s.Received, s.Lateness = 3072, 100, -time.Microsecond
	blocks[1].Drift, blocks[1].NsPerOp = -0.25, 2001234.5
	parent := t.TempDir()
	w, err := Create(parent, testMeta())
	if err != nil {
		t.Fatal(err)
	}
	declared := []names.Combination{combination("none"), combination("pq"), combination("pwq"), combination("w")}
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
	want := []Tally{{combination("none"), 2, nil}, {combination("pq"), 1, nil}}
	if !reflect.DeepEqual(run.Ledger.Run, want) {
		t.Errorf("ledger counts %v, want %v", run.Ledger.Run, want)
	}
	skipped := []Outcome{{combination("w"), 0, "4 threads: this machine has 2 cores"}}
	if !reflect.DeepEqual(run.Ledger.Skipped, skipped) {
		t.Errorf("skipped %v, want %v", run.Ledger.Skipped, skipped)
	}
	failed := []Outcome{{combination("pwq"), 1, "crashed: SIGSEGV"}}
	if !reflect.DeepEqual(run.Ledger.Failed, failed) {
		t.Errorf("failed %v, want %v", run.Ledger.Failed, failed)
	}
	if want := []names.Combination{combination("pwq")}; !slices.Equal(run.Missing(), want) {
		t.Errorf("missing %v, want %v", run.Missing(), want)
	}
	if _, _, err := Resume(w.Dir()); err == nil || !strings.Contains(err.Error(), "complete") {
		t.Errorf("resuming a complete run: %v", err)
	}
}

func TestNewestReturnsTheNewestWantedRun(t *testing.T) {
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
		return filepath.Base(Newest(parent, func(m *Meta, l *Ledger) bool {
			return m.Grid.Name == name && len(l.Run) == 1
		}))
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

func TestMetaSameComparesAllThatMatters(t *testing.T) {
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

func TestMetaTitleIsTheRecordedNameOrMadeOfItsParts(t *testing.T) {
	m := Meta{Titles: map[string]string{"model=mobilenet/input=75/compression=none": "MobileNet 75"}}
	for name, want := range map[names.Variant]string{
		"model=mobilenet/input=75/compression=none":               "MobileNet 75",
		"model=mobilenet/input=32/compression=pq":                 "Mobilenet PQ 32",
		"model=mobilenet/input=32/compression=none":               "Mobilenet 32",
		"model=vgg16/input=75/compression=pwq/granularity=tensor": "Vgg16 PWQ 75 per-tensor",
		"model=my-net": "my-net",
		"file.tflite":  "file.tflite",
		"model=":       "model=",
	} {
		if got := m.Title(name); got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
	}
}

func TestSamplesHoldExactSeconds(t *testing.T) {
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

// testdata/before-recovered was written when the ledger's recovered was called
// mended.
func TestRunOfAnEarlierVersionOpensAndResumes(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/before-recovered")); err != nil {
		t.Fatal(err)
	}
	recovered := []Outcome{{combination("none"), 0, "crashed: SIGSEGV"}}
	run := mustOpen(t, dir)
	if len(run.Blocks) != 2 || len(run.Notes) != 0 || !slices.Equal(run.Ledger.Recovered, recovered) {
		t.Errorf("%d blocks, notes %q, recovered %v", len(run.Blocks), run.Notes, run.Ledger.Recovered)
	}
	if e, o := run.Blocks[0].Energy, run.Blocks[1].Origin; e == nil || e.Origin != names.Modelled || o != names.Computed {
		t.Errorf("energy %+v, origin %q", e, o)
	}
	if m := run.Meta; m.Title("model=mobilenet/input=32/compression=none") != "MobileNet 32" || m.Before.Load1 == nil {
		t.Errorf("meta %+v", m)
	}
	w, _, err := Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	recovered = append(recovered, Outcome{combination("pq"), 1, "hung"})
	err = errors.Join(w.AppendBlock(testBlock("pq", 1, 4, time.Millisecond)), w.Finish(true, nil))
	if err != nil {
		t.Fatal(err)
	}
	run = mustOpen(t, dir)
	if len(run.Blocks) != 3 || len(run.Ledger.Failed) != 0 || !slices.Equal(run.Ledger.Recovered, recovered) {
		t.Errorf("%d blocks, failed %v, recovered %v", len(run.Blocks), run.Ledger.Failed, run.Ledger.Recovered)
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil || bytes.Contains(text, []byte("mended")) || !bytes.Contains(text, []byte(`"recovered"`)) {
		t.Errorf("run.json (%v):\n%s", err, text)
	}
}
