package suites

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/suite"
)

func TestMain(m *testing.M) {
	host.ChildMain(suite.HostBackend)
	flag.Parse()
	answered, err := answerQuestion()
	if err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(int(exit.CodeOf(err)))
	}
	if answered {
		return
	}
	code := m.Run()
	if pattern := flag.Lookup("test.bench").Value.String(); pattern != "" && code == 0 && !benchmarked {
		fmt.Fprintf(os.Stderr, `suites: -bench %q matches nothing, so nothing was measured.
Go matches a pattern level by level. Select by any part of a name instead:
  go test ./suites -bench . -combinations 'backend=cpu1'
or with a pattern for each level:
  go test ./suites -bench 'Inference/model=mobilenet/input=32/compression=pq/backend=cpu1'
`, pattern)
		code = int(exit.NoData)
	}
	os.Exit(code)
}

// benchmarked says that BenchmarkInference was called.
var benchmarked bool

// answerQuestion answers the question that a driver or a person asks instead of measuring,
// if any.
func answerQuestion() (answered bool, err error) {
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
	return job.Job{Task: job.Measure, Setup: s, Block: benchtime(), Reference: *reference}
}

// BenchmarkInference measures each combination as a sub-benchmark.
func BenchmarkInference(b *testing.B) {
	benchmarked = true
	if b.N > 1 {
		return // no combination could run; go test now tries with more iterations
	}
	j := driversJob
	if !*driven {
		j = userJob(benchGrid)
	}
	s := newSuite(b, j, measure.Settle{})
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
		j.Block = specTime
	}
	// A spec need not wait until a noisy machine has calmed down.
	s := newSuite(t, j, measure.Settle{MaxTime: time.Second})
	defer s.Close()
	root := *features
	if root == "" && setup.Grid != "" && s.Files.Catalog == "" {
		root = "features/quick" // those that are built in
	}
	limits, err := readLimits(s, root)
	if err != nil {
		t.Fatal(err)
	}
	(&specifier{s, j.Block, limits}).run(t)
}

func newSuite(t testing.TB, j job.Job, settle measure.Settle) *suite.Suite {
	t.Helper()
	hooks, err := hooks()
	if err != nil {
		t.Fatal(err)
	}
	if settle != (measure.Settle{}) {
		hooks.Settle = settle
	}
	s, err := suite.New(j, hooks)
	if err == nil && *combinations != "" && !*driven {
		err = s.Only(strings.Split(*combinations, ","))
	}
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
