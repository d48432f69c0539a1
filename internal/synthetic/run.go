// Package synthetic makes up runs, for documentation and tests that need figures known beforehand.
// No machine measured them, and they say so: results.Meta.Synthetic is set, the machine is called
// synthetic, and every block has the origin "computed", since nothing ran.
//
//  1. A [Spec] lists combinations with their typical times.
//  2. [Spec.Run] returns the run, the same every time.
//  3. [Write] writes it as a run folder.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// A Spec says what a run consists of.
type Spec struct {
	Name string // of the run: "device"
	Why  string // how its figures were made up, for results.Meta.Synthetic
	// Start is when the run claims to have begun; the run folder is named after it.
	Start        time.Time
	Seed         uint64
	Combinations []Combination
}

// A Combination is one combination with its typical times.
type Combination struct {
	names.Combination

	Title          string // of its variant, for people
	Exec, Network  time.Duration
	Sent, Received int64 // bytes
}

// The shape of a run: rounds of blocks whose execution times vary by noiseWithin around a typical
// time that varies by noiseBetween from round to round. A link takes the same time every time.
const (
	Rounds       = 12
	inferences   = 24
	noiseBetween = 0.002
	noiseWithin  = 0.01
)

// Run returns the run.
func (s Spec) Run() *results.Run {
	rng := rand.New(rand.NewPCG(s.Seed, s.Seed))
	vary := func(by float64) float64 { return math.Exp(by * rng.NormFloat64()) }
	run := &results.Run{Dir: "synthetic " + s.Name, Meta: results.Meta{
		Started: s.Start, Ended: s.Start, Seed: s.Seed, Grid: results.Grid{Name: "synthetic"}, Synthetic: s.Why,
		Config: map[string]string{"machine": "synthetic", "cpu": "synthetic", "interleaved": "yes"},
		Titles: map[string]string{},
	}}
	for round := range Rounds {
		for _, c := range s.Combinations {
			if round == 0 {
				run.Ledger.Declared = append(run.Ledger.Declared, c.Combination)
				run.Meta.Titles[string(c.Variant)] = c.Title
			}
			typical := float64(c.Exec) * vary(noiseBetween)
			block := results.Block{
				Combination: c.Combination, Round: round, Start: s.Start, Origin: names.Computed,
				Warmup: results.Warmup{Settled: true, Reason: "settled"},
			}
			for range inferences {
				exec := time.Duration(typical * vary(noiseWithin))
				block.Samples = append(block.Samples, results.Sample{
					Phase: results.PhaseSteady, Total: exec + c.Network, Exec: exec, Network: c.Network,
					Sent: c.Sent, Received: c.Received,
				})
			}
			run.Blocks = append(run.Blocks, block)
		}
	}
	run.Ledger.Rounds, run.Ledger.Complete = Rounds, true
	return run
}

// Write writes a run that Spec.Run made up into a new folder in dir.
func Write(dir string, run *results.Run) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write a synthetic run: %w", err)
		}
	}()
	w, err := results.Create(dir, run.Meta)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Declare(run.Ledger.Declared, run.Ledger.Rounds); err != nil {
		return err
	}
	for _, b := range run.Blocks {
		if err := w.AppendBlock(b); err != nil {
			return err
		}
	}
	return w.Finish(true, func(m *results.Meta, _ *results.Ledger) { m.Ended = run.Meta.Ended })
}
