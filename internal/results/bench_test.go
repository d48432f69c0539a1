package results

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBenchFileIsGoldenAndReadByBenchfmt(t *testing.T) {
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

func TestBenchFileOfASustainedRunAgreesWithItsTable(t *testing.T) {
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
