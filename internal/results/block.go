package results

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
)

// Phase tells the parts of a block apart. Opening is Block.Open.
type Phase uint8

// The phases of a block, in order.
const (
	PhaseFirst  Phase = iota // the first inference after opening
	PhaseWarmup              // until the latency has settled
	PhaseSteady              // what is judged
)

var phaseNames = [...]string{"first", "warmup", "steady"}

// String returns the phase as samples.csv.gz spells it.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("phase %d", uint8(p))
}

func parsePhase(s string) (Phase, error) {
	i := slices.Index(phaseNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("%q is no phase; want one of %s", s, strings.Join(phaseNames[:], ", "))
	}
	return Phase(i), nil
}

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

var markNames = [...]string{"throttled", "foreign", "stolen", "late", "lost"}

// String returns the marks as samples.csv.gz spells them, joined by "+", or
// the empty string when there is none.
func (m Mark) String() string {
	var names []string
	for i, name := range markNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

func parseMark(s string) (Mark, error) {
	var m Mark
	if s == "" {
		return 0, nil
	}
	for name := range strings.SplitSeq(s, "+") {
		i := slices.Index(markNames[:], name)
		if i < 0 {
			return 0, fmt.Errorf("%q is no mark; want some of %s", name, strings.Join(markNames[:], ", "))
		}
		m |= 1 << i
	}
	return m, nil
}

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
	// Origin is empty for a measured block, and names.Computed if the session ran
	// nothing and said what an inference would have cost.
	Origin names.Origin `json:"origin,omitempty"`
	// Energy is what an inference costs the device; nil if unknown.
	Energy *BlockEnergy `json:"energy,omitempty"`
	// Calibration is the median time in seconds of the invocation alone in the
	// calibration run taken right before the block: the same file on the same
	// threads. 0 where none was asked for.
	Calibration float64 `json:"calibration_sec,omitempty"`
	// NsPerOp is the benchmark's own figure, in nanoseconds, where go test
	// took the block; 0 elsewhere, and Metrics then takes the mean of Total.
	NsPerOp float64 `json:"ns_per_op,omitempty"`
	// Drift is the relative change of the median from the first to the last
	// third of the steady samples, where it is more than their spread
	// explains; 0 otherwise.
	Drift float64 `json:"drift,omitempty"`
	// MemoryBytes is by how much the process's resident memory grew from
	// before opening to the end of the steady part, without the storage of the
	// samples: the model, its interpreter and its delegate, and in a process's
	// first block the runtime itself. Of an offloaded inference it is the
	// device's part alone. 0 where the system does not say, or nothing grew.
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	// Celsius is the hottest temperature at the end of the steady part; nil
	// where no thermometer is visible.
	Celsius *float64 `json:"celsius,omitempty"`
	Samples []Sample `json:"-"` // all phases in order; kept in samples.csv.gz
}

// BlockEnergy is what one inference of a block costs the device.
type BlockEnergy struct {
	Joules float64      `json:"joules"`
	Origin names.Origin `json:"origin"` // Measured, Modelled or Mixed
	// Missing names the parts that Joules lacks because they are unknown.
	Missing []string `json:"missing,omitempty"`
}

// Steady returns the samples that are judged: the steady ones without any of
// the marks in leaveOut, in order, and the number of steady ones left out.
func (b *Block) Steady(leaveOut Mark) (kept []Sample, left int) {
	for _, s := range b.Samples {
		switch {
		case s.Phase != PhaseSteady:
		case s.Mark&leaveOut != 0:
			left++
		default:
			kept = append(kept, s)
		}
	}
	return kept, left
}

// Judged returns the steady samples without any of the marks in leaveOut, or all
// when that would leave none.
func (b *Block) Judged(leaveOut Mark) []Sample {
	kept, _ := b.Steady(leaveOut)
	if len(kept) == 0 {
		kept, _ = b.Steady(0)
	}
	return kept
}

// check says what is wrong with a block that asks to be kept.
func (b *Block) check() error {
	name := b.Combination.Name()
	if _, err := grid.ParseName(name); err != nil {
		return err
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("combination %q: a name in a benchmark file holds no blanks", name)
	}
	if b.Round < 0 {
		return fmt.Errorf("combination %s: round %d is below 0", name, b.Round)
	}
	for _, s := range b.Samples {
		if s.Phase == PhaseSteady {
			return nil
		}
	}
	return fmt.Errorf("combination %s, round %d: %w", name, b.Round, ErrNoSteady)
}

// ErrNoSteady says that a block holds no steady sample: it is no result and
// is not kept.
var ErrNoSteady = errors.New("the block has no steady sample")
