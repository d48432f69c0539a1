package steps

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
)

func TestReadRefusesWhatJudgesNothing(t *testing.T) {
	const outline = "Feature: F\n  Scenario Outline: S\n    Given the backend \"<b>\"\n    Examples:\n      | b |\n"
	for name, tc := range map[string]struct {
		feature, tags, want string
		code                exit.Code
	}{
		"an unmatched tag":        {feature("", `Given the backend "cpu1"`), "@nightly", "no scenario of", exit.NoData},
		"no scenario":             {"Feature: F\n", "", "holds no scenario", exit.NoData},
		"an empty file":           {"", "", "holds no scenario", exit.NoData},
		"no sentence":             {"Feature: F\n  Scenario: S\n", "", "has no sentences", exit.NoData},
		"an outline without rows": {outline, "", "have no rows", exit.NoData},
		"no Gherkin":              {feature("", "Given x\nnonsense"), "", "does not parse", exit.Usage},
	} {
		_, err := tryJudge(t, tc.feature, func(o *options) { o.tags = tc.tags })
		if exit.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v (exit code %d), want %q and %d", name, err, exit.CodeOf(err), tc.want, tc.code)
		}
	}
	if _, err := Read(t.TempDir(), "", vocabulary()); exit.CodeOf(err) != exit.NoData {
		t.Errorf("an empty folder: %v", err)
	}
	r := judge(t, strings.TrimSpace(onCPU))
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "it judged nothing") {
		t.Errorf("a scenario that claims nothing: exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestReadTakesOneScenarioByItsLine(t *testing.T) {
	file := write(t, `Feature: F
  Scenario: first
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its latency is at most 1 ms
  Scenario: second
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its latency is at most 20 ms
`)
	o := accept.Options{Features: read(t, file+":6"), Data: newWorld().recorded()}
	r, err := accept.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Scenarios) != 1 || r.Scenarios[0].Name != "second" || r.Scenarios[0].Line != 6 || r.Code() != exit.OK {
		t.Errorf("ran %+v", r.Scenarios)
	}
	if _, err := Read(file+":5", "", vocabulary()); exit.CodeOf(err) != exit.NoData {
		t.Errorf("line 5 begins no scenario: %v", err)
	}
}

func TestReadPrefersTheDiskToWhatIsBuiltIn(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, root := range []string{"quick", "features/quick", "features/quick/local.feature:25"} {
		f, err := Read(root, "", vocabulary())
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Scenarios[0].File; got != "features/quick/local.feature" || f.Root != root {
			t.Errorf("%s: read %s of %s", root, got, f.Root)
		}
	}
	if _, err := Read("features/quck", "", vocabulary()); exit.CodeOf(err) != exit.NoData {
		t.Errorf("what is nowhere was read: %v", err)
	}
	mine := filepath.Join("features", "quick", "mine.feature")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte(feature("", onCPU)), 0o644); err != nil {
		t.Fatal(err)
	}
	if f := read(t, "features/quick"); len(f.Scenarios) != 1 || f.Scenarios[0].File != mine {
		t.Errorf("read %d scenarios, the first of %s; want the one on disk", len(f.Scenarios), f.Scenarios[0].File)
	}
}
