// Package results is what a run leaves on disk and how it is read again: the
// raw samples, the benchmark lines and the state of the machine. Everything
// that judges or reports works on this package's types, on a recorded run as
// well as on one just made.
package results

import (
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
)

// Phase tells the parts of a block apart. Opening is Block.Open.
type Phase uint8

// The phases of a block, in order.
const (
	PhaseFirst  Phase = iota // the first inference after opening
	PhaseWarmup              // until the latency has settled
	PhaseSteady              // what is judged
)

// Mark is a set of reasons to doubt a sample. Burst results leave marked
// samples out and say how many.
type Mark uint16

// The marks.
const (
	MarkThrottled   Mark = 1 << iota // the processor was throttled
	MarkForeignLoad                  // other processes took processor time
	MarkStolen                       // the hypervisor took processor time
	MarkLateLink                     // the link's emulator was late beyond its bound
	MarkLost                         // a request failed before this one was answered
)

// A Sample is one inference. All times are durations; a part that does not
// apply is zero.
type Sample struct {
	Phase                             Phase
	Mark                              Mark
	At                                time.Duration // due time, since the block's start
	Total, Fill, Exec, Network, Queue time.Duration
	Lateness                          time.Duration
	Sent, Received                    int64 // bytes
}

// A Warmup says how the warm-up of a block ended.
type Warmup struct {
	Settled bool          `json:"settled"`
	Runs    int           `json:"runs"`
	Time    time.Duration `json:"time_ns"`
	Reason  string        `json:"reason"` // "settled", or the bound that it hit
}

// A Block is the unit of measuring: open, first inference, settled warm-up,
// inferences for the round's time, close.
type Block struct {
	Combination grid.Combination `json:"combination"`
	Round       int              `json:"round"` // from 0
	Start       time.Time        `json:"start"`
	Open        time.Duration    `json:"open_ns"` // loading until ready
	Warmup      Warmup           `json:"warmup"`
	Samples     []Sample         `json:"-"` // all phases in order; kept in samples.csv.gz
}
