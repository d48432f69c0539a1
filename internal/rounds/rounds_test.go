package rounds

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// notes is a Store and a Screen that writes everything down.
type notes struct {
	blocks  []*results.Block
	dropped []string
	plan    Plan
	planned []results.Planned
	onBlock func(n int) error
}

func (n *notes) AppendBlock(b results.Block) error {
	n.blocks = append(n.blocks, &b)
	if n.onBlock != nil {
		return n.onBlock(len(n.blocks))
	}
	return nil
}
func (n *notes) Plan(p []results.Planned) error                   { n.planned = p; return nil }
func (n *notes) Skip(names.Combination, string) error             { return nil }
func (n *notes) Fail(names.Combination, int, string) error        { return nil }
func (n *notes) Probing(int)                                      {}
func (n *notes) Planned(p Plan)                                   { n.plan = p }
func (n *notes) Started(names.Combination, int, int, int)         {}
func (n *notes) Finished(*results.Block, int, int, time.Duration) {}
func (n *notes) Dropped(c names.Combination, verb, reason string) {
	n.dropped = append(n.dropped, string(c.Variant)+" "+verb+": "+reason)
}

// perCombination counts the kept blocks and fails on a round kept twice.
func (n *notes) perCombination(t *testing.T) map[string]int {
	t.Helper()
	count, seen := map[string]int{}, map[string]bool{}
	for _, b := range n.blocks {
		count[strings.TrimPrefix(string(b.Combination.Variant), "model=")]++
		key := fmt.Sprint(b.Combination, b.Round)
		if seen[key] {
			t.Errorf("kept twice: %s", key)
		}
		seen[key] = true
	}
	return count
}

func driver(t *testing.T, n *notes, s Settings) *Driver {
	t.Helper()
	t.Setenv("CROSSOVER_FAKE_SUITES", t.TempDir())
	t.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector sleeps a second in each process else
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(t.TempDir() + "/log.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	if s.Rounds == 0 {
		s.Rounds = 3
	}
	if s.Block == 0 {
		s.Block = 100 * time.Millisecond
	}
	return &Driver{Binary: Binary{Path: self, Log: log}, Settings: s, Store: n, Screen: n}
}

// stopped is a clock by which starting a process takes no time.
func stopped() time.Time { return time.Unix(0, 0) }

func combinations(models ...string) []names.Combination {
	var out []names.Combination
	for _, m := range models {
		out = append(out, names.Combination{Variant: names.Variant("model=" + m), Backend: "cpu1", Link: names.LinkNone})
	}
	return out
}

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
			if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), "model="+c.model) || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("code %d, error %v", exit.CodeOf(err), err)
			}
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
	if want := []string{"model=skip skipped: no such device"}; !slices.Equal(n.dropped, want) || len(out.Plan.Skipped) != 1 {
		t.Errorf("lost %q, plan %+v", n.dropped, out.Plan.Skipped)
	}
	_, err = driver(t, &notes{}, Settings{}).Run(t.Context(), combinations("skip"))
	if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), "no such device") {
		t.Errorf("everything skipped: %v", err)
	}
}

func TestPlanAboveTheBudgetIsRefusedBeforeMeasuring(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 10, Block: 2 * time.Second, Budget: 30 * time.Second})
	d.Now = stopped
	out, err := d.Run(t.Context(), combinations("a", "fail", "b"))
	if exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), "6 would fit") || !strings.Contains(err.Error(), "model=a") {
		t.Errorf("error %v", err)
	}
	if len(n.blocks) != 0 || out.Finished {
		t.Errorf("%d blocks measured all the same, finished %v", len(n.blocks), out.Finished)
	}
}

func TestPlanCountsASlowInferenceWhole(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{Rounds: 2, Budget: time.Minute}).Run(t.Context(), combinations("slow")); err != nil {
		t.Fatal(err)
	}
	if want := 2 * (23*time.Millisecond + 6*time.Second); n.plan.Duration() != want {
		t.Errorf("the plan says %v, want %v", n.plan.Duration(), want)
	}
}

func TestBudgetCountsTheProbeAndNotTheReadying(t *testing.T) {
	for _, c := range []struct {
		probe, ready time.Duration
		want         exit.Code
	}{
		{0, time.Hour, exit.OK},
		{9 * time.Second, 0, exit.Usage}, // and 7 blocks of 265 ms
	} {
		n := &notes{}
		d := driver(t, n, Settings{Precision: 0.02, Block: 200 * time.Millisecond, Budget: 10 * time.Second})
		now := time.Unix(0, 0)
		d.Now = func() time.Time { now = now.Add(c.probe); return now }
		d.Ready = func() error { now = now.Add(c.ready); return nil }
		out, err := d.Run(t.Context(), combinations("calm"))
		if exit.CodeOf(err) != c.want || c.want == exit.OK && (len(n.blocks) != 7 || len(out.Imprecise) > 0) {
			t.Errorf("probe %v, readying %v: %d blocks, %v", c.probe, c.ready, len(n.blocks), err)
		}
	}
}

func TestProbeRunsTwiceWhatIsExpensiveToOpen(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 20, Budget: 17 * time.Second})
	d.Now = stopped
	if _, err := d.Run(t.Context(), combinations("a", "expensive")); exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), "18 would fit") {
		// 18 of a at 145 ms; of expensive 6 at 2.022 s and a fifth more than 300 ms.
		t.Errorf("error %v", err)
	}
	d = driver(t, n, Settings{Rounds: 20, Budget: time.Hour})
	if _, err := d.Run(t.Context(), combinations("a", "expensive")); err != nil {
		t.Fatal(err)
	}
	want := []results.Planned{
		{Combination: combinations("a")[0], Rounds: 20, Block: 100 * time.Millisecond, Open: 4 * time.Millisecond},
		{Combination: combinations("expensive")[0], Rounds: 6, Block: 333 * time.Millisecond, Open: 2001 * time.Millisecond, Cold: 30001 * time.Millisecond},
	}
	if !slices.Equal(n.planned, want) {
		t.Errorf("planned %+v, want %+v", n.planned, want)
	}
	// What goes on keeps its plan, though it opens from a cache at once.
	again := driver(t, &notes{}, Settings{Rounds: 20})
	again.Planned = []results.Planned{{Combination: combinations("a")[0], Rounds: 6, Block: 333 * time.Millisecond}}
	again.Recorded = []results.Block{{Combination: combinations("a")[0], Round: 3}}
	out, err := again.Run(t.Context(), combinations("a"))
	if p := out.Plan.Open[0]; err != nil || p.Rounds != 6 || p.Block != 333*time.Millisecond {
		t.Errorf("going on: %+v, %v", p, err)
	}
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

func TestProbeFailsWhatRanTheFirstTimeAndNotTheSecond(t *testing.T) {
	_, err := driver(t, &notes{}, Settings{}).Run(t.Context(), combinations("a", "expensive-gone"))
	if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), "model=expensive-gone/backend=cpu1/link=none: it can no longer run: no such device") {
		t.Errorf("code %d, %v", exit.CodeOf(err), err)
	}
}

func TestProbeTakesASlowInferenceNotForExpensiveOpening(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{Rounds: 10}).Run(t.Context(), combinations("slow")); err != nil {
		t.Fatal(err)
	}
	if p := n.planned[0]; p.Rounds != 10 || p.Cold != 0 {
		t.Errorf("planned %+v", p)
	}
}

func TestPlanCountsComputedLatenciesAsNoTime(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{Rounds: 10}).Run(t.Context(), combinations("computed")); err != nil {
		t.Fatal(err)
	}
	if want := 10 * 3 * time.Millisecond; n.plan.Duration() != want {
		t.Errorf("the plan says %v, want %v", n.plan.Duration(), want)
	}
}

func TestDriverResumingFailsWhatCannotRunAnyMore(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{})
	d.Recorded = []results.Block{{Combination: combinations("skip")[0], Round: 0}}
	d.Planned = []results.Planned{{Combination: combinations("skip")[0], Rounds: 6, Cold: time.Minute}, {Combination: combinations("a")[0], Rounds: 6}}
	_, err := d.Run(t.Context(), combinations("a", "skip"))
	if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), "model=skip/backend=cpu1/link=none: it can no longer run: no such device") {
		t.Errorf("code %d, %v", exit.CodeOf(err), err)
	}
	// Should it come back, it is measured as planned at first.
	if len(n.planned) != 2 || n.planned[0] != d.Planned[0] || n.planned[1].Rounds != 3 {
		t.Errorf("planned %+v", n.planned)
	}
}

func TestBudgetDoesNotCountWhatIsMeasuredAlready(t *testing.T) {
	n := &notes{}
	s := Settings{Rounds: 10, Block: 2 * time.Second, Budget: 30 * time.Second}
	d := driver(t, n, s)
	for round := range 9 {
		for _, c := range combinations("a", "b") {
			d.Recorded = append(d.Recorded, results.Block{Combination: c, Round: round})
		}
	}
	if _, err := d.Run(t.Context(), combinations("a", "b")); err != nil {
		t.Fatal(err)
	}
	if len(n.blocks) != 2 || n.plan.Duration() > 5*time.Second {
		t.Errorf("%d blocks, a plan of %v", len(n.blocks), n.plan.Duration())
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
	if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), "interrupted after 2 of 9 blocks") {
		t.Errorf("error %v", err)
	}
	if len(n.blocks) != 2 {
		t.Errorf("%d blocks kept", len(n.blocks))
	}
}

func TestPrecisionGoesOnOnlyWhereItIsMissing(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: time.Hour})
	if _, err := d.Run(t.Context(), combinations("calm", "odd")); err != nil {
		t.Fatal(err)
	}
	// From 9 rounds on the interval leaves the least and the greatest out, and with
	// them the odd first round.
	if got := n.perCombination(t); got["calm"] != 7 || got["odd"] != 10 {
		t.Errorf("blocks: %v", got)
	}
}

func TestPrecisionDoesNotTrustSamplesThatAreLeftOut(t *testing.T) {
	var recorded []results.Block
	for round := range 10 {
		b := results.Block{Combination: combinations("calm")[0], Round: round, Samples: []results.Sample{{Phase: results.PhaseSteady, Total: time.Millisecond}}}
		if round >= 3 {
			b.Samples[0].Mark = results.MarkStolen
		}
		recorded = append(recorded, b)
	}
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: time.Hour})
	d.LeaveOut, d.Recorded = ^results.Mark(0), recorded
	if _, err := d.Run(t.Context(), combinations("calm")); err != nil {
		t.Fatal(err)
	}
	if len(n.blocks) != 4 || n.blocks[0].Round != 10 {
		t.Errorf("%d further rounds, want 4 from round 10 on, for 7 that count", len(n.blocks))
	}
}

func TestPrecisionNamesWhatTheBudgetCutOff(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: 10 * time.Second})
	now := time.Unix(0, 0)
	d.Now = func() time.Time { now = now.Add(100 * time.Millisecond); return now }
	out, err := d.Run(t.Context(), combinations("noisy"))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Imprecise) != 1 || math.Abs(*out.Imprecise[0].Reached-0.1) > 0.01 || len(n.blocks) == 0 {
		t.Errorf("%d blocks, imprecise %+v", len(n.blocks), out.Imprecise)
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
		t.Errorf("lost: %q", n.dropped)
	}
}
