package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
	"github.com/crossover-bench/crossover/internal/summary"
)

// noise takes the A/A run and keeps its floor. notKept says why the floor could not be compared
// with the last one or kept; the floor is valid all the same.
func (d *Diagnosis) noise(ctx context.Context, o Options) (notKept, err error) {
	dir := o.NoiseDir
	if dir == "" {
		dir, notKept = machine.NoiseDir()
	}
	var floor machine.NoiseFloor
	if o.Tiny != nil {
		floor, err = tinyNetwork(ctx, o, d.Machine)
	} else {
		calibrate := machine.NewCalibration()
		start := time.Now()
		floor, err = machine.MeasureAA(d.Machine, machine.CalibrationWork, func() error {
			return errors.Join(ctx.Err(), calibrate())
		}, o.Pairs, o.Block, func() time.Duration { return time.Since(start) })
	}
	if err != nil {
		return nil, err
	}
	d.Noise = &floor
	if notKept == nil {
		d.Before, notKept = machine.LoadNoiseFloor(dir, d.Machine, floor.Work)
	}
	if notKept == nil {
		notKept = floor.Store(dir)
	}
	return notKept, nil
}

// tinyNetwork takes the A/A run in rounds, each in a process of its own, on one thread and on all.
// No sample is left out, because the noise floor includes the machine's disturbances.
func tinyNetwork(ctx context.Context, o Options, machineName string) (floor machine.NoiseFloor, err error) {
	log, err := os.CreateTemp("", "crossover-doctor-*.txt")
	if err != nil {
		return floor, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	binary, err := o.Tiny(log)
	if err != nil {
		return floor, err
	}
	var about job.About
	if err := binary.Ask(ctx, job.Describe, nil, &about); err != nil {
		return floor, exit.Errorf(exit.Usage, "%w", err)
	}
	tiny := names.Parts{Model: "tiny", Input: "32", Compression: "pq"}.Variant()
	threads := slices.Compact([]int{1, max(1, about.Cores)})
	var combinations []names.Combination
	for _, n := range threads {
		combinations = append(combinations, names.Place{Backend: names.CPU(n), Link: names.LinkNone}.Of(tiny))
	}
	// n rounds of a combination make n-1 pairs of neighbours.
	n := 1 + (o.Pairs+len(threads)-1)/len(threads)
	var kept blocks
	driver := rounds.Driver{Binary: binary, Settings: rounds.Settings{Rounds: n, Block: o.Block, Seed: 1}, Store: &kept}
	if _, err := driver.Run(ctx, combinations); err != nil {
		return floor, err
	}
	var ratios [][]float64
	for _, s := range summary.OfBlocks(kept, combinations, 0) {
		ratios = append(ratios, machine.LogRatios(s.RoundMedians))
	}
	work := fmt.Sprintf("tiny network (int8, one thread and %d by turns)", threads[len(threads)-1])
	return machine.NewNoiseFloor(machineName, work, ratios...)
}

// blocks keeps the blocks of a run in memory only.
type blocks []results.Block

func (k *blocks) AppendBlock(b results.Block) error {
	*k = append(*k, b)
	return nil
}
func (*blocks) Plan([]results.Planned) error              { return nil }
func (*blocks) Skip(names.Combination, string) error      { return nil }
func (*blocks) Fail(names.Combination, int, string) error { return nil }
