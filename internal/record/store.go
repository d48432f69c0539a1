package record

import (
	"time"

	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A runStore is the run folder, with each block's modelled energy filled in.
type runStore struct {
	*results.Writer
	model    *energy.Estimator // nil for no energy
	leaveOut results.Mark
	part     *results.Part // that the first block begins; nil for none
}

// AppendBlock works out the block's energy from its mean latency and keeps it.
func (k *runStore) AppendBlock(b results.Block) error {
	if k.part != nil {
		if err := k.Update(func(m *results.Meta, _ *results.Ledger) { m.Resumed = append(m.Resumed, *k.part) }); err != nil {
			return err
		}
		k.part = nil
	}
	if kept := b.Judged(k.leaveOut); k.model != nil && len(kept) > 0 {
		var total time.Duration
		for _, s := range kept {
			total += s.Total
		}
		mean, last := total/time.Duration(len(kept)), kept[len(kept)-1]
		e, err := k.model.Inference(b.Combination, model.SecondsOf(mean), model.Bytes(last.Sent), model.Bytes(last.Received))
		if err != nil {
			return err
		}
		b.Energy = &results.BlockEnergy{Joules: float64(e.Joules), Origin: e.Origin, Missing: e.Missing}
	}
	return k.Writer.AppendBlock(b)
}
