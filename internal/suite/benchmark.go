package suite

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Benchmarks measures each combination as a sub-benchmark: open, first inference, settled warm-up,
// then inferences for the benchmark's time, and further ones if the job asks for more.
func (s *Suite) Benchmarks(b *testing.B) {
	s.sendEvents()
	if s.events == nil {
		s.printHeader(b)
	}
	for _, c := range s.Work {
		s.send(results.Event{Kind: results.EventStart, Combination: c})
		// Any other error occurs again in the benchmark, which reports it.
		if err := s.Available(c); unavailable(err) {
			s.drop(results.EventSkip, c, err)
			continue
		}
		b.Run(c.Name(), func(b *testing.B) { s.benchmark(b, c) })
	}
	s.send(results.Event{Kind: results.EventEnd})
	if s.measured == 0 && s.events == nil {
		b.Fatal("nothing was measured: no combination of the grid can run here and matches -bench")
	}
}

func (s *Suite) benchmark(b *testing.B, c names.Combination) {
	least, further := s.job.MinSamples[c.Name()], 0
	block, err := s.Block(b.Context(), c, func(r *measure.Runner) (err error) {
		if r.Computed() {
			return r.Run(s.job.Block, max(1, least)) // no time passes, so b.Loop would take millions
		}
		for b.Loop() {
			if err := r.Sample(); err != nil {
				return err
			}
		}
		further, err = r.Reach(least, s.job.Longest) // the benchmark's timer has stopped
		return err
	})
	if unavailable(err) {
		s.drop(results.EventSkip, c, err)
		b.SkipNow()
	}
	s.measured++
	if err != nil {
		s.send(results.Event{Kind: results.EventFail, Combination: c, Reason: reason(c, err)})
		b.Fatal(err)
	}
	if block.Origin == "" && further == 0 {
		block.NsPerOp = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	}
	n, metrics := results.Metrics(&block, results.LeaveOut(false))
	if n == 0 {
		// Figures of disturbed inferences, which the line says: a benchmark has no way to have none.
		_, metrics = results.Metrics(&block, 0)
		b.ReportMetric(1, "disturbed")
	}
	for _, m := range metrics {
		b.ReportMetric(m.Value, m.Unit)
	}
	s.send(results.Event{Kind: results.EventBlock, Block: &block})
}

func (s *Suite) printHeader(b *testing.B) {
	fmt.Printf("tflite: %s\ninterleaved: no\n", tflite.Version())
	if w := s.weights(); w != "" {
		fmt.Println("weights:", w)
	}
	w := benchfmt.NewWriter(os.Stdout)
	for _, u := range results.UnitLines() {
		if err := w.Write(u); err != nil {
			b.Fatal(err)
		}
	}
}
