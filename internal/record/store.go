package record

import (
	"github.com/crossover-bench/crossover/internal/energy"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A runStore is the run folder. It fills in each block's modelled energy.
type runStore struct {
	*results.Writer
	model    *energy.Estimator // nil for no energy
	leaveOut results.Mark
	part     *results.Part // to record before the first block of a resumed run
}

// AppendBlock computes the block's energy from its mean latency and keeps the block.
func (k *runStore) AppendBlock(b results.Block) error {
	if k.part != nil {
		if err := k.Update(func(m *results.Meta, _ *results.Ledger) { m.Resumed = append(m.Resumed, *k.part) }); err != nil {
			return err
		}
		k.part = nil
	}
	if mean, ok := results.Mean.OfBlock(&b, results.Latency, k.leaveOut); k.model != nil && ok {
		kept, _ := b.Steady(k.leaveOut)
		last := kept[len(kept)-1]
		e, err := k.model.Inference(b.Combination, model.Seconds(mean), model.Bytes(last.Sent), model.Bytes(last.Received))
		if err != nil {
			return err
		}
		b.Energy = &results.BlockEnergy{Joules: float64(e.Joules), Origin: k.model.Origin(b.Combination), Missing: e.Missing}
	}
	return k.Writer.AppendBlock(b)
}
