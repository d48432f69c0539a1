package rounds

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestDriverMeasuresEveryCombinationOnceARound(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{}).Run(t.Context(), combinations("a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	got := n.perCombination(t)
	if len(got) != 3 || got["a"] != 3 || got["b"] != 3 || got["c"] != 3 {
		t.Errorf("blocks: %v", got)
	}
	if want := 9 * 145 * time.Millisecond; n.plan.Duration() != want { // 3+2+20 ms overhead, 100 ms block and a fifth
		t.Errorf("the plan says %v, want %v", n.plan.Duration(), want)
	}
}

func TestDriverCrashCostsItsCombinationAndIsNamed(t *testing.T) {
	for _, c := range []struct{ model, reason string }{
		{"crash", "delegate: out of memory"},
		{"crashlater", "exit status 134"},
		{"skiplater", "it can no longer run: no such device"},
		{"torn", "exit status 9"},
		{"fail", "cannot load"},
		{"hanglater", "hung and was killed"},
	} {
		t.Run(c.model, func(t *testing.T) {
			n := &notes{}
			d := driver(t, n, Settings{})
			if c.model == "hanglater" {
				d.Patience = 3 * time.Second // also for a process to start
			}
			out, err := d.Run(t.Context(), combinations("a", c.model, "b"))
			checkError(t, err, exit.NoData, "model="+c.model, c.reason)
			if !out.Finished {
				t.Error("the run did not come to its end")
			}
			got := n.perCombination(t)
			if got["a"] != 3 || got["b"] != 3 {
				t.Errorf("the others suffered: %v", got)
			}
		})
	}
}

func TestDriverSkipsWhatCannotRunHereWithItsReason(t *testing.T) {
	n := &notes{}
	out, err := driver(t, n, Settings{}).Run(t.Context(), combinations("a", "skip"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"model=skip skipped: no such device"}
	if !slices.Equal(n.dropped, want) || len(out.Plan.Skipped) != 1 {
		t.Errorf("dropped %q, plan %+v", n.dropped, out.Plan.Skipped)
	}
	_, err = driver(t, &notes{}, Settings{}).Run(t.Context(), combinations("skip"))
	checkError(t, err, exit.NoData, "no such device")
}

func TestDriverResumingMeasuresOnlyWhatIsMissing(t *testing.T) {
	first := &notes{}
	first.onBlock = func(n int) error {
		if n == 5 {
			return errors.New("disk full")
		}
		return nil
	}
	_, err := driver(t, first, Settings{Seed: 1}).Run(t.Context(), combinations("a", "b", "c"))
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Fatalf("error %v", err)
	}
	second := &notes{blocks: slices.Clone(first.blocks[:4])}
	d := driver(t, second, Settings{Seed: 1})
	for _, b := range first.blocks[:4] {
		d.Recorded = append(d.Recorded, *b)
	}
	if _, err := d.Run(t.Context(), combinations("a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	if got := second.perCombination(t); len(second.blocks) != 9 || got["a"] != 3 || got["b"] != 3 || got["c"] != 3 {
		t.Errorf("after resuming: %v", got)
	}
}

func TestDriverResumingFailsWhatCannotRunAnyMore(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{})
	d.Recorded = []results.Block{{Combination: combination("skip"), Round: 0}}
	d.Planned = []results.Planned{
		{Combination: combination("skip"), Rounds: 6, Cold: time.Minute}, {Combination: combination("a"), Rounds: 6},
	}
	_, err := d.Run(t.Context(), combinations("a", "skip"))
	checkError(t, err, exit.NoData, "model=skip/backend=cpu1/link=none: it can no longer run: no such device")
	// If it comes back, it is measured as it was planned first.
	if len(n.planned) != 2 || n.planned[0] != d.Planned[0] || n.planned[1].Rounds != 3 {
		t.Errorf("planned %+v", n.planned)
	}
}

func TestDriverReadiesTheMachineOnceThePlanStands(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{})
	d.Ready = func() error {
		if len(n.plan.Open) != 2 || len(n.blocks) != 0 {
			t.Errorf("readied with %d planned and %d blocks", len(n.plan.Open), len(n.blocks))
		}
		return errors.New("too hot")
	}
	if out, err := d.Run(t.Context(), combinations("a", "b")); err == nil || out.Finished || len(n.blocks) != 0 {
		t.Errorf("error %v, finished %v, %d blocks", err, out.Finished, len(n.blocks))
	}
}

func TestDriverInterruptKeepsWhatWasMeasured(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := &notes{onBlock: func(n int) error {
		if n == 2 {
			cancel()
		}
		return nil
	}}
	_, err := driver(t, n, Settings{}).Run(ctx, combinations("a", "b", "c"))
	checkError(t, err, exit.NoData, "interrupted after 2 of 9 blocks")
	if len(n.blocks) != 2 {
		t.Errorf("%d blocks kept", len(n.blocks))
	}
}

func TestDriverExtendNumbersRoundsOnAndProbesOnlyWhatIsNew(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{})
	for _, step := range []struct {
		models []string
		rounds int
		want   map[string]int
	}{
		{[]string{"a", "b", "skip"}, 2, map[string]int{"a": 2, "b": 2}},
		{[]string{"b"}, 3, map[string]int{"a": 2, "b": 5}},
		{[]string{"b", "c"}, 1, map[string]int{"a": 2, "b": 6, "c": 1}},
	} {
		if _, err := d.Extend(t.Context(), combinations(step.models...), step.rounds); err != nil {
			t.Fatal(err)
		}
		if got := n.perCombination(t); !maps.Equal(got, step.want) {
			t.Errorf("after %v: %v, want %v", step.models, got, step.want)
		}
	}
	if last := n.blocks[len(n.blocks)-1].Round; last != 5 {
		t.Errorf("the last round is %d, want 5", last)
	}
	if len(n.dropped) != 1 {
		t.Errorf("dropped: %q", n.dropped)
	}
}
