package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/summary"
)

// A combination has one median: in the table, in JSON, in a verdict and for benchstat.
func TestMedianIsOneInEveryOutput(t *testing.T) {
	run := filepath.Join(recordRun(t), "latest")
	medians := map[string]float64{}
	number := func(what, text string, pattern string, scale float64) {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s lacks %q:\n%s", what, pattern, text)
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		medians[what] = v * scale
	}
	_, text, _ := command("show", run)
	number("the table", text, `Mobilenet PQ 32 +│ cpu1 +│ none +│ +([0-9.]+) `, 1e-3)

	_, text, _ = command("show", run, "--format", "json")
	var doc struct{ Summaries []summary.Summary }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Summaries {
		if s.Combination.Variant == "model=mobilenet/input=32/compression=pq" {
			medians["JSON"] = *s.Median
		}
	}

	feature := filepath.Join(t.TempDir(), "some.feature")
	err := os.WriteFile(feature, []byte(`Feature: One
  Scenario: its median
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its median latency is at most 1 s
`), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	code, text, errs := command("accept", "--features", feature, "--results", run)
	if code != exit.OK && code != exit.Inconclusive {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	number("the verdict", text, `median latency ([0-9.]+)ms`, 1e-3)

	f, err := os.Open(filepath.Join(run, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var values []float64
	for r := benchfmt.NewReader(f, "bench.txt"); r.Scan(); {
		if rec, ok := r.Result().(*benchfmt.Result); ok && regexp.MustCompile(`compression=pq/`).Match(rec.Name) {
			v, _ := rec.Value("p50-sec")
			values = append(values, v)
		}
	}
	sample := benchmath.NewSample(values, &benchmath.DefaultThresholds)
	medians["benchstat"] = benchmath.AssumeNothing.Summary(sample, 0.95).Center

	for what, m := range medians {
		// The table and the verdict round to their digits.
		if want := medians["JSON"]; m < want*0.995 || m > want*1.005 {
			t.Errorf("%s has the median %v s, JSON %v s", what, m, want)
		}
	}
	if len(medians) != 4 {
		t.Errorf("medians: %v", medians)
	}
}
