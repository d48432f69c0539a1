package accept

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

// scenarioWith returns a scenario with one judgement a verdict.
func scenarioWith(name string, tags []string, verdicts ...Verdict) *Scenario {
	st := &Step{Keyword: "Then", Text: "its latency is at most 31 ms", Line: 5, Ran: true}
	for _, v := range verdicts {
		value := 0.03
		g := &Judgement{
			Subject: "Mobilenet PQ 32 on cpu1", Measure: "median latency", Bound: "at most 31 ms",
			Verdict: v, Value: &value, Lo: &value, Unit: seconds, Origin: names.Measured,
		}
		if v != Pass && v != Fail {
			g.Reason = "a reason"
		}
		st.Judgements = append(st.Judgements, g)
	}
	return &Scenario{Feature: "F", File: "f.feature", Line: 3, Name: name, Tags: tags, Steps: []*Step{st}}
}

func TestReportCodeIsThatOfTheWorstScenario(t *testing.T) {
	study := []string{StudyTag}
	wrong := scenarioWith("wrong", nil)
	wrong.Steps[0].Err = errors.New("f.feature:5: no sentence reads this")
	disturbed := scenarioWith("disturbed", nil, Missing)
	disturbed.Steps[0].Judgements[0].Disturbed = true
	pass, fail := scenarioWith("p", nil, Pass), scenarioWith("f", nil, Pass, Fail)
	open := scenarioWith("i", nil, Pass, Inconclusive)
	gone, skip := scenarioWith("m", nil, Missing), scenarioWith("s", nil, Skipped)
	for _, tc := range []struct {
		name      string
		scenarios []*Scenario
		want      exit.Code
	}{
		{"nothing", nil, exit.NoData},
		{"a pass", []*Scenario{pass}, exit.OK},
		{"a pass and a skip", []*Scenario{pass, skip}, exit.OK},
		{"only skips", []*Scenario{skip, skip}, exit.NoData},
		{"inconclusive", []*Scenario{pass, open}, exit.Inconclusive},
		{"disturbed", []*Scenario{pass, open, disturbed}, exit.Unfit},
		{"missing", []*Scenario{open, disturbed, gone}, exit.NoData},
		{"nothing judged", []*Scenario{pass, scenarioWith("n", nil)}, exit.NoData},
		{"a failure", []*Scenario{gone, fail, open, pass}, exit.Threshold},
		{"a wrong sentence", []*Scenario{fail, wrong}, exit.Usage},
		{"a study's claims", []*Scenario{scenarioWith("a", study, Fail), scenarioWith("b", study, Missing)}, exit.OK},
		{"a study beside a failure", []*Scenario{scenarioWith("a", study, Pass), fail}, exit.Threshold},
	} {
		r := &Report{Scenarios: tc.scenarios}
		if got := r.Code(); got != tc.want {
			t.Errorf("%s: exit code %d, want %d", tc.name, got, tc.want)
		}
	}
}

// Neither format has a third verdict: what is not a pass must not look like one.
func TestReportFormatsNeverShowAsPassedWhatDidNotPass(t *testing.T) {
	wrong := scenarioWith("wrong", nil)
	wrong.Steps[0].Err = errors.New("f.feature:5: no sentence reads this")
	wrong.Steps[0].Ran = false
	r := &Report{Run: "results/a run", Scenarios: []*Scenario{
		scenarioWith("pass", nil, Pass), scenarioWith("fail", nil, Pass, Fail),
		scenarioWith("inconclusive", nil, Inconclusive), scenarioWith("missing", nil, Missing),
		scenarioWith("skipped", nil, Skipped), scenarioWith("nothing", nil), wrong,
		scenarioWith("study", []string{StudyTag}, Fail),
	}}

	var b strings.Builder
	if err := r.JUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &suites); err != nil {
		t.Fatal(err)
	}
	s := suites.Suites[0]
	if len(suites.Suites) != 1 || s.Tests != 8 || s.Failures != 1 || s.Errors != 4 || s.Skipped != 1 {
		t.Errorf("JUnit counts %d tests, %d failures, %d errors, %d skipped; want 8, 1, 4, 1",
			s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	for _, c := range s.Cases {
		green := c.Failure == nil && c.Error == nil && c.Skipped == nil
		if green != (c.Name == "pass" || c.Name == "study") {
			t.Errorf("JUnit shows %q as passed: %v", c.Name, green)
		}
	}
	if !strings.Contains(b.String(), "--features f.feature:3 --results &#39;results/a run&#39;") {
		t.Errorf("no command repeats a failure:\n%s", b.String())
	}

	b.Reset()
	if err := r.Cucumber(&b); err != nil {
		t.Fatal(err)
	}
	var features []cucumberFeature
	if err := json.Unmarshal([]byte(b.String()), &features); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pass": "passed", "fail": "failed", "inconclusive": "pending", "missing": "failed",
		"skipped": "skipped", "nothing": "failed", "wrong": "failed", "study": "pending",
	}
	for _, e := range features[0].Elements {
		if got := e.Steps[0].Result.Status; got != want[e.Name] {
			t.Errorf("Cucumber shows %q as %s, want %s", e.Name, got, want[e.Name])
		}
	}
}

func TestReportShowsFailuresFirstWithTheCommandThatRepeatsThem(t *testing.T) {
	scenarios := []*Scenario{scenarioWith("fine", nil, Pass), scenarioWith("slow", nil, Fail)}
	r := &Report{Run: "results/latest", Scenarios: scenarios}
	var b strings.Builder
	if err := r.Pretty(&b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	repeat := "repeat: crossover accept --features f.feature:3 --results results/latest"
	if strings.Index(out, "✗ slow") > strings.Index(out, "✓ fine") || !strings.Contains(out, repeat) {
		t.Errorf("got:\n%s", out)
	}
	if !strings.Contains(out, "30ms [30ms, unknown], wanted at most 31 ms (measured") {
		t.Errorf("value, interval, limit and origin do not stand together:\n%s", out)
	}
	summary := "2 scenarios: 1 passed, 1 failed, 0 inconclusive, 0 skipped\n"
	if !strings.HasSuffix(strings.Split(out, "judged")[0], summary) {
		t.Errorf("no summary:\n%s", out)
	}
}
