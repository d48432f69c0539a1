package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCreateGivesTwoRunsOfOneSecondTwoFolders(t *testing.T) {
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

func TestCreateRefusesAConfigurationThatBenchFileCannotHold(t *testing.T) {
	for _, config := range []map[string]string{{"commit": "abc"}, {"cpu": "a\nb"}} {
		meta := testMeta()
		meta.Config = config
		if _, err := Create(t.TempDir(), meta); err == nil {
			t.Errorf("configuration %v was taken", config)
		}
	}
}

func TestWriterRecordsABlockOnce(t *testing.T) {
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

func TestWriterRefusesANameWithBlanks(t *testing.T) {
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

// What the first part of a run could not measure and the second did is neither
// skipped nor failed, and the ledger says that it failed before.
func TestLedgerRecoversWhatAResumedRunMeasures(t *testing.T) {
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
	fail := func(o Outcome) error { return w.Fail(o.Combination, o.Round, o.Reason) }
	probe := Outcome{combination("pq"), ProbeRound, "hung"}
	crash := Outcome{combination("none"), 1, "crashed"}
	other := Outcome{combination("none"), 2, "crashed"}
	err := errors.Join(w.Skip(combination("pwq"), "the host does not answer"),
		fail(probe), fail(crash), fail(other), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	w = resumed()
	hung := Outcome{combination("w"), ProbeRound, "hung"}
	probe.Reason = "hung again"
	err = errors.Join(w.Skip(combination("w"), "the host does not answer"), fail(hung), fail(probe))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []Block{
		testBlock("none", 1, 4, time.Millisecond),
		testBlock("pq", 0, 4, time.Millisecond),
		testBlock("pwq", 0, 4, time.Millisecond),
	} {
		if err := w.AppendBlock(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(true, nil); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, dir).Ledger
	if len(l.Skipped) != 0 || !slices.Equal(l.Failed, []Outcome{other, hung}) ||
		!slices.Equal(l.Recovered, []Outcome{crash, probe}) {
		t.Errorf("skipped %v, failed %v, recovered %v", l.Skipped, l.Failed, l.Recovered)
	}
}

func TestWriterDiscardsOnlyAnEmptyRun(t *testing.T) {
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

func TestWriterExcludesASecondOne(t *testing.T) {
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

func TestWriterRecordsTheDetailsOfSessions(t *testing.T) {
	before := Details{Runtime: "2.21.0", Delegate: "xnnpack", Threads: 1, Nodes: 31, Delegated: 29}
	after := before
	after.Runtime = "2.22.0"
	dir := writeRun(t)
	for _, c := range []struct {
		block Block
		of    *Details
	}{
		{testBlock("none", 0, 4, time.Millisecond), &before},
		{testBlock("none", 1, 4, time.Millisecond), &before},
		{testBlock("pq", 1, 4, time.Millisecond), nil},
		{testBlock("none", 2, 4, time.Millisecond), &after}, // the library was exchanged
	} {
		w, _, err := Resume(dir)
		if err != nil {
			t.Fatal(err)
		}
		c.block.Details = c.of
		if err := errors.Join(w.AppendBlock(c.block), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	run := mustOpen(t, dir)
	want := []Tally{{combination("none"), 3, []Details{before, after}}, {combination("pq"), 1, nil}}
	if !reflect.DeepEqual(run.Ledger.Run, want) {
		t.Errorf("the ledger has %+v, want %+v", run.Ledger.Run, want)
	}
	if d := run.Blocks[3].Details; d == nil || *d != after {
		t.Errorf("the last block has the details %+v, want %+v", d, after)
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		`"runtime": "2.21.0"`, `"runtime": "2.22.0"`, `"delegate": "xnnpack"`, `"threads": 1`, `"nodes": 31`,
		`"delegated": 29`,
	} {
		if n := strings.Count(string(text), key); n < 1 || n > 2 {
			t.Errorf("run.json has %s %d times:\n%s", key, n, text)
		}
	}
}
