package rounds

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestMain(m *testing.M) {
	if os.Getenv("CROSSOVER_FAKE_SUITES") != "" {
		os.Exit(fakeSuites(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fakeSuites stands for the suites' test binary: it does a job with events, and
// the model's name says what each combination does.
func fakeSuites(args []string) int {
	fs := flag.NewFlagSet("fake", flag.ExitOnError)
	for _, known := range []string{"test.run", "test.bench", "test.count", "test.timeout", "test.benchtime"} {
		fs.String(known, "", "")
	}
	fs.Bool("job", false, "")
	fs.Parse(args)
	j, err := job.Read(os.Stdin)
	if err != nil {
		panic(err)
	}
	events := os.NewFile(job.EventsDescriptor, "events")
	w := results.NewEventWriter(events)
	for _, c := range j.Combinations {
		w.Write(results.Event{Kind: results.EventStart, Combination: c})
		does, _, _ := strings.Cut(strings.TrimPrefix(string(c.Variant), "model="), "-")
		latency := time.Millisecond
		if does == "noisy" || does == "odd" && j.Round == 0 {
			latency += time.Duration(j.Round%2*2-1) * 50 * time.Microsecond
		}
		if later, ok := strings.CutSuffix(does, "later"); ok && j.Round == 1 {
			does = later
		}
		open, origin := 3*time.Millisecond, names.Origin("")
		switch does {
		case "computed":
			origin = names.Computed
		case "slow":
			latency = 3 * time.Second
		case "expensive": // and compiled once
			open = 2 * time.Second
			if marker := filepath.Join(os.Getenv("CROSSOVER_FAKE_SUITES"), "compiled"); j.Round == results.ProbeRound {
				if err := os.Mkdir(marker, 0o777); err == nil {
					open = 30 * time.Second
				} else if strings.HasSuffix(string(c.Variant), "-gone") {
					w.Write(results.Event{Kind: results.EventSkip, Combination: c, Reason: "no such device"})
					continue
				}
			}
		case "crash":
			os.Stderr.WriteString("delegate: out of memory\n")
			os.Exit(134)
		case "torn":
			events.WriteString(`{"event":"blo`)
			os.Exit(9)
		case "hang":
			time.Sleep(time.Hour)
		case "skip":
			w.Write(results.Event{Kind: results.EventSkip, Combination: c, Reason: "no such device"})
			continue
		case "fail":
			w.Write(results.Event{Kind: results.EventFail, Combination: c, Reason: "cannot load"})
			continue
		}
		sample := results.Sample{Phase: results.PhaseSteady, Total: latency}
		steady := slices.Repeat([]results.Sample{sample}, max(1, j.MinSamples[c.Name()]))
		w.Write(results.Event{Kind: results.EventBlock, Block: &results.Block{
			Combination: c, Round: max(0, j.Round), Start: time.Unix(1, 0), Open: open, Origin: origin,
			Warmup:  results.Warmup{Settled: true, Runs: 5, Time: j.Block, Reason: "settled"},
			Samples: append([]results.Sample{{Phase: results.PhaseFirst, Total: 2 * time.Millisecond}}, steady...),
		}})
	}
	w.Write(results.Event{Kind: results.EventEnd})
	return 0
}

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
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector sleeps a second in each process
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

// combination is the model on one thread of the CPU; fakeSuites does what the
// model's name says.
func combination(model string) names.Combination {
	return names.Combination{Variant: names.Variant("model=" + model), Backend: "cpu1", Link: names.LinkNone}
}

func combinations(models ...string) (all []names.Combination) {
	for _, m := range models {
		all = append(all, combination(m))
	}
	return all
}

// checkError wants an error with an exit code that contains the texts.
func checkError(t *testing.T, err error, code exit.Code, texts ...string) {
	t.Helper()
	ok := exit.CodeOf(err) == code
	for _, text := range texts {
		ok = ok && strings.Contains(fmt.Sprint(err), text)
	}
	if !ok {
		t.Errorf("code %d, error %v; want code %d and %q", exit.CodeOf(err), err, code, texts)
	}
}
