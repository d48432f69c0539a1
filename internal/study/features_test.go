package study_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/computed"
	"github.com/crossover-bench/crossover/internal/names"
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
	blocks, not := computed.Blocks(device, computed.Needs{
		Hosts: []computed.Host{
			{Name: "workstation", Run: hosts, Backend: study.CPUHost},
			{Name: "workstation-gpu", Run: hosts, Backend: study.GPUHost},
		},
		Combinations: features.Needs(), Link: profiles.Link,
		Payload: func(v names.Variant) (sent, received int64, ok bool) {
			side := int64(v.Parts().InputSize())
			return side * side * 3, int64(catalog.Classes), true
		},
	})
	if len(not) > 0 {
		t.Fatalf("not derived: %v", not)
	}
	device.Blocks = slices.Concat(device.Blocks, blocks)
	data, err := accept.FromRun("synthetic", device)
	if err != nil {
		t.Fatal(err)
	}
	report, err := accept.Run(context.Background(), accept.Options{Features: features, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	counts := map[accept.Outcome]int{}
	for _, s := range report.Scenarios {
		counts[s.Outcome()]++
		var lines []string
		for _, g := range s.Judgements() {
			lines = append(lines, string(g.Verdict)+" "+g.Subject+" "+g.Measure+" "+g.Estimate()+" "+g.Bound+" "+g.Reason)
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
