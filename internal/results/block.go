package results

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
)

// A Phase is the part of a block that a sample belongs to. The time to open is Block.Open and has
// no phase.
type Phase uint8

// The phases of a block, in order.
const (
	PhaseFirst  Phase = iota // the first inference after opening
	PhaseWarmup              // until the latency settled
	PhaseSteady              // what is judged
)

var phaseNames = [...]string{"first", "warmup", "steady"}

// String returns the phase as samples.csv.gz spells it.
func (p Phase) String() string { return phaseNames[p] }

func parsePhase(s string) (Phase, error) {
	i := slices.Index(phaseNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("%q is not a phase; want one of %s", s, strings.Join(phaseNames[:], ", "))
	}
	return Phase(i), nil
}

// A Mark is a set of things that happened to a sample.
type Mark uint16

// The marks. The first three are disturbances: what the machine did to a window of measurement. The
// others are part of the inference.
const (
	MarkThrottled   Mark = 1 << iota // the processor was throttled
	MarkForeignLoad                  // other processes took processor time
	MarkStolen                       // the hypervisor took processor time
	MarkLateLink                     // the link's emulator was later than its bound allows
	MarkLost                         // requests failed before one was answered; Sample.Lost counts them
)

// LeaveOut returns the marks of the samples that are not judged: the disturbances. A sustained run
// keeps throttled samples, because in a sealed box they are the truth.
//
// A sample that lost requests is always judged: a user waits for the answer however often it had to
// be asked for. So is one whose emulated link was late: a long inference gives the emulator more
// occasions, so leaving these out would select by latency. They are marked and counted.
func LeaveOut(sustained bool) Mark {
	if sustained {
		return MarkForeignLoad | MarkStolen
	}
	return MarkThrottled | MarkForeignLoad | MarkStolen
}

// MarkNames are the marks as samples.csv.gz spells them, in the order of their bits.
var MarkNames = [...]string{"throttled", "foreign", "stolen", "late", "lost"}

// String returns the marks as samples.csv.gz spells them, joined by "+", or the empty string if
// there is none.
func (m Mark) String() string {
	var names []string
	for i, name := range MarkNames {
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
		i := slices.Index(MarkNames[:], name)
		if i < 0 {
			return 0, fmt.Errorf("%q is not a mark; want some of %s", name, strings.Join(MarkNames[:], ", "))
		}
		m |= 1 << i
	}
	return m, nil
}

// A Sample is one inference. A part that does not apply is zero.
type Sample struct {
	Phase    Phase
	Mark     Mark
	Lost     uint16        // requests that failed before one was answered; with MarkLost if above 0
	At       time.Duration // when the request was due, since the block's start
	Total    time.Duration // from At until the outputs are readable, with all that was lost on the way
	Fill     time.Duration // turning the image into the input tensor
	Exec     time.Duration // only the invocation, where it ran
	Network  time.Duration // Total minus all that the host accounts for
	Queue    time.Duration // waiting at the host for an interpreter
	Lateness time.Duration // by how much the link's emulator missed its schedule
	Sent     int64         // bytes
	Received int64         // bytes
}

// A Warmup says how the warm-up of a block ended.
type Warmup struct {
	Settled bool          `json:"settled"`
	Runs    int           `json:"runs"`
	Time    time.Duration `json:"time_ns"`
	Reason  string        `json:"reason"` // "settled", or the bound that it hit
}

// A Block is one combination measured in one round: open, first inference, warm-up, steady
// inferences, close.
type Block struct {
	Combination names.Combination `json:"combination"`
	Round       int               `json:"round"` // from 0
	Start       time.Time         `json:"start"`
	Open        time.Duration     `json:"open_ns"` // loading until ready
	Warmup      Warmup            `json:"warmup"`
	// Origin is empty for a measured block, and names.Computed if the session ran nothing and said
	// what an inference would have cost.
	Origin names.Origin `json:"origin,omitempty"`
	// Energy is what an inference costs the device; nil if unknown.
	Energy *BlockEnergy `json:"energy,omitempty"`
	// Details describe the session; nil if it gives none.
	Details *Details `json:"details,omitempty"`
	// Reference is the median time in seconds of an invocation of the reference network right before
	// the block: a small file that never changes, on one thread of this machine. 0 if not timed.
	Reference float64 `json:"reference_sec,omitempty"`
	// NsPerOp is the benchmark's own ns/op if go test measured the whole block; 0 otherwise, and
	// Metrics then uses the mean of Total.
	NsPerOp float64 `json:"ns_per_op,omitempty"`
	// Drift is the relative change of the latency from the beginning to the end of the block, without
	// the part of the warm-up that is still unsettled, if noise does not explain it; 0 otherwise.
	Drift float64 `json:"drift,omitempty"`
	// MemoryBytes is the growth of the process's resident memory from before opening to the end of
	// the steady part, without the storage of the samples: the model, its interpreter and its
	// delegate, and in a process's first block the runtime itself. An offloaded inference counts
	// the device's memory only. 0 if unknown, or if nothing grew.
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	// Celsius is the highest temperature at the end of the steady part; nil without a thermometer.
	Celsius *float64 `json:"celsius,omitempty"`
	Samples []Sample `json:"-"` // all phases in order; kept in samples.csv.gz
}

// Details say how a session runs its inferences. They have the fields and JSON keys of
// backends.Details, which this package cannot import.
type Details struct {
	Runtime  string `json:"runtime"`            // the runtime's own version string: "2.21.0"
	Delegate string `json:"delegate,omitempty"` // "xnnpack", or library and options; empty without one
	Threads  int    `json:"threads"`
	// Nodes counts the operators of the execution plan, and Delegated those that the delegate took.
	// Nodes is 0 if the delegate does not say.
	Nodes     int `json:"nodes,omitempty"`
	Delegated int `json:"delegated,omitempty"`
	// Input says which shapes were chosen for the inputs of a user's own file, and how its image
	// travels: "image uint8 128x128x3, values 0..1".
	Input string `json:"input,omitempty"`
}

// BlockEnergy is the energy that one inference of a block takes from the device.
type BlockEnergy struct {
	Joules float64      `json:"joules"`
	Origin names.Origin `json:"origin"` // Measured, Modelled or Mixed
	// Missing names the parts that Joules lacks because they are unknown.
	Missing []string `json:"missing,omitempty"`
}

// Steady returns the steady samples without any of the marks in leaveOut, in order, and how many it
// left out.
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

// Lost returns how many steady inferences lost requests, and how many requests that were. The share
// of requests lost is requests / (requests + the number of steady samples). In a run recorded before
// requests were counted, an inference stands for one.
func (b *Block) Lost() (inferences, requests int) {
	for _, s := range b.Samples {
		if s.Phase == PhaseSteady && s.Mark&MarkLost != 0 {
			inferences++
			requests += max(1, int(s.Lost))
		}
	}
	return inferences, requests
}

func (b *Block) check() error {
	name := b.Combination.Name()
	if _, err := names.ParseCombination(name); err != nil {
		return err
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("combination %q: a name in a benchmark file cannot contain blanks", name)
	}
	if b.Round < 0 {
		return fmt.Errorf("combination %s: round %d is below 0", name, b.Round)
	}
	steady := false
	for i, s := range b.Samples {
		if s.Phase > PhaseSteady || s.Mark >= 1<<len(MarkNames) {
			return fmt.Errorf("combination %s, round %d: sample %d: phase %d or mark %#x is unknown",
				name, b.Round, i+1, uint8(s.Phase), uint16(s.Mark))
		}
		if s.Lost > 0 && s.Mark&MarkLost == 0 {
			return fmt.Errorf("combination %s, round %d: sample %d: %d lost requests without the mark %q",
				name, b.Round, i+1, s.Lost, MarkLost)
		}
		steady = steady || s.Phase == PhaseSteady
	}
	if !steady {
		return fmt.Errorf("combination %s, round %d: %w", name, b.Round, ErrNoSteady)
	}
	return nil
}

// ErrNoSteady says that a block has no steady sample. Such a block is not a result and is not
// recorded.
var ErrNoSteady = errors.New("the block has no steady sample")
