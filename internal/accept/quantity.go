package accept

import (
	"fmt"
	"strconv"
	"time"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A Quantity is a figure that samples hold of a combination.
type Quantity struct {
	Name string
	Unit Unit
	// of returns a steady sample's value, false if it does not apply.
	of func(results.Sample) (float64, bool)
	// once returns a block's single value, for what happens once a block.
	once func(results.Block) (float64, bool)
}

// A Unit writes values for people and names their SI unit for programs.
type Unit struct {
	Symbol string
	Format func(float64) string
}

// unit returns the unit of a quantity of the model.
func unit[Q model.Quantity](symbol string) Unit {
	return Unit{symbol, func(v float64) string { return fmt.Sprint(model.Round(Q(v), 3)) }}
}

// The units of what is judged.
var (
	seconds      = unit[model.Seconds]("s")
	joules       = unit[model.Joules]("J")
	jouleSeconds = unit[model.JouleSeconds]("Js")
	bytesUnit    = unit[model.Bytes]("B")
	share        = Unit{"1", func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }}
	times        = Unit{"1", func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) + " x" }}
)

// timeOf returns a quantity that is a time of each sample, which is never 0.
func timeOf(name string, of func(results.Sample) time.Duration) Quantity {
	return Quantity{Name: name, Unit: seconds, of: func(s results.Sample) (float64, bool) {
		d := of(s)
		return d.Seconds(), d > 0
	}}
}

// The quantities that scenarios can name.
var (
	Latency   = timeOf("latency", func(s results.Sample) time.Duration { return s.Total })
	Execution = timeOf("execution time", func(s results.Sample) time.Duration { return s.Exec })
	Network   = timeOf("network time", func(s results.Sample) time.Duration { return s.Network })
	Queueing  = Quantity{Name: "queueing time", Unit: seconds, of: func(s results.Sample) (float64, bool) {
		return s.Queue.Seconds(), true
	}}
	Opening = Quantity{Name: "opening time", Unit: seconds, once: func(b results.Block) (float64, bool) {
		return b.Open.Seconds(), b.Open > 0
	}}
	First = Quantity{Name: "first inference", Unit: seconds, once: func(b results.Block) (float64, bool) {
		for _, s := range b.Samples {
			if s.Phase == results.PhaseFirst {
				return s.Total.Seconds(), s.Total > 0
			}
		}
		return 0, false
	}}
	// Memory is what results.Block.MemoryBytes says, once a block.
	Memory = Quantity{Name: "memory", Unit: bytesUnit, once: func(b results.Block) (float64, bool) {
		return float64(b.MemoryBytes), b.MemoryBytes > 0
	}}
	Payload = Quantity{Name: "payload", Unit: bytesUnit, of: func(s results.Sample) (float64, bool) {
		return float64(s.Sent + s.Received), s.Sent+s.Received > 0
	}}
	NetworkShare = Quantity{Name: "network share of latency", Unit: share, of: func(s results.Sample) (float64, bool) {
		return s.Network.Seconds() / s.Total.Seconds(), s.Total > 0 && s.Network > 0
	}}
)

// values returns the quantity's values in a block, and how many samples were left out for a mark in
// leaveOut.
func (q Quantity) values(b results.Block, leaveOut results.Mark) (values []float64, left int) {
	if q.once != nil {
		if v, ok := q.once(b); ok {
			values = append(values, v)
		}
		return values, 0
	}
	kept, left := b.Steady(leaveOut)
	for _, s := range kept {
		if v, ok := q.of(s); ok {
			values = append(values, v)
		}
	}
	return values, left
}
