package steps

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model/profiles"
)

// world is a machine on which every inference of a combination takes its
// median with 3 % noise, in rounds that differ by 1 %.
type world struct {
	medians map[grid.Combination]time.Duration
	rng     *rand.Rand
	rounds  map[grid.Combination]int
	blocks  []results.Block
	skipped map[grid.Combination]string
	extras  accept.Extras
	calls   [][]grid.Combination
	clock   time.Time
	// inferences is the number of samples a block holds.
	inferences  int
	calibration float64 // of a local backend's blocks, in seconds
}

func combo(variant, backend, link string) grid.Combination {
	return grid.Combination{Variant: names.Variant(variant), Backend: names.Backend(backend), Link: names.Link(link)}
}

const (
	pq32   = "model=mobilenet/input=32/compression=pq"
	pq75   = "model=mobilenet/input=75/compression=pq"
	none32 = "model=mobilenet/input=32/compression=none"
	pwq32  = "model=mobilenet/input=32/compression=pwq"
)

func newWorld() *world {
	return &world{
		medians: map[grid.Combination]time.Duration{
			combo(pq32, "cpu1", "none"):                 10 * time.Millisecond,
			combo(pq75, "cpu1", "none"):                 40 * time.Millisecond,
			combo(none32, "cpu1", "none"):               12 * time.Millisecond,
			combo(pwq32, "cpu1", "none"):                10 * time.Millisecond,
			combo(pq32, "offload-desk", "ethernet"):     23 * time.Millisecond,
			combo(pq75, "offload-desk", "ethernet"):     27 * time.Millisecond,
			combo(pq32, "offload-self", "ethernet"):     23 * time.Millisecond,
			combo(pq32, "offload-desk", "direct"):       2 * time.Millisecond,
			combo(none32, "offload-desk", "ethernet"):   23 * time.Millisecond,
			combo(pwq32, "offload-desk", "ethernet"):    23 * time.Millisecond,
			combo(pq32, "offload-desk", "radio-tables"): 62 * time.Millisecond,
		},
		skipped:    map[grid.Combination]string{combo(pq32, "npu", "none"): "no NPU delegate is installed"},
		rng:        rand.New(rand.NewPCG(1, 2)),
		rounds:     map[grid.Combination]int{},
		clock:      time.Unix(0, 0),
		inferences: 60,
	}
}

// Measure implements Measurer. A round of one combination takes a second.
func (w *world) Measure(_ context.Context, cs []grid.Combination, rounds int) (*accept.Data, error) {
	w.calls = append(w.calls, cs)
	for _, c := range cs {
		if median, ok := w.medians[c]; ok {
			for range rounds {
				w.block(c, median)
			}
		}
	}
	w.clock = w.clock.Add(time.Duration(rounds*len(cs)) * time.Second)
	return w.data(), nil
}

// Looked implements Measurer.
func (w *world) Looked(l accept.Looks) error {
	w.extras.Looks = &l
	return nil
}

func (w *world) block(c grid.Combination, median time.Duration) {
	shared := math.Exp(0.01 * w.rng.NormFloat64())
	b := results.Block{Combination: c, Round: w.rounds[c], Open: 30 * time.Millisecond, MemoryBytes: 5e6}
	if grid.IsLocal(c.Backend) {
		b.Calibration = w.calibration
	}
	for i := range w.inferences {
		s := results.Sample{Phase: results.PhaseSteady}
		s.Total = time.Duration(float64(median) * shared * math.Exp(0.03*w.rng.NormFloat64()))
		s.Exec = s.Total
		if c.Link != grid.LinkNone {
			s.Exec = s.Total / 20
			s.Network = s.Total - s.Exec
			s.Sent, s.Received = 3072, 100
		}
		if i == 0 {
			s.Phase = results.PhaseFirst
		}
		b.Samples = append(b.Samples, s)
	}
	w.rounds[c]++
	w.blocks = append(w.blocks, b)
}

func (w *world) data() *accept.Data {
	d, err := accept.NewData("a run", w.blocks)
	if err != nil {
		panic(err)
	}
	d.Interleaved = true
	d.Skipped = w.skipped
	d.Extras = w.extras
	return d
}

// recorded returns a run of every combination.
func (w *world) recorded(rounds int) *accept.Data {
	// In a fixed order, so that the noise is the same every time.
	for _, c := range slices.SortedFunc(maps.Keys(w.medians), func(a, b grid.Combination) int { return strings.Compare(a.Name(), b.Name()) }) {
		for range rounds {
			w.block(c, w.medians[c])
		}
	}
	return w.data()
}

func catalog() accept.Variants {
	var vs accept.Variants
	for _, n := range []string{none32, pq32, pwq32, pq75} {
		vs = append(vs, accept.VariantOf(n))
	}
	return vs
}

// write puts a feature into a folder and returns the file.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some.feature")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// judge judges a scenario's sentences on a recorded run of six rounds.
func judge(t *testing.T, sentences string, with ...func(*Options)) *accept.Report {
	t.Helper()
	r, err := tryJudge(t, "Feature: F\n  Scenario: S\n    "+strings.ReplaceAll(sentences, "\n", "\n    ")+"\n", with...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tryJudge(t *testing.T, feature string, with ...func(*Options)) (*accept.Report, error) {
	t.Helper()
	f, err := Read(write(t, feature))
	if err != nil {
		return nil, err
	}
	o := Options{Features: f, Variants: catalog(), Profiles: profiles.BuiltIn(), Cores: 2, Data: newWorld().recorded(8)}
	for _, w := range with {
		w(&o)
	}
	return Accept(context.Background(), o)
}

func pretty(t *testing.T, r *accept.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Pretty(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSentencesAreJudged(t *testing.T) {
	data := newWorld()
	data.calibration = 0.005
	data.extras.Agreement = map[string]accept.Agreement{pq32: {Images: 1000, Agreed: 980}}
	run := data.recorded(8)

	const pq = "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"\n"
	const desk = "Given the variant \"Mobilenet PQ 32\"\nAnd the host \"desk\" over the link \"ethernet\"\n"
	const all = "Given every variant with input 32\nAnd the backend \"cpu1\"\n"
	for _, tc := range []struct {
		sentences string
		want      accept.Verdict
		code      exit.Code
	}{
		{pq + "Then its p90 latency is at most 12 ms", accept.Pass, exit.OK},
		{pq + "Then its p90 latency is at most 9 ms", accept.Fail, exit.Threshold},
		{pq + "Then its p99.9 latency is at most 12 ms", accept.Inconclusive, exit.Inconclusive},
		{pq + "Then its mean latency is below 11ms", accept.Pass, exit.OK},
		{pq + "Then its mean latency is above 11ms", accept.Fail, exit.Threshold},
		{pq + "Then its latency is at least 9 ms", accept.Pass, exit.OK},
		{pq + "Then its opening time is at most 31 ms", accept.Pass, exit.OK},
		{pq + "Then its memory is at most 6 MB", accept.Pass, exit.OK},
		{pq + "Then its agreement with the uncompressed model is at least 95 %", accept.Pass, exit.OK},
		{pq + "Then its median latency is at most 2.2 times the calibration time", accept.Pass, exit.OK},
		{pq + "Then its median latency is at most 1.5 times the calibration time", accept.Fail, exit.Threshold},
		{pq + "Then its modelled energy per inference is at most 55 mJ", accept.Pass, exit.OK},
		{pq + "Then its modelled energy per inference is at most 45 mJ", accept.Fail, exit.Threshold},
		{pq + "Then its modelled EDP is at most 0.6 mJs", accept.Pass, exit.OK},
		{pq + "Then its energy per inference is at most 75 mJ", accept.Invalid, exit.NoData},
		{pq + "Then its EDP is at most 1 mJs", accept.Invalid, exit.NoData},
		{desk + "Then its payload is at most 4 kB", accept.Pass, exit.OK},
		{desk + "Then its network time is at least 50 % of its latency", accept.Pass, exit.OK},
		{desk + "Then its latency is within 10 % of the model", accept.Pass, exit.OK},
		{desk + "Then its latency is at most 20 % above the model", accept.Pass, exit.OK},
		{desk + "And the device \"imx8mp\" at \"high\" idle power\nThen its modelled energy per inference is at most 80 mJ", accept.Pass, exit.OK},
		{desk + "And an idle power of 6 W\nThen its modelled energy per inference is at most 80 mJ", accept.Fail, exit.Threshold},
		{pq + "Then \"cpu1\" beats offloading to \"desk\" over \"ethernet\" in latency by at least 50 %", accept.Pass, exit.OK},
		{pq + "Then offloading to \"desk\" over \"ethernet\" beats \"cpu1\" in latency", accept.Fail, exit.Threshold},
		{pq + "Then offloading to \"desk\" over \"ethernet\" does not beat \"cpu1\" in latency", accept.Pass, exit.OK},
		{pq + "Then offloading to \"desk\" over \"direct\" beats \"cpu1\" in p90 latency by at least 70 %", accept.Pass, exit.OK},
		{pq + "Then offloading to \"self\" over \"ethernet\" beats \"cpu1\" in latency", accept.Invalid, exit.NoData},
		{pq + "Then offloading to \"self\" over \"ethernet\" does not beat \"cpu1\" in latency", accept.Invalid, exit.NoData},
		{pq + "Then \"cpu1\" beats offloading to \"desk\" over \"ethernet\" in energy", accept.Invalid, exit.NoData},
		{pq + "Then the crossing point between \"cpu1\" and \"desk\" over \"ethernet\" is below 25 ms", accept.Pass, exit.OK},
		{pq + "Then the crossing point between \"cpu1\" and \"self\" over \"ethernet\" is below 25 ms", accept.Invalid, exit.NoData},
		{pq + "Then the variant \"mobilenet pq 32\" beats \"Mobilenet 32\" in latency by at least 10 %", accept.Pass, exit.OK},
		{all + "Then compression \"pq\" beats \"none\" in latency by at least 10 %", accept.Pass, exit.OK},
		{all + "Then compression \"pwq\" is within 5 % of \"pq\" in latency", accept.Pass, exit.OK},
		{all + "Then compression \"pq\" is within 5 % of \"none\" in latency", accept.Fail, exit.Threshold},
		{all + "Then its latency varies by at most 30 % over the variants", accept.Pass, exit.OK},
		{all + "Then its latency varies by at most 2 % over the variants", accept.Fail, exit.Threshold},
		{"Given every compressed variant of \"mobilenet\"\nAnd the backend \"cpu1\"\nThen its latency grows with the input size", accept.Pass, exit.OK},
		{"Given every variant matching \"model=mobilenet/**\"\nAnd the backend \"cpu1\"\nThen its latency correlates with the input size by at least 50 %", accept.Pass, exit.OK},
		{"Given every variant matching \"model=*/input=*/compression=*\"\nAnd the backend \"cpu1\"\nThen its latency correlates with its energy by at least 98 %", accept.Invalid, exit.NoData},
		{"Given every variant matching \"**\"\nAnd the backend \"cpu1\"\nThen its latency correlates with the parameters by at least 50 %", accept.Missing, exit.NoData},
		{"Given the variants:\n  | Mobilenet PQ 32 |\n  | Mobilenet PQ 75 |\nWhen the local latency on \"cpu1\" is above 31 ms\nThen offloading to \"desk\" over \"ethernet\" beats \"cpu1\" in latency", accept.Pass, exit.OK},
		{pq + "When the local latency on \"cpu1\" is above 31 ms\nThen its latency is at most 1 ms", accept.Invalid, exit.NoData},
		{"Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"npu\"\nThen its latency is at most 1 ms", accept.Skipped, exit.NoData},
		{"Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu4\"\nThen its latency is at most 1 ms", accept.Missing, exit.NoData},
	} {
		r := judge(t, tc.sentences, func(o *Options) { o.Data = run })
		if got := r.Scenarios[0].Verdict(); got != tc.want || r.Code() != tc.code {
			t.Errorf("%s\n  %v, exit code %d; want %v, %d\n%s", tc.sentences, got, r.Code(), tc.want, tc.code, pretty(t, r))
		}
	}
}

// A sentence that is wrong is found before anything is measured, with its place
// and a remedy, and never ends in exit code 0.
func TestWrongSentencesNameTheirPlaceAndRemedy(t *testing.T) {
	const pq = "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"\n"
	for _, tc := range []struct{ sentences, want string }{
		{pq + "Then its p90 latency is at most 31", "some.feature:5: the limit \"31\""},
		{pq + "Then its p90 latency is at most 31 mJ", "some.feature:5: the limit \"31 mJ\""},
		{pq + "Then its p100 latency is at most 31 ms", "is no statistic"},
		{"Given the variant \"Mobilnet PQ 32\"", "some.feature:3: unknown variant \"Mobilnet PQ 32\"; did you mean \"mobilenet PQ 32\"?"},
		{"Given the backend \"cpux\"", "is no local backend"},
		{"Given the host \"desk\" over the link \"ethernt\"", "ethernet"},
		{pq + "Then its p90 latency feels fast", "some.feature:5: no sentence reads \"its p90 latency feels fast\"; did you mean something like \"Then its p90 latency is at most 31 ms\"?"},
		{"Given the backend \"cpu1\"\nThen its latency is at most 1 ms", "no variant is chosen"},
		{"Given the variant \"Mobilenet PQ 32\"\nThen its latency is at most 1 ms", "no place is chosen"},
		{pq + "Then its agreement with the uncompressed model is at least 90", "no sentence reads"},
		{"Given the device \"imx9\"", "imx8mp"},
		{"Given every variant of \"alexnet\"", "no variant fits"},
		{pq + "Then compression \"pq\" beats \"none\" in latency", "no model has both"},
	} {
		for _, tag := range []string{"", "  @study\n"} {
			r, err := tryJudge(t, "Feature: F\n"+tag+"  Scenario: S\n    "+strings.ReplaceAll(tc.sentences, "\n", "\n    ")+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if r.Code() != exit.Usage {
				t.Errorf("%s: exit code %d, want usage", tc.sentences, r.Code())
			}
			if out := pretty(t, r); tag == "" && !strings.Contains(out, tc.want) {
				t.Errorf("%s:\n%s\nlacks %q", tc.sentences, out, tc.want)
			}
		}
	}
}

func TestWhatRunsNothingIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		feature, tags, want string
		code                exit.Code
	}{
		"an unmatched tag":        {"Feature: F\n  Scenario: S\n    Given the backend \"cpu1\"\n", "@nightly", "no scenario of", exit.NoData},
		"no scenario":             {"Feature: F\n", "", "holds no scenario", exit.NoData},
		"an empty file":           {"", "", "holds no scenario", exit.NoData},
		"no sentence":             {"Feature: F\n  Scenario: S\n", "", "has no sentences", exit.NoData},
		"an outline without rows": {"Feature: F\n  Scenario Outline: S\n    Given the backend \"<b>\"\n    Examples:\n      | b |\n", "", "have no rows", exit.NoData},
		"no Gherkin":              {"Feature: F\n  Scenario: S\n    Given x\n    nonsense\n", "", "does not parse", exit.Usage},
	} {
		_, err := tryJudge(t, tc.feature, func(o *Options) { o.Tags = tc.tags })
		if exit.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v (exit code %d), want %q and %d", name, err, exit.CodeOf(err), tc.want, tc.code)
		}
	}
	if _, err := Read(t.TempDir()); exit.CodeOf(err) != exit.NoData {
		t.Errorf("an empty folder: %v", err)
	}
	r := judge(t, "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"")
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "it judged nothing") {
		t.Errorf("a scenario that claims nothing: exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestRequiredBackendThatIsNotThereFails(t *testing.T) {
	const npu = "Given the variant \"Mobilenet PQ 32\"\nAnd the backends:\n  | cpu1 |\n  | npu |\nThen its latency is at most 20 ms"
	r := judge(t, npu)
	if r.Code() != exit.OK {
		t.Errorf("exit code %d, want 0: what ran has passed\n%s", r.Code(), pretty(t, r))
	}
	if !strings.Contains(pretty(t, r), "no NPU delegate is installed") {
		t.Errorf("the reason of the skip is not shown:\n%s", pretty(t, r))
	}
	r = judge(t, npu, func(o *Options) { o.Require = []string{"npu"} })
	if r.Code() != exit.Threshold {
		t.Errorf("exit code %d, want a failure\n%s", r.Code(), pretty(t, r))
	}
}

func TestStudyNeverTouchesTheExitCode(t *testing.T) {
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

func TestMeasuringOnEndsWhenItCanTellOrTheBudgetIsSpent(t *testing.T) {
	f, err := Read(write(t, `Feature: F
  Scenario: clear
    Given the variant "Mobilenet PQ 32"
    And the backend "cpu1"
    Then its p90 latency is at most 20 ms
  Scenario: needs more
    Given the variant "Mobilenet PQ 75"
    And the backend "cpu1"
    Then its p99 latency is at most 45 ms
  Scenario: sits in the noise
    Given the variant "Mobilenet PQ 32"
    And the host "desk" over the link "ethernet"
    Then its median latency is at most 23ms
`))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	var looks []accept.Looks
	r, err := Accept(context.Background(), Options{
		Features: f, Variants: catalog(), Profiles: profiles.BuiltIn(), Measurer: w,
		Rounds: 12, Budget: 500 * time.Second, Now: func() time.Time { return w.clock },
		Progress: func(l accept.Looks, _ *accept.Report) { looks = append(looks, l) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.calls) < 3 || len(w.calls[0]) != 3 || len(w.calls[1]) != 2 {
		t.Fatalf("measured %v, want all three first and then only the undecided ones", w.calls)
	}
	if len(looks) != len(w.calls) || looks[0].Look != 1 || looks[0].Of != mostLooks || w.extras.Looks.Look != len(looks) {
		t.Errorf("looks %v, recorded %v", looks, w.extras.Looks)
	}
	if over := w.clock.Sub(time.Unix(0, 0)); over > 500*time.Second {
		t.Errorf("measured for %v, beyond the budget", over)
	}
	want := map[string]accept.Verdict{"clear": accept.Pass, "needs more": accept.Pass, "sits in the noise": accept.Inconclusive}
	for _, s := range r.Scenarios {
		if s.Verdict() != want[s.Name] {
			t.Errorf("%s: %v, want %v\n%s", s.Name, s.Verdict(), want[s.Name], pretty(t, r))
		}
	}
	if r.Code() != exit.Inconclusive {
		t.Errorf("exit code %d", r.Code())
	}
	// What the recorded run is judged to be later is what it was judged then.
	again, err := Accept(context.Background(), Options{Features: f, Variants: catalog(), Profiles: profiles.BuiltIn(), Data: w.data()})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.SplitAfter(pretty(t, again), "judged")[0], strings.SplitAfter(pretty(t, r), "judged")[0]; got != want {
		t.Errorf("judged again:\n%s\nat first:\n%s", got, want)
	}
}

func TestWithoutBudgetThereIsOneLook(t *testing.T) {
	f, err := Read(write(t, "Feature: F\n  Scenario: S\n    Given the variant \"Mobilenet PQ 32\"\n    And the backend \"cpu1\"\n    Then its median latency is at most 10ms\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	if _, err := Accept(context.Background(), Options{Features: f, Variants: catalog(), Profiles: profiles.BuiltIn(), Measurer: w, Rounds: 3}); err != nil {
		t.Fatal(err)
	}
	if len(w.calls) != 1 || w.extras.Looks.Look != 1 || w.extras.Looks.Of != 1 {
		t.Errorf("measured %d times, looks %v", len(w.calls), w.extras.Looks)
	}
}

func TestComparisonsRefuseARunThatDidNotInterleave(t *testing.T) {
	data := newWorld().recorded(8)
	data.Interleaved = false
	r := judge(t, "Given the variant \"Mobilenet PQ 32\"\nThen \"cpu1\" beats offloading to \"desk\" over \"ethernet\" in latency", func(o *Options) { o.Data = data })
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "in turns") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestOneScenarioIsRepeatedByItsLine(t *testing.T) {
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
	f, err := Read(file + ":6")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Accept(context.Background(), Options{Features: f, Variants: catalog(), Profiles: profiles.BuiltIn(), Data: newWorld().recorded(8)})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Scenarios) != 1 || r.Scenarios[0].Name != "second" || r.Scenarios[0].Line != 6 || r.Code() != exit.OK {
		t.Errorf("ran %+v", r.Scenarios)
	}
	if _, err := Read(file + ":5"); exit.CodeOf(err) != exit.NoData {
		t.Errorf("line 5 begins no scenario: %v", err)
	}
}

func TestIncompleteModelledEnergyNeverPasses(t *testing.T) {
	// The 5G link's energy per byte is not known, so this is a lower bound.
	w := newWorld()
	w.medians[combo(pq32, "offload-desk", "5g")] = 5 * time.Millisecond
	r := judge(t, "Given the variant \"Mobilenet PQ 32\"\nAnd the host \"desk\" over the link \"5g\"\nThen its modelled energy per inference is at most 80 mJ",
		func(o *Options) { o.Data = w.recorded(8) })
	if r.Code() != exit.Inconclusive || !strings.Contains(pretty(t, r), "lower bound") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}

func TestRunThatWasNeverQuietIsUnfitAndNotJudged(t *testing.T) {
	w := newWorld()
	w.recorded(8)
	for i := range w.blocks {
		for j := range w.blocks[i].Samples {
			w.blocks[i].Samples[j].Mark = results.MarkForeignLoad
		}
	}
	data := w.data()
	r := judge(t, "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"\nThen its latency is at most 20 ms", func(o *Options) { o.Data = data })
	if r.Code() != exit.Unfit || !r.Undecided() {
		t.Errorf("exit code %d, undecided %v\n%s", r.Code(), r.Undecided(), pretty(t, r))
	}
}

func TestCombinationThatCrashedOnceIsNotJudgedByItsOtherRounds(t *testing.T) {
	data := newWorld().recorded(8)
	data.Failed[combo(pq32, "cpu1", "none")] = "crashed: SIGSEGV"
	r := judge(t, "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"\nThen its latency is at most 20 ms", func(o *Options) { o.Data = data })
	if r.Code() != exit.NoData || !strings.Contains(pretty(t, r), "crashed: SIGSEGV") {
		t.Errorf("exit code %d\n%s", r.Code(), pretty(t, r))
	}
}
