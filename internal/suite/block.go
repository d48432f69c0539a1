package suite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
	"unsafe"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Block takes one block of a combination, of which sample measures the steady part. Benchmarks and
// specs measure through it.
func (s *Suite) Block(
	ctx context.Context, c names.Combination, sample func(*measure.Runner) error,
) (results.Block, error) {
	v, err := s.Variant(c.Variant)
	if err != nil {
		return results.Block{}, err
	}
	backend, err := s.backend(c)
	if err != nil {
		return results.Block{}, err
	}
	var probe machine.Probe
	if !s.hooks.Quiet {
		if probe, err = s.machineProbe(); err != nil {
			return results.Block{}, err
		}
	}
	calibration, err := s.calibration(ctx, c, v)
	if err != nil {
		return results.Block{}, err
	}
	before := residentWithoutGarbage()
	r, err := measure.Begin(ctx, backend, v, measure.Config{
		Link: c.Link, Round: max(0, s.job.Round), Seed: 1, SteadyTime: s.job.Block, Probe: probe,
		Settle: s.hooks.Settle, Thermometer: machine.Thermometer("/"),
	})
	if err != nil {
		return results.Block{}, err
	}
	if s.hooks.Warm != nil {
		s.hooks.Warm(c)
	}
	if err := sample(r); err != nil {
		_, _ = r.End() // it may fail for the same reason, which err says
		return results.Block{}, err
	}
	grown := residentWithoutGarbage() - before
	block, err := r.End()
	block.Calibration = calibration
	block.MemoryBytes = max(0, grown-int64(cap(block.Samples))*int64(unsafe.Sizeof(results.Sample{})))
	return block, err
}

const calibrationTime = 50 * time.Millisecond

// calibration takes the calibration run of a combination on a local CPU backend, if the job asks
// for one, and returns the median execution time in seconds, or 0. The hook Backend does not reach
// it, so that a slowdown is not calibrated away.
func (s *Suite) calibration(ctx context.Context, c names.Combination, v fixtures.Variant) (float64, error) {
	backend, local := tflite.ForName(c.Backend)
	if !s.job.Calibrate || !local {
		return 0, nil
	}
	config := measure.Config{Seed: 1, SteadyTime: calibrationTime, Settle: s.hooks.Settle}
	r, err := measure.Begin(ctx, backend, v, config)
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

// residentWithoutGarbage returns the process's resident memory in bytes once Go has given back what
// it no longer needs. Otherwise a combination's memory would depend on when the garbage collector
// ran.
func residentWithoutGarbage() int64 {
	debug.FreeOSMemory()
	return machine.ResidentBytes()
}
