package steps

import (
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestBackendThatIsRequiredAndAbsentFails(t *testing.T) {
	const npu = `Given the variant "Mobilenet PQ 32"` + "\nAnd the backends:\n  | cpu1 |\n  | npu |\n" +
		"Then its latency is at most 20 ms"
	r := judge(t, npu)
	if r.Code() != exit.OK {
		t.Errorf("exit code %d, want 0: what ran has passed\n%s", r.Code(), pretty(t, r))
	}
	if !strings.Contains(pretty(t, r), "no NPU delegate is installed") {
		t.Errorf("the reason of the skip is not shown:\n%s", pretty(t, r))
	}
	r = judge(t, npu, func(o *options) { o.require = []names.Backend{names.NPU} })
	if r.Code() != exit.Threshold {
		t.Errorf("exit code %d, want a failure\n%s", r.Code(), pretty(t, r))
	}
}

func TestStudyNeverChangesTheExitCode(t *testing.T) {
	r, err := tryJudge(t, `Feature: F
  @study @section-4.1
  Scenario: reproduced
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its latency is at most 20 ms
  @study @section-4.1
  Scenario: contradicted
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its latency is at most 1 ms
  @study @section-4.1
  Scenario: no NPU
    Given the variant "Mobilenet PQ 32"
    And the backend "npu"
    Then its latency is at most 1 ms
`)
	if err != nil {
		t.Fatal(err)
	}
	out := pretty(t, r)
	if r.Code() != exit.OK {
		t.Errorf("exit code %d, want 0\n%s", r.Code(), out)
	}
	for _, want := range []string{"1 reproduced, 1 contradicted, 1 can't be told here", "4.1"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
}

func TestComparisonsRefuseARunThatDidNotInterleave(t *testing.T) {
	data := newWorld().recorded()
	data.Interleaved = false
	const sentences = `Given the variant "Mobilenet PQ 32"` + "\n" +
		`Then "cpu1" beats offloading to "desk" over "ethernet" in latency`
	r := judge(t, sentences, func(o *options) { o.data = data })
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "in turns") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestEnergyThatIsIncompleteNeverPasses(t *testing.T) {
	// The 5G link's energy per byte is not known, so this is a lower bound.
	w := newWorld()
	w.medians[combo(pq32, "offload-desk", "5g")] = 5 * time.Millisecond
	const sentences = `Given the variant "Mobilenet PQ 32"` + "\n" + `And the host "desk" over the link "5g"` + "\n" +
		"Then its modelled energy per inference is at most 80 mJ"
	r := judge(t, sentences, func(o *options) { o.data = w.recorded() })
	if r.Code() != exit.Inconclusive || !strings.Contains(pretty(t, r), "lower bound") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestRunThatWasNeverQuietIsUnfitAndNotJudged(t *testing.T) {
	w := newWorld()
	w.recorded()
	for i := range w.blocks {
		for j := range w.blocks[i].Samples {
			w.blocks[i].Samples[j].Mark = results.MarkForeignLoad
		}
	}
	data := w.data()
	r := judge(t, onCPU+"Then its latency is at most 20 ms", func(o *options) { o.data = data })
	if undecided := r.Scenarios[0].Judgements()[0].Open(); r.Code() != exit.Unfit || !undecided {
		t.Errorf("exit code %d, undecided %v\n%s", r.Code(), undecided, pretty(t, r))
	}
}

func TestCombinationThatCrashedOnceIsNotJudgedByItsOtherRounds(t *testing.T) {
	data := newWorld().recorded()
	data.Failed[combo(pq32, "cpu1", "none")] = "crashed: SIGSEGV"
	r := judge(t, onCPU+"Then its latency is at most 20 ms", func(o *options) { o.data = data })
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "crashed: SIGSEGV") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

// An error of judging counts as a fault of the features, even in a study.
func TestJudgingThatFailsIsNeverGreen(t *testing.T) {
	data := newWorld().recorded()
	data.Extras.Looks = &accept.Looks{Look: 9, Of: 8}
	const sentences = onCPU + "Then its latency is at most 20 ms\nAnd its latency is at most 30 ms"
	r, err := tryJudge(t, feature("  @study\n", sentences), func(o *options) { o.data = data })
	if err != nil {
		t.Fatal(err)
	}
	err = r.Wrong()
	if r.Code() != exit.Usage || err == nil || !strings.Contains(err.Error(), "some.feature:6: look 9 of 8") {
		t.Errorf("exit code %d, %v\n%s", r.Code(), r.Wrong(), pretty(t, r))
	}
	if steps := r.Scenarios[0].Steps; !steps[2].Ran || steps[3].Ran || steps[3].Judgements != nil {
		t.Errorf("what follows was judged: %+v", steps[3])
	}
}
