package results

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/bench.txt")

func TestBenchFileIsGoldenAndReadByBenchfmt(t *testing.T) {
	dir := writeRun(t, testBlock("none", 0, 700, time.Millisecond), testBlock("pq", 0, 40, 500*time.Microsecond))
	got, err := os.ReadFile(filepath.Join(dir, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/bench.txt"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("bench.txt differs from %s (-update rewrites it):\n%s", golden, got)
	}
	if names := readBenchFile(t, dir); len(names) != 2 || names[1] != "Inference/"+combination("pq").Name()+"-2" {
		t.Errorf("benchfmt reads %q", names)
	}
}

func TestBenchFileOfASustainedRunHasThrottledInferences(t *testing.T) {
	m := testMeta()
	m.Sustained = true
	w, err := Create(t.TempDir(), m)
	if err != nil {
		t.Fatal(err)
	}
	b := testBlock("none", 0, 20, time.Millisecond)
	for i := range b.Samples { // most are throttled, and slower
		if b.Samples[i].Mark, b.Samples[i].Lost = 0, 0; b.Samples[i].Phase == PhaseSteady && i%4 != 0 {
			b.Samples[i].Mark, b.Samples[i].Total = MarkThrottled, 2*time.Millisecond
		}
	}
	if err := w.AppendBlock(b); err != nil {
		t.Fatal(err)
	}
	w.Close()
	text, err := os.ReadFile(filepath.Join(w.Dir(), "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(" 0.002 p50-sec")) {
		t.Errorf("want the median of the throttled inferences, 2 ms:\n%s", text)
	}
}

func TestBenchFileHasNoLineForARoundThatWasDisturbedThroughout(t *testing.T) {
	bad := testBlock("none", 1, 20, time.Second)
	for i := range bad.Samples {
		bad.Samples[i].Mark, bad.Samples[i].Lost = MarkForeignLoad, 0
	}
	dir := writeRun(t, testBlock("none", 0, 20, time.Millisecond), bad, testBlock("none", 2, 20, time.Millisecond))
	if lines := readBenchFile(t, dir); len(lines) != 2 {
		t.Errorf("bench.txt has %d lines, want those of the two rounds that count", len(lines))
	}
	if run := mustOpen(t, dir); len(run.Blocks) != 3 || len(run.Notes) != 0 {
		t.Errorf("%d blocks, notes %q", len(run.Blocks), run.Notes)
	}
}
