package rounds

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		w.Write(results.Event{Kind: results.EventBlock, Block: &results.Block{
			Combination: c, Round: max(0, j.Round), Start: time.Unix(1, 0), Open: open, Origin: origin,
			Warmup: results.Warmup{Settled: true, Runs: 5, Time: j.Block, Reason: "settled"},
			Samples: []results.Sample{
				{Phase: results.PhaseFirst, Total: 2 * time.Millisecond},
				{Phase: results.PhaseSteady, Total: latency},
			},
		}})
	}
	w.Write(results.Event{Kind: results.EventEnd})
	return 0
}
