package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// command runs the command line and returns what it printed.
func command(args ...string) (code exit.Code, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(&env{Context: context.Background(), stdout: &out, stderr: &errs}, args)
	return code, out.String(), errs.String()
}

// recordRun writes a run of two combinations, six rounds each, with one
// skipped and one failed, and returns the results folder.
func recordRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	w, err := results.Create(dir, results.Meta{
		Started: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Config:  map[string]string{"machine": "board-4c-6g-12345678", "weights": "random", "interleaved": "yes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	of := func(compression, backend string) names.Combination {
		v := names.Parts{Model: "mobilenet", Input: "32", Compression: compression}.Variant()
		return names.Combination{Variant: v, Backend: names.Backend(backend), Link: names.LinkNone}
	}
	declared := []names.Combination{of("none", "cpu1"), of("pq", "cpu1"), of("pwq", "cpu1"), of("pq", "npu")}
	if err := w.Declare(declared, 6); err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		for i, c := range declared[:2] {
			latency := time.Duration(4-2*i)*time.Millisecond + time.Duration(round)*time.Microsecond
			b := results.Block{
				Combination: c, Round: round, Open: 30 * time.Millisecond,
				Warmup: results.Warmup{Settled: true, Reason: "settled"},
			}
			for j := range 151 {
				s := results.Sample{Phase: results.PhaseSteady, Total: latency + time.Duration(j)*time.Microsecond, Exec: latency}
				if j == 0 {
					s.Phase = results.PhaseFirst
				}
				if j == 150 && i == 1 {
					s.Mark = results.MarkThrottled
				}
				b.Samples = append(b.Samples, s)
			}
			if err := w.AppendBlock(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Skip(declared[3], "no NPU: libvx_delegate.so is not there"); err != nil {
		t.Fatal(err)
	}
	if err := w.Fail(declared[2], 0, "crashed: SIGSEGV\ngoroutine 1"); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(true, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestShowIsGolden(t *testing.T) {
	dir := recordRun(t)
	for _, c := range []struct {
		golden string
		args   []string
	}{
		{"show.txt", nil},
		{"show.md", []string{"--format", "markdown"}},
		{"show.csv", []string{"--format", "csv"}},
		{"distribution.txt", []string{"--distribution", "compression=pq"}},
	} {
		code, stdout, stderr := command(append([]string{"show", filepath.Join(dir, "latest")}, c.args...)...)
		if code != exit.OK || stderr != "" {
			t.Errorf("%s: exit code %d, %s", c.golden, code, stderr)
		}
		path := filepath.Join("testdata", c.golden)
		if *update {
			if err := os.WriteFile(path, []byte(stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if stdout != string(want) {
			t.Errorf("%s differs (-update rewrites it):\n%s", path, stdout)
		}
		for _, r := range stdout {
			if r < ' ' && r != '\n' || r == 0x7f {
				t.Errorf("%s: control character %q where there is no terminal", c.golden, r)
				break
			}
		}
	}
}

func TestShowTakesResultsLatest(t *testing.T) {
	t.Chdir(filepath.Dir(recordResults(t)))
	if code, stdout, stderr := command("show"); code != exit.OK || !strings.Contains(stdout, "Mobilenet PQ 32") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// recordResults is recordRun in a folder called results.
func recordResults(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "results")
	if err := os.Rename(recordRun(t), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestShowFormatsHoldTheSameFigures(t *testing.T) {
	dir := filepath.Join(recordRun(t), "latest")
	_, text, _ := command("show", dir, "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows (%v)", len(rows), err)
	}
	_, text, _ = command("show", dir, "--format", "json")
	var doc struct {
		Summaries []summary.Summary
		Missing   []names.Combination
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Summaries) != 2 || len(doc.Missing) != 1 {
		t.Fatalf("%d summaries, missing %v", len(doc.Summaries), doc.Missing)
	}
	median := doc.Summaries[0].Median
	if *median < 0.004 || *median > 0.0042 || !strings.HasPrefix(rows[1][4], "0.0040") {
		t.Errorf("median %v in JSON, %s in CSV", median, rows[1][4])
	}
}

func TestShowFailsClosed(t *testing.T) {
	dir := recordRun(t)
	latest := filepath.Join(dir, "latest")
	empty, err := results.Create(t.TempDir(), results.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code exit.Code
		want string
	}{
		{"no run", []string{filepath.Join(dir, "nothing")}, exit.NoData, "nothing"},
		{"no run folder", []string{t.TempDir()}, exit.NoData, "run.json"},
		{"no block", []string{empty.Dir()}, exit.NoData, "no block"},
		{"unknown format", []string{"--format", "xml", dir}, exit.Usage, "xml"},
		{"unknown combination", []string{latest, "--distribution", "vgg16"}, exit.NoData, "compression=pq"},
		{"distribution as CSV", []string{latest, "--distribution", "all", "--format", "csv"}, exit.Usage, "text"},
	} {
		code, _, stderr := command(append([]string{"show"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q; want %d and %q", c.name, code, stderr, c.code, c.want)
		}
	}
}
