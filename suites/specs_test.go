package suites

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gmeasure"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/suite"
)

// specTime is the steady time of a spec's block unless the user asks for another:
// specs look at how a combination behaves, benchmarks at how fast it is.
const specTime = 100 * time.Millisecond

// A specifier checks what every combination must do, and the limits of features.
type specifier struct {
	*suite.Suite
	block  time.Duration
	limits *limits
}

// run runs a Ginkgo spec for each combination, with labels to choose by.
func (s *specifier) run(t *testing.T) {
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.Describe("grid "+s.Grid.Name, ginkgo.Serial, func() {
		for _, c := range s.Work {
			ginkgo.It(c.Name(), ginkgo.Label(labels(c)...), func(ctx ginkgo.SpecContext) { s.spec(ctx, c) })
		}
	})
	ginkgo.ReportAfterSuite("some combination ran", func(r ginkgo.Report) {
		specs := r.SpecReports.WithLeafNodeType(types.NodeTypeIt)
		if !r.SuiteConfig.DryRun && specs.CountWithState(types.SpecStateSkipped) == len(specs) {
			ginkgo.Fail(fmt.Sprintf("no combination ran to a verdict:"+
				" each of the %d was skipped, filtered out or is inconclusive", len(specs)))
		}
	})
	suiteConfig, reporterConfig := ginkgo.GinkgoConfiguration()
	suiteConfig.FailOnEmpty = true // a filter that leaves nothing is a mistake
	if !given("ginkgo.timeout") {
		suiteConfig.Timeout = 7 * 24 * time.Hour // a grid may take longer than Ginkgo's hour
	}
	ginkgo.RunSpecs(t, "Crossover", suiteConfig, reporterConfig)
}

// labels returns what a combination can be chosen by: "model: mobilenet",
// "input: 32", "compression: pq", "backend: offload-self", "link: ethernet".
// fixtures.OwnFiles has escaped, as %XX, every character of a user's file name
// that has a meaning in a label filter.
func labels(c names.Combination) []string {
	var out []string
	for part := range strings.SplitSeq(c.Name(), "/") {
		key, value, _ := strings.Cut(part, "=")
		out = append(out, key+": "+value)
	}
	return out
}

// spec measures a combination as its benchmark does, and checks what came out.
func (s *specifier) spec(ctx ginkgo.SpecContext, c names.Combination) {
	err := s.Available(c)
	skipUnavailable(err)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	v, err := s.Variant(c.Variant)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())

	ginkgo.By("measuring a block")
	block, answers, err := s.answered(ctx, c, 0)
	skipUnavailable(err)
	gomega.Expect(err).NotTo(gomega.HaveOccurred(), "open, measure and close")
	report(&block)

	ginkgo.By("looking at its answers")
	gomega.Expect(missing(&block, c)).To(gomega.BeEmpty(), "the block must carry what a result consists of")
	gomega.Expect(asDeclared(v, answers[0].tensors)).To(gomega.Succeed(), "output shapes")
	gomega.Expect(answers[0].finite()).To(gomega.Succeed(), "scores")
	gomega.Expect(answers[1].sameBits(answers[0])).To(gomega.Succeed(), "the same input gives the same output")

	ginkgo.By("comparing them with one thread of the CPU")
	gomega.Expect(agreesWithCPU(ctx, c, v, answers[0])).To(gomega.Succeed())
	agreement, err := s.Agreement(ctx, c.Variant)
	if _, notBuilt := errors.AsType[*fixtures.NotBuiltError](err); notBuilt {
		ginkgo.AddReportEntry("agreement", "unknown: "+err.Error(), ginkgo.ReportEntryVisibilityFailureOrVerbose)
	} else {
		gomega.Expect(err).NotTo(gomega.HaveOccurred())
	}
	if agreement != nil {
		// A fact, not a verdict: with random weights it says little.
		ginkgo.AddReportEntry("agreement", *agreement, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	}

	if s.limits != nil {
		ginkgo.By("judging it by the features' limits")
		data, err := s.forLimits(ctx, block, agreement)
		gomega.Expect(err).NotTo(gomega.HaveOccurred())
		s.limits.judge(data, c, v.Title)
	}
}

// skipUnavailable skips a spec whose combination cannot run here.
func skipUnavailable(err error) {
	if _, ok := errors.AsType[*backends.UnavailableError](err); ok {
		ginkgo.Skip(err.Error())
	}
}

// answered takes a block and keeps its last two answers, which are to the same
// input.
func (s *specifier) answered(
	ctx context.Context, c names.Combination, round int,
) (block results.Block, answers [2]answer, err error) {
	block, err = s.Block(ctx, c, func(r *measure.Runner) error {
		if err := r.Run(s.block, max(1, s.limits.inferences(c))); err != nil {
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

// report adds what was measured to Ginkgo's reports: the samples as an
// experiment, and each figure of the benchmark's line as an entry of its own,
// which JUnit and JSON show as properties.
func report(b *results.Block) {
	experiment := gmeasure.NewExperiment(b.Combination.Name())
	steady, _ := b.Steady(0)
	for _, s := range steady {
		experiment.RecordDuration("latency", s.Total,
			gmeasure.Annotation(s.Mark.String()), gmeasure.Precision(100*time.Nanosecond))
	}
	ginkgo.AddReportEntry("samples", experiment, ginkgo.ReportEntryVisibilityFailureOrVerbose)
	_, metrics := results.Metrics(b, 0)
	for _, m := range metrics {
		ginkgo.AddReportEntry(m.Unit, m.Value, ginkgo.ReportEntryVisibilityNever)
	}
	ginkgo.AddReportEntry("memory-B", b.MemoryBytes, ginkgo.ReportEntryVisibilityNever)
	ginkgo.AddReportEntry("warm-up", b.Warmup.Reason, ginkgo.ReportEntryVisibilityNever)
}

// missing lists what a result must carry and the block lacks.
func missing(b *results.Block, c names.Combination) (lacks []string) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			lacks = append(lacks, fmt.Sprintf(format, args...))
		}
	}
	need(b.Combination == c, "it is of %s", b.Combination.Name())
	need(!b.Start.IsZero(), "the time it began")
	need(b.Open > 0, "how long opening took")
	w := b.Warmup
	need(w.Runs > 0 && w.Time > 0 && w.Reason != "", "how the warm-up ended: %+v", w)
	count := map[results.Phase]int{}
	for i, s := range b.Samples {
		count[s.Phase]++
		before := b.Samples[max(0, i-1)]
		need(i == 0 || s.Phase >= before.Phase && s.At > before.At, "order: sample %d is %+v after %+v", i, s, before)
		need(s.Total > 0 && s.Exec > 0 && s.Exec <= s.Total, "a time above 0: sample %d is %+v", i, s)
	}
	first, warmup := count[results.PhaseFirst], count[results.PhaseWarmup]
	need(first == 1, "one first inference: there are %d", first)
	need(warmup == b.Warmup.Runs, "its %d inferences of warm-up: there are %d", b.Warmup.Runs, warmup)
	need(count[results.PhaseSteady] > 0, "steady inferences")
	has := map[string]float64{}
	_, metrics := results.Metrics(b, 0)
	for _, m := range metrics {
		has[m.Unit] = m.Value
	}
	for _, unit := range []string{"ns/op", "p50-sec", "exec-sec/op"} {
		need(has[unit] > 0, "%s", unit)
	}
	offloads := !c.Backend.IsLocal()
	for _, unit := range []string{"net-sec/op", "tx-B/op", "rx-B/op"} {
		_, ok := has[unit]
		need(ok == offloads, "what belongs to its backend: %s=%v on %s", unit, has[unit], c.Backend)
	}
	return lacks
}
