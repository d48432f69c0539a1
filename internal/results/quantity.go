package results

import "time"

// A Quantity is a figure that a run holds of its inferences or of its blocks, in an SI base unit.
type Quantity struct {
	Name string
	// of returns a steady sample's value, false if it does not apply.
	of func(Sample) (float64, bool)
	// once returns a block's single value, for what happens once a block.
	once func(*Block) (float64, bool)
}

// PerInference returns a quantity of each steady inference; of returns false for one to which it
// does not apply.
func PerInference(name string, of func(Sample) (float64, bool)) Quantity {
	return Quantity{Name: name, of: of}
}

// PerBlock returns a quantity of a block as a whole.
func PerBlock(name string, once func(*Block) (float64, bool)) Quantity {
	return Quantity{Name: name, once: once}
}

// Once reports whether a block has a single value.
func (q Quantity) Once() bool { return q.once != nil }

// timeOf returns a quantity that is a time of each sample, which is never 0.
func timeOf(name string, of func(Sample) time.Duration) Quantity {
	return PerInference(name, func(s Sample) (float64, bool) {
		d := of(s)
		return d.Seconds(), d > 0
	})
}

// The quantities that every run holds: times in seconds, sizes in bytes, shares from 0 to 1.
var (
	Latency   = timeOf("latency", func(s Sample) time.Duration { return s.Total })
	Execution = timeOf("execution time", func(s Sample) time.Duration { return s.Exec })
	Network   = timeOf("network time", func(s Sample) time.Duration { return s.Network })
	Queueing  = PerInference("queueing time", func(s Sample) (float64, bool) { return s.Queue.Seconds(), true })
	Sent      = PerInference("bytes sent", func(s Sample) (float64, bool) { return float64(s.Sent), s.Sent > 0 })
	Received  = PerInference("bytes received", func(s Sample) (float64, bool) {
		return float64(s.Received), s.Received > 0
	})
	Payload = PerInference("payload", func(s Sample) (float64, bool) {
		return float64(s.Sent + s.Received), s.Sent+s.Received > 0
	})
	NetworkShare = PerInference("network share of latency", func(s Sample) (float64, bool) {
		return s.Network.Seconds() / s.Total.Seconds(), s.Total > 0 && s.Network > 0
	})
	Opening = PerBlock("opening time", func(b *Block) (float64, bool) { return b.Open.Seconds(), b.Open > 0 })
	First   = PerBlock("first inference", func(b *Block) (float64, bool) {
		for _, s := range b.Samples {
			if s.Phase == PhaseFirst {
				return s.Total.Seconds(), s.Total > 0
			}
		}
		return 0, false
	})
	// Memory is what Block.MemoryBytes says.
	Memory = PerBlock("memory", func(b *Block) (float64, bool) { return float64(b.MemoryBytes), b.MemoryBytes > 0 })
)

// Values returns the quantity's values in a block, in the order taken, without the samples that have
// a mark in leaveOut, and how many those were. A block of which every sample is left out has no value
// of the block as a whole either: the machine was disturbed throughout.
func (q Quantity) Values(b *Block, leaveOut Mark) (values []float64, left int) {
	if q.once != nil {
		if kept, left := b.Steady(leaveOut); len(kept) == 0 && left > 0 {
			return nil, left
		}
		if v, ok := q.once(b); ok {
			values = append(values, v)
		}
		return values, 0
	}
	for _, s := range b.Samples {
		switch {
		case s.Phase != PhaseSteady:
		case s.Mark&leaveOut != 0:
			left++
		default:
			if v, ok := q.of(s); ok {
				values = append(values, v)
			}
		}
	}
	return values, left
}
