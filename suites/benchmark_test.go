package suites

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// BenchmarkInference measures each combination of the grid as a sub-benchmark:
// open, first inference, settled warm-up, then inferences for -benchtime.
func BenchmarkInference(b *testing.B) {
	if b.N > 1 {
		return // no combination could run; go test now tries with more iterations
	}
	s, err := newSuite("grids/quick.yaml")
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	if s.events == nil {
		s.printHeader(b)
	}
	for _, c := range s.combinations {
		s.send(results.Event{Kind: results.EventStart, Combination: c})
		// Any other error is one of the benchmark, which meets it again.
		if err := s.available(c); unavailable(err) != nil {
			s.skip(c, err)
			continue
		}
		b.Run(c.Name(), func(b *testing.B) { s.benchmark(b, c) })
	}
	s.send(results.Event{Kind: results.EventEnd})
	if s.measured == 0 && s.events == nil {
		b.Fatal("nothing was measured: no combination of the grid can run here and matches -bench")
	}
}

// benchmark takes one block of a combination.
func (s *suite) benchmark(b *testing.B, c grid.Combination) {
	block, err := s.block(b.Context(), c, func(r *measure.Runner) error {
		if r.Computed() {
			return r.Run(benchTime(), 1) // its time does not pass, so b.Loop would take millions
		}
		for b.Loop() {
			if err := r.Sample(); err != nil {
				return err
			}
		}
		return nil
	})
	if unavailable(err) == nil {
		s.measured++
	}
	switch {
	case unavailable(err) != nil:
		s.skip(c, err)
		b.SkipNow()
	case err != nil:
		s.send(results.Event{Kind: results.EventFail, Combination: c, Reason: err.Error()})
		b.Fatal(err)
	}
	if block.Origin == "" {
		block.NsPerOp = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	}
	_, metrics := results.Metrics(&block, ^results.Mark(0))
	for _, m := range metrics {
		b.ReportMetric(m.Value, m.Unit)
	}
	s.send(results.Event{Kind: results.EventBlock, Block: &block})
}

// block takes one block of a combination: what sample measures between the
// settled warm-up and closing. Benchmarks and specs measure through it.
func (s *suite) block(ctx context.Context, c grid.Combination, sample func(*measure.Runner) error) (results.Block, error) {
	v, err := s.variant(c)
	if err != nil {
		return results.Block{}, err
	}
	backend, err := s.backend(c)
	if err != nil {
		return results.Block{}, err
	}
	probe, err := s.machineProbe()
	if err != nil {
		return results.Block{}, err
	}
	calibration, err := s.calibration(ctx, c, v)
	if err != nil {
		return results.Block{}, err
	}
	before := residentWithoutGarbage()
	r, err := measure.Begin(ctx, backend, v, measure.Config{
		Link: c.Link, Round: max(0, *round), Seed: 1, SteadyTime: benchTime(), Probe: probe, Settle: s.settle,
		Thermometer: machine.Thermometer("/"),
	})
	if err != nil {
		return results.Block{}, err
	}
	crashHook(c)
	if err := sample(r); err != nil {
		r.End()
		return results.Block{}, err
	}
	grown := residentWithoutGarbage() - before
	block, err := r.End()
	block.Calibration = calibration
	block.MemoryBytes = max(0, grown-int64(cap(block.Samples))*int64(unsafe.Sizeof(results.Sample{})))
	return block, err
}

// calibrationTime is how long a calibration run lasts beyond its warm-up.
const calibrationTime = 50 * time.Millisecond

// calibration takes the calibration run of a combination on a local CPU backend,
// when one was asked for, and returns the median time of the invocation alone in
// seconds. The test hooks do not reach it.
func (s *suite) calibration(ctx context.Context, c grid.Combination, v fixtures.Variant) (float64, error) {
	backend, local := tflite.ForName(string(c.Backend))
	if !*calibrate || !local {
		return 0, nil
	}
	r, err := measure.Begin(ctx, backend, v, measure.Config{Seed: 1, SteadyTime: calibrationTime, Settle: s.settle})
	if err != nil {
		return 0, fmt.Errorf("calibration run: %w", err)
	}
	runErr := r.Run(calibrationTime, 3)
	block, err := r.End()
	if err = errors.Join(runErr, err); err != nil {
		return 0, fmt.Errorf("calibration run: %w", err)
	}
	var times []float64
	steady, _ := block.Steady(0)
	for _, sample := range steady {
		times = append(times, sample.Exec.Seconds())
	}
	return stats.Median(times), nil
}

// residentWithoutGarbage is the process's resident memory once Go has given
// back what it no longer needs: the collector's habits are no combination's.
func residentWithoutGarbage() int64 {
	debug.FreeOSMemory()
	return machine.ResidentBytes()
}

// send tells the driver, when there is one.
func (s *suite) send(ev results.Event) {
	if s.events == nil {
		return
	}
	if err := s.events.Write(ev); err != nil {
		// Nobody keeps what is measured from here on.
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1)
	}
}

// skip says that a combination cannot run here: to the driver, or on a line of
// its own between two results.
func (s *suite) skip(c grid.Combination, err error) {
	if s.events == nil {
		fmt.Printf("skipped: %s: %v\n", c.Name(), err)
		return
	}
	s.send(results.Event{Kind: results.EventSkip, Combination: c, Reason: err.Error()})
}

// printHeader prints the file configuration and the units, as a benchmark file
// starts.
func (s *suite) printHeader(b *testing.B) {
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
