package energy

import (
	"fmt"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

// A Reading is the energy that a window of inferences, or one of them, took.
type Reading struct {
	model.Energy              // a lower bound if parts are Missing
	Uncertainty  model.Joules // standard uncertainty (k = 1); 0 if unknown
	Duration     time.Duration
	Origin       names.Origin
	// Dropped is the share of the window's readings that the instrument lost, from 0 to 1.
	Dropped float64
}

// A Meter measures energy. It is used by one goroutine at a time, and its windows do not overlap.
type Meter interface {
	// Name returns the meter's name in results: "joulescope", "rapl".
	Name() string
	// Covers says what the meter's joules contain: "board", "package", "gpu".
	Covers() string
	// Period returns the time between two readings of the instrument. A window should hold many.
	Period() time.Duration
	// Begin starts a window.
	Begin() (Window, error)
	// Close ends the meter and what it started: processes, connections, files.
	Close() error
}

// A Window is a span of time in which a meter accumulates energy.
type Window interface {
	// End closes the window and returns its energy, or an [*InvalidError] if the instrument gave none.
	End() (Reading, error)
}

// An InvalidError says that a window has no energy: the instrument died, stalled or was reset in it.
// The latencies of the window are as good as without a meter.
type InvalidError struct {
	Meter, Reason string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("meter %s: %s", e.Meter, e.Reason) }

// An UnavailableError says that this machine does not have a meter, or does not let us read it.
type UnavailableError struct {
	Meter  string
	Reason string // "cannot read /sys/class/powercap/intel-rapl:0/energy_uj: permission denied"
	Remedy string // what to do: "run: sudo chmod a+r ..."; empty if nothing helps
}

func (e *UnavailableError) Error() string {
	text := fmt.Sprintf("meter %s: %s", e.Meter, e.Reason)
	if e.Remedy != "" {
		text += "\n" + e.Remedy
	}
	return text
}
