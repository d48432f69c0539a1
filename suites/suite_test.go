// Package suites is the test binary: its benchmarks measure every combination of
// a grid, its specs judge each, and its Gherkin runner judges the features.
//
//	go test -bench . ./suites -grid grids/quick.yaml
//
// works as everyone expects. crossover bench calls the same binary once a round
// and keeps what it measures; then the combinations are named in a file and the
// blocks leave through a pipe.
package suites

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
)

var (
	gridFile     = flag.String("grid", "", "the grid `file` to measure; grids/quick.yaml for benchmarks, the tiny grid for specs")
	models       = flag.String("models", "", "a `folder` of .tflite files of your own, measured in place of the grid's variants")
	built        = flag.String("fixtures", "", "the `folder` with the built variants; ../fixtures/models, or what the grid says")
	profilesFile = flag.String("profiles", "", "a `file` with links of your own, laid over the built-in ones")
	hostsFile    = flag.String("hosts", "", "the `file` that declares hosts; without it offloading goes to an embedded host")
	emulation    = flag.String("link-emulation", "client", "how links are emulated: `client` shapes the connection at this end, netem asks the kernel")
	npu          = flag.String("npu", "", "the external delegate `library` that the backend npu loads")
	gpu          = flag.String("gpu", "", "the external delegate `library` that the backend gpu loads")

	// Set by the command that drives this binary.
	listFile  = flag.String("combinations", "", "measure the combinations named in this `file`, in its order")
	round     = flag.Int("round", 0, "the `number` of the round")
	eventsFD  = flag.Int("events", 0, "send blocks over this file `descriptor`")
	calibrate = flag.Bool("calibrate", false, "take a calibration run before each block of a local CPU backend")
	dry       = flag.Bool("dry", false, "say what would be skipped, and measure nothing")
)

func TestMain(m *testing.M) {
	host.ChildMain(localForHost)
	flag.Parse()
	for _, question := range []struct {
		asked  bool
		answer func() error
	}{{*aboutFlag, printAbout}, {*dry, sendSkipped}, {*agreementFlag, printAgreement}} {
		if question.asked {
			if err := question.answer(); err != nil {
				fmt.Fprintln(os.Stderr, "suites:", err)
				os.Exit(int(exit.CodeOf(err)))
			}
			return
		}
	}
	os.Exit(m.Run())
}

// A suite is the grid that this process works on, ready to open.
type suite struct {
	*declared.Set
	built        string // the folder of the built variants
	combinations []grid.Combination
	self         *offload.Self                // nil until a combination needs it
	probe        *machine.SystemProbe         // reads the machine between samples
	probeOwn     []int                        // processes whose load the probe takes for our own
	events       *results.EventWriter         // nil without a driver
	measured     int                          // benchmarks that ran, whatever came out
	agreed       map[string]*accept.Agreement // of variants, as far as asked
	settle       measure.Settle               // ends a warm-up; zero for its defaults
}

// newSuite reads the grid, or the default one when -grid is not given.
func newSuite(defaultGrid string) (*suite, error) {
	file := *gridFile
	if file == "" {
		file = defaultGrid
	}
	d, err := declared.Read(declared.Files{Grid: file, Models: *models, Hosts: *hostsFile, Profiles: *profilesFile})
	if err != nil {
		return nil, err
	}
	s := &suite{Set: d, built: cmp.Or(*built, d.Grid.Models, filepath.Join("..", "fixtures", "models"))}
	if s.combinations, err = d.Combinations(runtime.NumCPU()); err != nil {
		return nil, err
	}
	if s.settle, err = settleHook(); err != nil {
		return nil, err
	}
	if *listFile != "" {
		if s.combinations, err = readList(*listFile); err != nil {
			return nil, err
		}
	}
	if *eventsFD > 0 {
		// What this process starts, such as an embedded host, must not keep the
		// pipe open after this process has died.
		syscall.CloseOnExec(*eventsFD)
		s.events = results.NewEventWriter(os.NewFile(uintptr(*eventsFD), "events"))
	}
	return s, nil
}

func readList(file string) ([]grid.Combination, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []grid.Combination
	for i, name := range strings.Fields(string(text)) {
		c, err := grid.ParseName(name)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// variant resolves a combination's variant to its file.
func (s *suite) variant(c grid.Combination) (fixtures.Variant, error) {
	if v, ok := s.ownFile(string(c.Variant)); ok {
		return v, nil
	}
	return s.Catalog.Variant(string(c.Variant), s.built)
}

// ownFile returns the person's own file that a variant is.
func (s *suite) ownFile(name string) (fixtures.Variant, bool) {
	i := slices.IndexFunc(s.Own, func(v fixtures.Variant) bool { return v.Name == name })
	if i < 0 {
		return fixtures.Variant{}, false
	}
	return s.Own[i], true
}

// benchTime is the time that -benchtime asks for, or a second when it asks for a
// count.
func benchTime() time.Duration {
	if f := flag.Lookup("test.benchtime"); f != nil {
		if d, err := time.ParseDuration(f.Value.String()); err == nil {
			return d
		}
	}
	return time.Second
}

// unavailable returns the error as an *UnavailableError, or nil.
func unavailable(err error) *backends.UnavailableError {
	u, _ := errors.AsType[*backends.UnavailableError](err)
	return u
}
