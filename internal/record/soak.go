package record

import (
	"context"
	"errors"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

// soak heats the machine until its temperature is steady.
func (r *recording) soak(ctx context.Context) error {
	probe, err := machine.NewProbe("/")
	if err != nil {
		return exit.Errorf(exit.Usage, "--sustained: %w", err)
	}
	defer probe.Close()
	r.screen.line("Heating the machine until its temperature is steady.")
	start := time.Now()
	soak, err := machine.SoakUntilSteady(ctx, machine.SoakConfig{
		Work: heat(r.about.Cores), Clock: func() time.Duration { return time.Since(start) },
		Thermometer: machine.Thermometer("/"), Probe: probe,
	})
	if ctx.Err() != nil {
		return exit.Errorf(exit.NoData, "interrupted while the machine was heated")
	} else if err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	r.screen.line("Soaked for %s: %s.", rounds.Roughly(soak.Time), soak.Reason)
	if soak.Throttled != nil {
		r.screen.line("The machine began to throttle after %s.", rounds.Roughly(*soak.Throttled))
	}
	if err := r.writer.Update(func(m *results.Meta, _ *results.Ledger) { m.Soak = &soak }); err != nil {
		return exit.Errorf(exit.NoData, "%w", err)
	}
	return nil
}

// heat returns work that keeps every core busy for a tenth of a second.
func heat(cores int) func(context.Context) error {
	return func(ctx context.Context) error {
		done := make(chan error, cores)
		for range cores {
			go func() {
				work := machine.NewCalibration()
				for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end) && ctx.Err() == nil; {
					if err := work(); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		var errs []error
		for range cores {
			errs = append(errs, <-done)
		}
		return errors.Join(errs...)
	}
}
