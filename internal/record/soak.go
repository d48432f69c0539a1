package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

func (r *recording) soak(ctx context.Context) error {
	probe, err := machine.NewProbe("/")
	if err != nil {
		return exit.Errorf(exit.Usage, "--sustained: %w", err)
	}
	defer probe.Close()
	thermometer := machine.Thermometer("/")
	how := fmt.Sprintf("until its temperature is steady, for %v at most", rounds.Roughly(machine.SoakMax))
	if _, ok := thermometer(); !ok {
		how = "for " + rounds.Roughly(machine.SoakBlind) + ", since no thermometer is visible"
	}
	r.screen.line("Heating the machine %s.", how)
	start := time.Now()
	soak, err := machine.SoakUntilSteady(ctx, machine.SoakConfig{
		Work: heat(r.about.Cores), Clock: func() time.Duration { return time.Since(start) },
		Thermometer: thermometer, Probe: probe,
	})
	if ctx.Err() != nil {
		return exit.Errorf(exit.NoData, "interrupted while the machine was heated")
	} else if err != nil {
		return exit.With(exit.NoData, err)
	}
	r.screen.line("Soaked for %s: %s.", rounds.Roughly(soak.Time), soak.Reason)
	if soak.Throttled != nil {
		r.screen.line("The machine began to throttle after %s.", rounds.Roughly(*soak.Throttled))
	}
	return exit.With(exit.NoData, r.writer.Update(func(m *results.Meta, _ *results.Ledger) { m.Soak = &soak }))
}

// heat returns work that keeps every core busy for a tenth of a second.
func heat(cores int) func(context.Context) error {
	return func(ctx context.Context) error {
		errs := make([]error, cores)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				work := machine.NewCalibration()
				end := time.Now().Add(100 * time.Millisecond)
				for time.Now().Before(end) && ctx.Err() == nil && errs[i] == nil {
					errs[i] = work()
				}
			})
		}
		all.Wait()
		return errors.Join(errs...)
	}
}
