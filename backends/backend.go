// Package backends defines where an inference runs. A Backend opens a variant
// and returns a Session; a Session runs inferences one at a time and says what
// each cost. The implementations are tflite (on this machine) and offload (on
// a host, over a link); which of them exist in a program is wired where the
// program starts.
package backends

import (
	"context"
	"fmt"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
)

// A Backend is a place where inferences run: "cpu1", "npu", "offload-self".
type Backend interface {
	// Name returns the backend's name as it stands in grids and results.
	Name() string
	// Open loads a variant and makes it ready to run. It returns an
	// *UnavailableError when this machine lacks what the backend needs.
	Open(ctx context.Context, v fixtures.Variant) (Session, error)
}

// A Checker is a Backend that can tell, without loading anything, whether this
// machine has what it needs.
type Checker interface {
	// Available returns an *UnavailableError when it has not, else nil. A backend
	// may still turn out unavailable when it opens a variant.
	Available() error
}

// A Session is one loaded variant. It is not safe for concurrent use.
type Session interface {
	// Inputs describes what Infer takes: for a catalog variant the image alone
	// (uint8, 1 x height x width x 3), else the file's own input tensors.
	Inputs() []fixtures.Tensor
	// Outputs describes the tensors that Infer returns, as the file has them.
	Outputs() []fixtures.Tensor
	// Infer runs one inference: in holds one slice an input, out one slice an
	// output, each of exactly the tensor's size in bytes. It allocates
	// nothing where the backend runs locally.
	Infer(ctx context.Context, in, out [][]byte) (Timing, error)
	// Close frees the session. Closing twice is harmless.
	Close() error
}

// Timing is what one inference cost. Parts that do not apply are zero.
type Timing struct {
	Total   time.Duration // from the moment the request was due until the outputs are readable
	Fill    time.Duration // turning the image into the input tensor
	Exec    time.Duration // the invocation alone, where it ran
	Network time.Duration // Total less everything the host accounts for
	Queue   time.Duration // waiting at the host for an interpreter

	Sent, Received int64 // payload bytes on the link, as framed for the wire

	// Lateness is by how much the link's emulator missed its own schedule in
	// this inference; zero over a real link.
	Lateness time.Duration
	// Lost counts the requests that failed before this one was answered.
	Lost int
}

// Details is what a session of a local backend knows about how it runs.
type Details struct {
	Runtime  string `json:"runtime"`            // the runtime's own version string: "2.21.0"
	Delegate string `json:"delegate,omitempty"` // "xnnpack", or the delegate's library and options; empty without one
	Threads  int    `json:"threads"`
	// Nodes counts the operators of the model's execution plan, and Delegated
	// those that the delegate took; Nodes is 0 where the delegate does not tell.
	Nodes     int `json:"nodes,omitempty"`
	Delegated int `json:"delegated,omitempty"`
}

// A Detailed session tells its Details.
type Detailed interface {
	Details() Details
}

// A Computed session runs nothing: it says what an inference would have cost.
// Figures of it have the origin "computed", whatever the backend's name, and it
// has no outputs to look at.
type Computed interface {
	Computed() bool
}

// UnavailableError says that a backend cannot run here, what is missing and
// how to get it. The combination is skipped with this reason, never silently.
type UnavailableError struct {
	Backend string // the backend's name
	Missing string // what is missing: "4 threads: this machine has 2 cores"
	Hint    string // how to get it, or empty
}

func (e *UnavailableError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("backend %s is not available here: %s", e.Backend, e.Missing)
	}
	return fmt.Sprintf("backend %s is not available here: %s; %s", e.Backend, e.Missing, e.Hint)
}
