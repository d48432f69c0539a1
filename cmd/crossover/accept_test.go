package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// The project's own features read well, and the quick ones need no more than
// fits their two minutes.
func TestAcceptReadsTheFeaturesOfTheProject(t *testing.T) {
	d, err := declared.Read(declared.Files{})
	if err != nil {
		t.Fatal(err)
	}
	words := steps.Vocabulary{Variants: steps.Variants(d.Catalog, d.Own), Profiles: d.Profiles, Cores: 4}
	for folder, want := range map[string]struct{ scenarios, combinations int }{
		"quick":   {28, 18},
		"product": {10, 12},
		"study":   {115, 33*9 + 12*4}, // nine places, and four for 128x128 images
	} {
		f, err := steps.Read("../../features/"+folder, "", words)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Wrong(); err != nil {
			t.Error(err)
		}
		for _, s := range f.Scenarios {
			if s.Study() != (folder == "study") {
				t.Errorf("%s:%d: tagged as a study's claim: %v", s.File, s.Line, s.Study())
			}
		}
		if len(f.Scenarios) != want.scenarios || len(f.Needs()) != want.combinations {
			t.Errorf("%s: %d scenarios need %d combinations, want %d and %d",
				folder, len(f.Scenarios), len(f.Needs()), want.scenarios, want.combinations)
		}
	}
}

func TestAcceptStudyOnAnyRunIsATableAndExitCodeZero(t *testing.T) {
	run := filepath.Join(recordRun(t), "latest")
	code, out, errs := command("accept", "--features", "../../features/study", "--results", run)
	if code != exit.OK || errs != "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if !strings.Contains(out, "115 claims of the study: 0 reproduced, 0 contradicted, 115 can't be told here") {
		t.Errorf("a run of two combinations tells too much of the study:\n%s", out)
	}
}

// The project's main sentences can be judged without a board, and say that nobody measured this.
func TestAcceptJudgesTheProductsFeaturesOnTheirExample(t *testing.T) {
	const product = "../../features/product"
	code, out, errs := command("accept", "--features", product, "--results", product+"/example")
	if code != exit.OK || errs != "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		"SYNTHETIC, no machine measured this run",
		"✓ offloading over Ethernet beats the NPU when the local latency is above 29 ms",
		"✓ in modelled energy, offloading over Ethernet beats the NPU",
		"✓ in modelled EDP, offloading over Ethernet beats the NPU",
		"(synthetic, computed", "(synthetic, modelled", "powers of imx8mp: 4.5W active, 3.05W waiting (high)",
		"skipped: it was measured without a meter", "10 scenarios: 8 passed, 0 failed, 0 inconclusive, 2 skipped",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
}

// A host that is this-run takes its execution times from the run that is judged: half of 2 ms on
// cpu1, and 20 ms for Ethernet with 1 ms for the image.
func TestAcceptComputesHostsFromTheRunThatIsJudged(t *testing.T) {
	run := filepath.Join(recordRun(t), "latest")
	mine := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(mine, name)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("mine.feature", `Feature: Mine
  Scenario: a host twice as fast
    Given the variant "Mobilenet PQ 32"
    Then "cpu1" beats offloading to "fast" over "ethernet" in latency
    And "cpu1" is at least 10.5 times as fast as offloading to "fast" over "ethernet"
    And "cpu1" is at most 11 times as fast as offloading to "fast" over "ethernet"
`)
	write("hosts.yaml", "hosts:\n  - {name: fast, recorded: this-run, backend: cpu-all, factor: 0.5}\n")
	code, out, errs := command("accept", "--features", mine, "--results", run)
	if code != exit.OK || errs != "" || strings.Count(out, "(mixed, ") != 3 {
		t.Errorf("exit code %d: %s\n%s", code, errs, out)
	}
	// A file of the user's own comes first; one without the backend says what there is.
	other := write("other.yaml", "hosts:\n  - {name: fast, recorded: this-run, backend: gpu}\n")
	code, out, _ = command("accept", "--features", mine, "--results", run, "--hosts", other)
	if code != exit.NoData || !strings.Contains(out, `no execution of backend "gpu"; it has cpu1`) {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// writeRun writes a run folder for scripts: "record run" a whole one, "record
// run incomplete" one that was interrupted, "record run truncated" one whose
// samples are cut in the middle, "record run empty" one without any block, and
// "record run lossy" one in which the host desk loses a request in 20 and answers
// it after two seconds.
// It holds MobileNet 32 on cpu1 at 10 ms and, over ethernet, on the host desk
// and on the embedded one at 23 ms; the NPU is skipped.
func writeRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: record DIR [incomplete|truncated|empty|lossy]")
	}
	how := append(args, "whole")[1]
	dir := ts.MkAbs(args[0])
	w, err := results.Create(dir, results.Meta{
		Started: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Config:  map[string]string{"machine": "board", "interleaved": "yes"},
	})
	ts.Check(err)
	const pq = "model=mobilenet/input=32/compression=pq"
	declared := []names.Combination{
		{Variant: pq, Backend: "npu", Link: "none"},
		{Variant: pq, Backend: "cpu1", Link: "none"},
		{Variant: pq, Backend: "offload-desk", Link: "ethernet"},
		{Variant: pq, Backend: "offload-self", Link: "ethernet"},
	}
	latencies := map[names.Backend]time.Duration{
		"cpu1": 10 * time.Millisecond, "offload-desk": 23 * time.Millisecond, "offload-self": 23 * time.Millisecond,
	}
	ts.Check(w.Declare(declared, 12))
	ts.Check(w.Skip(declared[0], "no NPU: libvx_delegate.so is not there"))
	noise := rand.New(rand.NewPCG(1, 1))
	for round := range 12 {
		if how == "empty" {
			break
		}
		for _, c := range declared[1:] {
			b := results.Block{
				Combination: c, Round: round, Open: 30 * time.Millisecond,
				Warmup: results.Warmup{Settled: true, Reason: "settled"},
			}
			for i := range 60 {
				total := time.Duration(float64(latencies[c.Backend]) * math.Exp(0.02*noise.NormFloat64()))
				s := results.Sample{Phase: results.PhaseSteady, Total: total, Exec: total}
				if c.Link != names.LinkNone {
					s.Exec, s.Network, s.Sent, s.Received = total/20, total-total/20, 3072, 100
				}
				if how == "lossy" && c.Backend == "offload-desk" && i%20 == 7 {
					s.Mark, s.Lost, s.Total = results.MarkLost, 1, s.Total+2*time.Second
				}
				b.Samples = append(b.Samples, s)
			}
			ts.Check(w.AppendBlock(b))
		}
	}
	extras, err := json.Marshal(accept.Extras{})
	ts.Check(err)
	ts.Check(w.Finish(how != "incomplete" && how != "empty", func(m *results.Meta, _ *results.Ledger) {
		m.Extra = map[string]json.RawMessage{accept.ExtraKey: extras}
	}))
	if how == "truncated" {
		file := filepath.Join(w.Dir(), "samples.csv.gz")
		info, err := os.Stat(file)
		ts.Check(err)
		ts.Check(os.Truncate(file, info.Size()/2))
	}
	ts.Check(os.Rename(w.Dir(), filepath.Join(dir, "run")))
}
