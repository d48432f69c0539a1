package accept

import (
	"fmt"
	"strconv"

	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A Quantity is a figure that a run holds of a combination, with the unit to show it in.
type Quantity struct {
	results.Quantity
	Unit Unit
}

// A Unit writes values for people and names their SI unit for programs.
type Unit struct {
	Symbol string
	Format func(float64) string
}

// unit returns the unit of a quantity of the cost model.
func unit[Q model.Quantity](symbol string) Unit {
	return Unit{symbol, func(v float64) string { return fmt.Sprint(model.Round(Q(v), 3)) }}
}

// The units of what is judged.
var (
	seconds      = unit[model.Seconds]("s")
	joules       = unit[model.Joules]("J")
	jouleSeconds = unit[model.JouleSeconds]("Js")
	bytesUnit    = unit[model.Bytes]("B")
	share        = Unit{"1", func(v float64) string { return percent(v) }}
	times        = Unit{"1", func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) + " x" }}
)

// percent writes a share with a decimal, or as many as show that it is not zero.
func percent(v float64) string {
	if v > 0 && v < 0.0005 {
		return strconv.FormatFloat(100*v, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
}

// The quantities that scenarios can name.
var (
	Latency      = Quantity{results.Latency, seconds}
	Execution    = Quantity{results.Execution, seconds}
	Network      = Quantity{results.Network, seconds}
	Queueing     = Quantity{results.Queueing, seconds}
	Opening      = Quantity{results.Opening, seconds}
	First        = Quantity{results.First, seconds}
	Memory       = Quantity{results.Memory, bytesUnit}
	Payload      = Quantity{results.Payload, bytesUnit}
	NetworkShare = Quantity{results.NetworkShare, share}
)
