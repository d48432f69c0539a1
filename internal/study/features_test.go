package study_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/computed"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/study"
	"github.com/crossover-bench/crossover/model/profiles"
)

// contradicted are the claims that a run with the study's own figures contradicts; docs/study.md
// says why.
var contradicted = []string{
	`over 5G the inference on "workstation-gpu" is the larger share on average`,
	"the energy of communication is negligible over ethernet as the text states it",
	"the energy of communication is negligible over radio as the text states it",
}

// A run near the study's tables answers every claim that needs no meter and no counters, and
// contradicts only what the study itself contradicts.
func TestFeaturesOnARunNearTheTables(t *testing.T) {
	device, hosts := study.Synthetic()
	report := judge(t, device,
		computed.Host{Name: "workstation", Run: hosts, Backend: study.CPUHost},
		computed.Host{Name: "workstation-gpu", Run: hosts, Backend: study.GPUHost},
	)
	var found []string
	counts := map[accept.Outcome]int{}
	for _, s := range report.Scenarios {
		counts[s.Outcome()]++
		var lines []string
		for _, g := range s.Judgements() {
			lines = append(lines, fmt.Sprint(g.Verdict, " ", g.Subject, ": ", g.Measure, " ", g.Estimate(),
				", wanted ", g.Bound, ": ", g.Reason))
		}
		switch s.Outcome() {
		case accept.Contradicted:
			found = append(found, s.Name)
			if !slices.Contains(contradicted, s.Name) {
				t.Errorf("%s: contradicted\n%s", s.Title(), strings.Join(lines, "\n"))
			}
		case accept.CantTell:
			for _, g := range s.Judgements() {
				if g.Verdict == accept.Inconclusive || !strings.Contains(g.Reason, "meter") &&
					!strings.Contains(g.Reason, "counters") {
					t.Errorf("%s: not answered\n%s", s.Title(), strings.Join(lines, "\n"))
					break
				}
			}
		}
		for _, g := range s.Judgements() {
			if !g.Synthetic {
				t.Errorf("%s: a verdict on a synthetic run does not say so", s.Title())
			}
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(found)), slices.Sorted(slices.Values(contradicted))) {
		t.Errorf("contradicted %q, want %q", found, contradicted)
	}
	t.Logf("%d scenarios: %v", len(report.Scenarios), counts)
}

// A machine of two cores without NPU and meter runs the grid on cpu1 only. With the hosts that
// hosts.yaml computes from that run, it answers every claim that needs no more.
func TestFeaturesOnARunOfOneCore(t *testing.T) {
	device, _ := study.Synthetic()
	elsewhere := func(b results.Block) bool { return b.Combination.Backend != "cpu1" }
	device.Blocks = slices.DeleteFunc(device.Blocks, elsewhere)
	device.Ledger.Skipped = nil
	for _, c := range device.Ledger.Declared {
		if c.Backend != "cpu1" {
			device.Ledger.Skipped = append(device.Ledger.Skipped, results.Outcome{Combination: c, Reason: "not here"})
		}
	}
	report := judge(t, device,
		computed.Host{Name: "workstation", Backend: names.CPUAll},
		computed.Host{Name: "workstation-gpu", Backend: names.CPUAll, Factor: 0.33},
	)
	answered := 0
	for _, s := range report.Scenarios {
		if s.Outcome() != accept.CantTell {
			answered++
			continue
		}
		why := ""
		for _, g := range s.Judgements() {
			why += g.Reason + "\n"
		}
		if !strings.Contains(why, "not here") && !strings.Contains(why, "meter") && !strings.Contains(why, "counters") {
			t.Errorf("%s: not answered:\n%s", s.Title(), why)
		}
	}
	t.Logf("%d of %d answered", answered, len(report.Scenarios))
	if answered < 30 {
		t.Errorf("%d claims are answered, want 30 at least", answered)
	}
}

// judge judges the study's features on a run, with hosts computed for it.
func judge(t *testing.T, run *results.Run, hosts ...computed.Host) *accept.Report {
	t.Helper()
	catalog := fixtures.Default()
	features, err := steps.Read("../../features/study", "", steps.Vocabulary{
		Variants: steps.Variants(catalog, nil), Profiles: profiles.BuiltIn(), Cores: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := features.Wrong(); err != nil {
		t.Fatal(err)
	}
	blocks, not := computed.Blocks(run, computed.Needs{
		Hosts: hosts, Combinations: features.Needs(), Link: profiles.Link,
		Payload: func(v names.Variant) (sent, received int64, ok bool) {
			side := int64(v.Parts().InputSize())
			return side * side * 3, int64(catalog.Classes), true
		},
	})
	if len(not) > 0 {
		t.Fatalf("not derived: %v", not)
	}
	run.Blocks = slices.Concat(run.Blocks, blocks)
	data, err := accept.FromRun("synthetic", run)
	if err != nil {
		t.Fatal(err)
	}
	report, err := accept.Run(context.Background(), accept.Options{Features: features, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return report
}
