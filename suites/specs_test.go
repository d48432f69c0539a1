package suites

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gmeasure"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
)

// specTime is the steady time of a spec's block when -test.benchtime does not
// say: specs look at how a combination behaves, benchmarks at how fast it is.
const specTime = 100 * time.Millisecond

// TestSuites runs the specs: one for each combination of the grid, with labels
// to choose by. All of Ginkgo's flags work:
//
//	go test ./suites -run TestSuites -grid grids/quick.yaml -ginkgo.label-filter='link: containsAny {ethernet} && model: containsAny {mobilenet}'
//	go test ./suites -run TestSuites -ginkgo.dry-run -ginkgo.v
//	go test ./suites -run TestSuites -ginkgo.junit-report=specs.xml -ginkgo.poll-progress-after=30s
//
// A large grid takes longer than go test's ten minutes: give it -timeout 0.
// Without -grid they take the tiny grid and its committed files, so that a plain
// go test needs no fixtures; nothing is judged by its time then.
func TestSuites(t *testing.T) {
	stepAside(t)
	s, err := newSuite("grids/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	limits, err := s.readLimits()
	if err != nil {
		t.Fatal(err)
	}
	// A spec need not wait until a noisy machine has calmed down.
	s.settle = measure.Settle{MaxTime: time.Second}

	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.Describe("grid "+s.Grid.Name, ginkgo.Serial, func() {
		for _, c := range s.combinations {
			ginkgo.It(c.Name(), ginkgo.Label(labels(c)...), func(ctx ginkgo.SpecContext) { s.spec(ctx, c, limits) })
		}
	})
	ginkgo.ReportAfterSuite("some combination ran", func(r ginkgo.Report) {
		specs := r.SpecReports.WithLeafNodeType(types.NodeTypeIt)
		if !r.SuiteConfig.DryRun && specs.CountWithState(types.SpecStateSkipped) == len(specs) {
			ginkgo.Fail(fmt.Sprintf("no combination ran: each of the %d was skipped or filtered out", len(specs)))
		}
	})
	suiteConfig, reporterConfig := ginkgo.GinkgoConfiguration()
	suiteConfig.FailOnEmpty = true // a filter that leaves nothing is a mistake
	if !given("ginkgo.timeout") {
		suiteConfig.Timeout = 7 * 24 * time.Hour // the grid says how long it takes, not an hour
	}
	ginkgo.RunSpecs(t, "Crossover", suiteConfig, reporterConfig)
}

// labels returns what a combination can be chosen by: "model: mobilenet",
// "input: 32", "compression: pq", "backend: offload-self", "link: ethernet".
// The names of a user's files hold no character with a meaning in a label's
// filter: fixtures.OwnFiles has escaped it as %XX.
func labels(c grid.Combination) []string {
	var out []string
	for part := range strings.SplitSeq(c.Name(), "/") {
		key, value, _ := strings.Cut(part, "=")
		out = append(out, key+": "+value)
	}
	return out
}

// spec measures a combination as its benchmark does, and holds what came out
// against what every combination must do.
func (s *suite) spec(ctx ginkgo.SpecContext, c grid.Combination, l *limits) {
	err := s.available(c)
	if unavailable(err) != nil {
		ginkgo.Skip(err.Error())
	}
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	v, err := s.variant(c)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())

	ginkgo.By("measuring a block")
	block, answers, err := s.answered(ctx, c, 0)
	if unavailable(err) != nil {
		ginkgo.Skip(err.Error())
	}
	gomega.Expect(err).NotTo(gomega.HaveOccurred(), "open, measure and close")
	report(&block)

	ginkgo.By("looking at its answers")
	gomega.Expect(missing(&block, c)).To(gomega.BeEmpty(), "the block must carry what a result consists of")
	gomega.Expect(s.declared(v, answers[0].tensors)).To(gomega.Succeed(), "output shapes")
	gomega.Expect(answers[0].finite()).To(gomega.Succeed(), "scores")
	gomega.Expect(answers[1].sameBits(answers[0])).To(gomega.Succeed(), "the same input gives the same output")

	ginkgo.By("comparing them with one thread of the CPU")
	gomega.Expect(s.agreesWithCPU(ctx, c, v, answers[0])).To(gomega.Succeed())
	agreement, err := s.agreement(ctx, string(c.Variant))
	if notBuilt(err) {
		ginkgo.AddReportEntry("agreement", "unknown: "+err.Error(), ginkgo.ReportEntryVisibilityFailureOrVerbose)
	} else {
		gomega.Expect(err).NotTo(gomega.HaveOccurred())
	}
	if agreement != nil {
		// A fact and no verdict: with random weights it says little.
		ginkgo.AddReportEntry("agreement", *agreement, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	}

	if l.none != "" {
		ginkgo.AddReportEntry("limits", l.none, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	}
	if l.features != nil {
		ginkgo.By("holding it to the features' limits")
		data, err := s.forLimits(ctx, l, block, agreement)
		gomega.Expect(err).NotTo(gomega.HaveOccurred())
		l.hold(ctx, data, c, v.Title)
	}
}

// answered takes a block through the function that benchmarks measure with, and
// keeps its last two answers, which are to the same input.
func (s *suite) answered(ctx context.Context, c grid.Combination, round int) (block results.Block, answers [2]answer, err error) {
	duration := specTime
	if given("test.benchtime") {
		duration = benchTime()
	}
	block, err = s.block(ctx, c, func(r *measure.Runner) error {
		if err := r.Run(duration, 1); err != nil {
			return err
		}
		answers[0] = answerOf(r)
		if err := r.Sample(); err != nil {
			return err
		}
		answers[1] = answerOf(r)
		return nil
	})
	block.Round = round
	return block, answers, err
}

// given reports whether the command line has a flag.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// report adds what was measured to Ginkgo's reports: the samples as an
// experiment, and each figure of the benchmark's line as an entry of its own,
// which JUnit and JSON show as properties.
func report(b *results.Block) {
	experiment := gmeasure.NewExperiment(b.Combination.Name())
	steady, _ := b.Steady(0)
	for _, s := range steady {
		experiment.RecordDuration("latency", s.Total, gmeasure.Annotation(s.Mark.String()), gmeasure.Precision(100*time.Nanosecond))
	}
	ginkgo.AddReportEntry("samples", experiment, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	_, metrics := results.Metrics(b, ^results.Mark(0))
	for _, m := range metrics {
		ginkgo.AddReportEntry(m.Unit, m.Value, ginkgo.ReportEntryVisibilityNever)
	}
	ginkgo.AddReportEntry("memory-B", b.MemoryBytes, ginkgo.ReportEntryVisibilityNever)
	ginkgo.AddReportEntry("warm-up", b.Warmup.Reason, ginkgo.ReportEntryVisibilityNever)
}

// missing says what a block lacks of what a result must carry.
func missing(b *results.Block, c grid.Combination) (lacks []string) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			lacks = append(lacks, fmt.Sprintf(format, args...))
		}
	}
	need(b.Combination == c, "it is of %s", b.Combination.Name())
	need(!b.Start.IsZero(), "the time it began")
	need(b.Open > 0, "how long opening took")
	need(b.Warmup.Runs > 0 && b.Warmup.Time > 0 && b.Warmup.Reason != "", "how the warm-up ended: %+v", b.Warmup)
	count := map[results.Phase]int{}
	for i, s := range b.Samples {
		count[s.Phase]++
		need(i == 0 || s.Phase >= b.Samples[i-1].Phase && s.At > b.Samples[i-1].At, "order: sample %d is %+v after %+v", i, s, b.Samples[max(0, i-1)])
		need(s.Total > 0 && s.Exec > 0 && s.Exec <= s.Total, "a time above 0: sample %d is %+v", i, s)
	}
	need(count[results.PhaseFirst] == 1, "one first inference: there are %d", count[results.PhaseFirst])
	need(count[results.PhaseWarmup] == b.Warmup.Runs, "its %d inferences of warm-up: there are %d", b.Warmup.Runs, count[results.PhaseWarmup])
	need(count[results.PhaseSteady] > 0, "steady inferences")
	has := map[string]float64{}
	_, metrics := results.Metrics(b, ^results.Mark(0))
	for _, m := range metrics {
		has[m.Unit] = m.Value
	}
	for _, unit := range []string{"ns/op", "p50-sec", "exec-sec/op"} {
		need(has[unit] > 0, "%s", unit)
	}
	offloads := !grid.IsLocal(c.Backend)
	for _, unit := range []string{"net-sec/op", "tx-B/op", "rx-B/op"} {
		_, ok := has[unit]
		need(ok == offloads, "what belongs to its place: %s=%v on %s", unit, has[unit], c.Backend)
	}
	return lacks
}
