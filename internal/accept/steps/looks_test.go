package steps

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
)

func TestLooksEndWhenItCanTellOrTheBudgetIsSpent(t *testing.T) {
	f := read(t, write(t, `Feature: F
  Scenario: clear
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its p90 latency is at most 20 ms
  Scenario: needs more
    Given the variant "Mobilenet PQ 75"
    And the backend "cpu1"
    Then its median latency is at most 40.3 ms
  Scenario: sits in the noise
    Given the variant "Mobilenet PQ 32"
    And the host "desk" over the link "ethernet"
    Then its median latency is at most 23ms
`))
	w := newWorld()
	r, err := accept.Run(context.Background(), accept.Options{
		Features: f, Measurer: w,
		Rounds: 12, Budget: 500 * time.Second, Now: func() time.Time { return w.clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.calls) < 3 || len(w.calls[0]) != 3 || len(w.calls[1]) != 2 {
		t.Fatalf("measured %v, want all three first and then only the undecided ones", w.calls)
	}
	looks := w.looks
	if len(looks) != len(w.calls) || looks[0].Look != 1 || looks[0].Of != 8 || w.extras.Looks.Look != len(looks) {
		t.Errorf("looks %v, recorded %v", looks, w.extras.Looks)
	}
	if over := w.clock.Sub(time.Unix(0, 0)); over > 500*time.Second {
		t.Errorf("measured for %v, beyond the budget", over)
	}
	want := map[string]accept.Verdict{
		"clear": accept.Pass, "needs more": accept.Pass, "sits in the noise": accept.Inconclusive,
	}
	for _, s := range r.Scenarios {
		if s.Verdict() != want[s.Name] {
			t.Errorf("%s: %v, want %v\n%s", s.Name, s.Verdict(), want[s.Name], pretty(t, r))
		}
	}
	if r.Code() != exit.Inconclusive {
		t.Errorf("exit code %d", r.Code())
	}
	// What the recorded run is judged to be later is what it was judged then.
	again, err := accept.Run(context.Background(), accept.Options{Features: f, Data: w.data()})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := func(r *accept.Report) string { return strings.SplitAfter(pretty(t, r), "judged")[0] }
	if got, want := verdicts(again), verdicts(r); got != want {
		t.Errorf("judged again:\n%s\nat first:\n%s", got, want)
	}
}

func TestLooksWithoutBudgetAreOne(t *testing.T) {
	f := read(t, write(t, feature("", onCPU+"Then its median latency is at most 10ms")))
	w := newWorld()
	if _, err := accept.Run(context.Background(), accept.Options{Features: f, Measurer: w, Rounds: 3}); err != nil {
		t.Fatal(err)
	}
	if len(w.calls) != 1 || w.extras.Looks.Look != 1 || w.extras.Looks.Of != 1 {
		t.Errorf("measured %d times, looks %v", len(w.calls), w.extras.Looks)
	}
}
