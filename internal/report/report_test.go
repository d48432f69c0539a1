package report

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

func TestTableFiguresHaveTheirSignificantDigits(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		want string
	}{
		{1234.5678, 4, "1235"},
		{12.345678, 4, "12.35"},
		{0.00123456, 4, "0.001235"},
		{0, 4, "0"},
		{2, 3, "2.00"},
		{123456, 3, "123456"},
	} {
		if got := significant(c.x, c.n); got != c.want {
			t.Errorf("%v with %d digits is %q, want %q", c.x, c.n, got, c.want)
		}
	}
}

const mobilenet names.Variant = "model=mobilenet/input=32/compression=none"

// testRun returns three rounds of a combination whose latencies in milliseconds f
// draws.
func testRun(f func(rng *rand.Rand) float64, marked bool) *results.Run {
	rng := rand.New(rand.NewPCG(1, 2))
	run := &results.Run{Dir: "results/20260301T123000Z"}
	c := names.Place{Backend: "cpu1", Link: names.LinkNone}.Of(mobilenet)
	for round := range 3 {
		b := results.Block{Combination: c, Round: round, Warmup: results.Warmup{Settled: round > 0}}
		for range 500 {
			s := results.Sample{Phase: results.PhaseSteady, Total: time.Duration(1e6 * f(rng))}
			if marked {
				s.Mark = results.MarkForeignLoad
			}
			b.Samples = append(b.Samples, s)
		}
		run.Blocks = append(run.Blocks, b)
	}
	return run
}

func TestTableFitsTheTerminal(t *testing.T) {
	run := testRun(func(rng *rand.Rand) float64 { return 1 + 0.1*rng.Float64() }, false)
	full := render(t, run, 0)
	for _, width := range []int{200, 140, 120, 100, 80} {
		text := render(t, run, width)
		table := text[strings.Index(text, "\n"):]
		for line := range strings.SplitSeq(table, "\n") {
			if strings.ContainsAny(line, "│┌└├") && runewidth.StringWidth(line) > width {
				t.Errorf("width %d: %d characters: %s", width, runewidth.StringWidth(line), line)
			}
		}
		for _, want := range []string{"Variant", "Backend", "Median [ms]", "p99 [ms]", "Speed [x none]", "Left out"} {
			if !strings.Contains(text, want) {
				t.Errorf("width %d: no column %s", width, want)
			}
		}
	}
	if !strings.Contains(full, "Rounds") || !strings.Contains(full, "measured") {
		t.Errorf("columns are missing where lines may be long:\n%s", full)
	}
}

func render(t *testing.T, run *results.Run, width int) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, run, Options{Width: width}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRemarksSayWhatIsDoubtful(t *testing.T) {
	text := render(t, testRun(func(*rand.Rand) float64 { return 1 }, true), 0)
	for _, want := range []string{
		"has no figures: all its 1500 inferences were disturbed (1500 foreign); their median is 1.000 ms.",
		"Rounds whose warm-up did not settle: Mobilenet 32 on cpu1 1 of 3.", "not complete",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := render(t, &results.Run{Dir: "x"}, 0); !strings.Contains(text, "No combination was measured") {
		t.Errorf("an empty run: %s", text)
	}
}

func TestRemarksNameTheWorstShares(t *testing.T) {
	run := testRun(func(*rand.Rand) float64 { return 1 }, false)
	for i, n := range []int{1, 4, 2, 3, 1} { // unsettled of four rounds
		c := names.Place{Backend: names.CPU(2 + i), Link: names.LinkNone}.Of(mobilenet)
		for round := range 4 {
			b := run.Blocks[0]
			b.Combination, b.Round, b.Warmup.Settled = c, round, round >= n
			run.Blocks = append(run.Blocks, b)
		}
	}
	want := "Rounds whose warm-up did not settle: Mobilenet 32 on cpu3 4 of 4; Mobilenet 32 on cpu5 3 of 4; " +
		"Mobilenet 32 on cpu4 2 of 4; 3 more with smaller shares.\n"
	if text := render(t, run, 0); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

func TestRemarksSayThatASoakedMachineCooledDown(t *testing.T) {
	run := testRun(func(*rand.Rand) float64 { return 1 }, false)
	for i := range run.Blocks {
		celsius := 70 + float64(i)
		run.Blocks[i].Celsius = &celsius
	}
	soaked := 74.0
	run.Meta.Soak = &machine.Soak{Steady: true, Reason: "steady", Celsius: &soaked}
	if text := render(t, run, 0); !strings.Contains(text, "Temperature at the ends of the blocks: 70 to 72 C.\n") {
		t.Errorf("in\n%s", text)
	}
	soaked = 80
	want := "70 to 72 C. The soak left the machine at 80 C: some combinations did not keep it that hot.\n"
	if text := render(t, run, 0); !strings.Contains(text, want) {
		t.Errorf("in\n%s", text)
	}
}

func TestDistributionHasEveryInferenceInOneClass(t *testing.T) {
	for name, f := range map[string]func(*rand.Rand) float64{
		"normal":     func(rng *rand.Rand) float64 { return 5 + rng.NormFloat64()/10 },
		"heavy tail": func(rng *rand.Rand) float64 { return math.Pow(rng.Float64(), -1) },
		"bimodal":    func(rng *rand.Rand) float64 { return 1 + float64(rng.IntN(2)) + rng.Float64()/100 },
		"constant":   func(*rand.Rand) float64 { return 3 },
		"almost":     func(rng *rand.Rand) float64 { return 3 + math.Floor(rng.Float64()*1.001) },
	} {
		run := testRun(f, false)
		var sorted []float64
		for _, b := range run.Blocks {
			sorted = append(sorted, results.Latencies(b.Samples)...)
		}
		n := 0
		for _, k := range histogram(sortedCopy(sorted)) {
			n += k.n
		}
		if n != 1500 {
			t.Errorf("%s: the classes hold %d of 1500 inferences", name, n)
		}
		for _, width := range []int{0, 60, 120} {
			var b bytes.Buffer
			if err := Distribution(&b, run, summary.Summarize(run)[0], Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(b.String(), "\n") {
				if i > 1 && len(line) > max(width, 60) && (width > 0 || len(line) > 80) {
					t.Errorf("%s, width %d: %d characters: %s", name, width, len(line), line)
				}
			}
		}
	}
	if err := Distribution(&bytes.Buffer{}, &results.Run{}, summary.Summary{}, Options{}); err == nil {
		t.Error("a distribution of nothing")
	}
}

func sortedCopy(x []float64) []float64 {
	y := slices.Clone(x)
	slices.Sort(y)
	return y
}
