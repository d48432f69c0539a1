package suite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// The reference network is opened and timed several times, and the fastest counts. It takes tens of
// microseconds an inference, so that warm-up and steady part hold hundreds. One opening in seven
// stays half as slow again for as long as it is open (seen on a virtual AMD EPYC, for this network
// only), which would say nothing about the machine.
const (
	referenceTries  = 3
	referenceTime   = 20 * time.Millisecond
	referenceWarmup = 10 * time.Millisecond
	referenceLimit  = 100 * time.Millisecond // of a warm-up that does not settle
)

// reference times the reference network, if the job asks for it, and returns the time of an invocation
// in seconds, the least of several medians, or 0. It is a file that never changes, built into this program: the tiny
// network, quantized for a quantized variant and in floating point for others, on one thread of this
// machine's processor. A limit in units of its time holds on a fast machine and on a slow one. The
// hook Backend does not reach it.
func (s *Suite) reference(ctx context.Context, v names.Variant) (float64, error) {
	if !s.job.Reference {
		return 0, nil
	}
	quantized := strings.Contains(v.Parts().Compression, "q")
	fastest := math.Inf(1)
	for range referenceTries {
		seconds, err := referenceSeconds(ctx, quantized, s.hooks.Settle)
		if err != nil {
			return 0, fmt.Errorf("the reference network: %w", err)
		}
		fastest = min(fastest, seconds)
	}
	return fastest, nil
}

// referenceSeconds opens the reference network once and returns the median time of an invocation.
func referenceSeconds(ctx context.Context, quantized bool, settle measure.Settle) (seconds float64, err error) {
	title := "Tiny 32"
	if quantized {
		title = "Tiny PQ 32"
	}
	catalog, models, err := fixtures.Tiny()
	if err != nil {
		return 0, err
	}
	file, err := catalog.Variant(title, models)
	if err != nil {
		return 0, err
	}
	backend, ok := tflite.ForName(names.CPU(1))
	if !ok {
		return 0, errors.New("this build has no local backend")
	}
	settle.MinTime, settle.MaxTime = referenceWarmup, referenceLimit
	r, err := measure.Begin(ctx, backend, file, measure.Config{Seed: 1, SteadyTime: referenceTime, Settle: settle})
	if err != nil {
		return 0, err
	}
	runErr := r.Run(referenceTime, 3)
	block, err := r.End()
	if err := errors.Join(runErr, err); err != nil {
		return 0, err
	}
	seconds, _ = results.Median.OfBlock(&block, results.Execution, 0)
	return seconds, nil
}
