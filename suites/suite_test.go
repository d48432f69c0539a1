// Package suites is the entry of the test binary, which measures. Its benchmarks
// take a block of every combination of a grid; its specs check each one.
//
//	go test -bench . ./suites -grid quick
//
// works as usual. The command crossover drives the same binary with -job, a process
// at a time. The program itself is package internal/suite.
package suites

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/suite"
)

var (
	setup    job.Setup
	npu, gpu string

	driven    = flag.Bool("job", false, "do the job that crossover writes to standard input")
	about     = flag.Bool("about", false, "print what this binary is, as JSON, and do nothing else")
	dry       = flag.Bool("dry", false, "say what would be skipped, and measure nothing")
	calibrate = flag.Bool("calibrate", false, "take a calibration run before each block of a local CPU backend")
	agreement = flag.Bool("agreement", false,
		"print, as JSON, how far each compressed variant agrees with its uncompressed one, and measure nothing")
	features = flag.String("features", "", "the `folder` of features to whose limits each spec holds its combination;"+
		" features/quick with a -grid of the built-in catalog")

	driversJob job.Job // only with -job
)

// The grids that benchmarks and specs take without -grid.
const benchGrid, specGrid = "quick", "tiny"

func init() {
	flag.StringVar(&setup.Grid, "grid", "",
		"the `grid` to measure, built-in or a file; quick for benchmarks, tiny for specs")
	flag.StringVar(&setup.Models, "models", "",
		"a `folder` of .tflite files of your own, measured in place of the grid's variants")
	flag.StringVar(&setup.Fixtures, "fixtures", "",
		"the `folder` with the built variants; ../fixtures/models, or what the grid says")
	flag.StringVar(&setup.Profiles, "profiles", "", "a `file` with links of your own, laid over the built-in ones")
	flag.StringVar(&setup.Hosts, "hosts", "",
		"the `file` that declares hosts; without it offloading goes to an embedded host")
	flag.StringVar(&setup.LinkEmulation, "link-emulation", "client",
		"how links are emulated: `client` shapes the connection at this end, netem asks the kernel")
	flag.StringVar(&npu, "npu", "", "the external delegate `library` that the backend npu loads")
	flag.StringVar(&gpu, "gpu", "", "the external delegate `library` that the backend gpu loads")
}

func TestMain(m *testing.M) {
	host.ChildMain(suite.HostBackend)
	flag.Parse()
	answered, err := answer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(int(exit.CodeOf(err)))
	}
	if !answered {
		os.Exit(m.Run())
	}
}

// answer answers the question that a driver or a person asks instead of measuring,
// if any.
func answer() (answered bool, err error) {
	j := userJob(benchGrid)
	switch {
	case *driven:
		from, err := job.Read(os.Stdin)
		if err != nil {
			return false, err
		}
		driversJob, j = *from, *from
	case *about:
		j.Task = job.Describe
	case *dry:
		j.Task = job.Check
	case *agreement:
		j.Task = job.Agreement
	}
	if j.Task == job.Measure {
		return false, nil
	}
	hooks, err := hooks()
	if err != nil {
		return false, err
	}
	return true, suite.Answer(j, hooks)
}

// userJob returns the job that a person's flags describe.
func userJob(grid string) job.Job {
	s := setup
	if s.Grid == "" {
		s.Grid = grid
	}
	s.Delegates = map[names.Backend]string{names.NPU: npu, names.GPU: gpu}
	return job.Job{Task: job.Measure, Setup: s, Block: benchtime(), Calibrate: *calibrate}
}

// BenchmarkInference measures each combination as a sub-benchmark.
func BenchmarkInference(b *testing.B) {
	if b.N > 1 {
		return // no combination could run; go test now tries with more iterations
	}
	j := driversJob
	if !*driven {
		j = userJob(benchGrid)
	}
	s := newSuite(b, j)
	defer s.Close()
	s.Benchmarks(b)
}

// TestSuites runs a spec for each combination of the grid. Labels choose some of
// them, and all of Ginkgo's flags work:
//
//	go test ./suites -run TestSuites -grid quick -ginkgo.label-filter='link: containsAny {ethernet}'
//	go test ./suites -run TestSuites -ginkgo.dry-run -ginkgo.v
//	go test ./suites -run TestSuites -ginkgo.junit-report=specs.xml -ginkgo.poll-progress-after=30s
//
// A large grid takes longer than go test's ten minutes: use -timeout 0. Without
// -grid it checks the tiny grid and its committed files, so that plain go test needs
// no fixtures; no limits are judged then.
func TestSuites(t *testing.T) {
	stepAside(t)
	j := userJob(specGrid)
	if !given("test.benchtime") {
		j.Block = suite.SpecTime
	}
	s := newSuite(t, j)
	defer s.Close()
	limits := *features
	if limits == "" && setup.Grid != "" && s.Files.Catalog == "" {
		limits = "features/quick" // those that are built in
	}
	s.Specs(t, limits, given("ginkgo.timeout"))
}

func newSuite(t testing.TB, j job.Job) *suite.Suite {
	t.Helper()
	hooks, err := hooks()
	if err != nil {
		t.Fatal(err)
	}
	s, err := suite.New(j, hooks)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stepAside skips a test that measures if benchmarks are asked for, since go test
// runs all tests before them.
func stepAside(t *testing.T) {
	t.Helper()
	if flag.Lookup("test.bench").Value.String() != "" {
		t.Skip("specs step aside for benchmarks")
	}
}

// benchtime returns the time that -benchtime asks for, or a second if it asks for a
// count.
func benchtime() time.Duration {
	d, err := time.ParseDuration(flag.Lookup("test.benchtime").Value.String())
	if err != nil {
		return time.Second
	}
	return d
}

// given reports whether the command line has a flag.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}
