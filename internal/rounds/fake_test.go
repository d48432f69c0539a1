package rounds

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestMain(m *testing.M) {
	if os.Getenv("CROSSOVER_FAKE_SUITES") != "" {
		os.Exit(fakeSuites(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fakeSuites stands for the suites' test binary: it answers to the same flags
// with events, and the model's name says what each combination does.
func fakeSuites(args []string) int {
	fs := flag.NewFlagSet("fake", flag.ExitOnError)
	for _, known := range []string{"test.run", "test.bench", "test.count", "test.timeout"} {
		fs.String(known, "", "")
	}
	block := fs.Duration("test.benchtime", 0, "")
	fd := fs.Int("events", 0, "")
	round := fs.Int("round", 0, "")
	list := fs.String("combinations", "", "")
	fs.Parse(args)

	w := results.NewEventWriter(os.NewFile(uintptr(*fd), "events"))
	names, err := os.ReadFile(*list)
	if err != nil {
		panic(err)
	}
	for _, name := range strings.Fields(string(names)) {
		c, err := grid.ParseName(name)
		if err != nil {
			panic(err)
		}
		w.Write(results.Event{Kind: results.EventStart, Combination: c})
		does, _, _ := strings.Cut(strings.TrimPrefix(string(c.Variant), "model="), "-")
		latency := time.Millisecond
		if does == "noisy" || does == "odd" && *round == 0 {
			latency += time.Duration(*round%2*2-1) * 50 * time.Microsecond
		}
		if later, ok := strings.CutSuffix(does, "later"); ok && *round == 1 {
			does = later
		}
		open, origin := 3*time.Millisecond, ""
		switch does {
		case "computed":
			origin = results.OriginComputed
		case "slow":
			latency = 3 * time.Second
		case "dear": // and compiled once
			open = 2 * time.Second
			if marker := filepath.Join(os.Getenv("CROSSOVER_FAKE_SUITES"), "compiled"); *round == results.ProbeRound {
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
			os.NewFile(uintptr(*fd), "events").WriteString(`{"event":"blo`)
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
			Combination: c, Round: max(0, *round), Start: time.Unix(1, 0), Open: open, Origin: origin,
			Warmup: results.Warmup{Settled: true, Runs: 5, Time: *block, Reason: "settled"},
			Samples: []results.Sample{
				{Phase: results.PhaseFirst, Total: 2 * time.Millisecond},
				{Phase: results.PhaseSteady, Total: latency},
			},
		}})
	}
	w.Write(results.Event{Kind: results.EventEnd})
	return 0
}
