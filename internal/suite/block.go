package suite

import (
	"context"
	"runtime/debug"
	"unsafe"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
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
	reference, err := s.reference(ctx, c.Variant)
	if err != nil {
		return results.Block{}, err
	}
	before := residentWithoutGarbage()
	r, err := measure.Begin(ctx, backend, v, measure.Config{
		Link: c.Link, Round: max(0, s.job.Round), Seed: 1, Probe: probe, Settle: s.hooks.Settle,
		SteadyTime: s.job.Block, SteadyRuns: s.job.MinSamples[c.Name()], Thermometer: machine.Thermometer("/"),
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
	block.Reference = reference
	block.MemoryBytes = max(0, grown-int64(cap(block.Samples))*int64(unsafe.Sizeof(results.Sample{})))
	return block, err
}

// residentWithoutGarbage returns the process's resident memory in bytes once Go has given back what
// it no longer needs. Otherwise a combination's memory would depend on when the garbage collector
// ran.
func residentWithoutGarbage() int64 {
	debug.FreeOSMemory()
	return machine.ResidentBytes()
}
