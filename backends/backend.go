// Package backends defines the interfaces through which inferences run, on this machine or on a host.
//
//  1. A Backend opens a variant and returns a Session, or an *UnavailableError that says what is
//     missing.
//  2. The Session describes its inputs and outputs as tensors.
//  3. Infer runs one inference and returns its Timing.
//
// The implementations are tflite (on this machine) and offload (on a host, over a link). A program
// chooses its backends at start-up.
package backends

import (
	"context"
	"fmt"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
)

// A Backend runs inferences. A names.Backend names it: "cpu1", "npu", "offload-self".
type Backend interface {
	// Name returns the backend's name in grids and results.
	Name() string
	// Open loads a variant and makes it ready to run. It returns an *UnavailableError if this
	// machine lacks what the backend needs.
	Open(ctx context.Context, v fixtures.Variant) (Session, error)
}

// A Checker is a Backend that can say without loading a variant whether this machine has what it
// needs.
type Checker interface {
	// Available returns an *UnavailableError if something is missing. Open may still find more
	// missing.
	Available() error
}

// A Session is one loaded variant. It is not safe for concurrent use.
type Session interface {
	// Inputs describes what Infer takes: only the image (uint8, 1 x height x width x channels, or
	// fixtures.TypeJPEG) for a variant with one, the file's input tensors otherwise.
	Inputs() []fixtures.Tensor
	// Outputs describes the tensors that Infer returns, as the file has them.
	Outputs() []fixtures.Tensor
	// Infer runs one inference. in has one slice per input and out one per output, each of exactly
	// the tensor's size in bytes, if it is fixed. A local session does not allocate, unless it
	// decodes an image.
	Infer(ctx context.Context, in, out [][]byte) (Timing, error)
	// Close frees the session. Closing twice is allowed.
	Close() error
}

// Timing is how long one inference took. Parts that do not apply are zero.
type Timing struct {
	Total   time.Duration // from the moment the request was due until the outputs are readable
	Fill    time.Duration // turning the image into the input tensor, decoding included
	Exec    time.Duration // only the invocation, on the machine that ran it
	Network time.Duration // Total less the time that the host accounts for
	Queue   time.Duration // waiting at the host for an interpreter

	Sent, Received int64 // bytes on the link, framing included

	// Lateness is how late the link's emulator was in this inference by its own account; zero over
	// a real link.
	Lateness time.Duration
	// Lost counts the requests that failed before one was answered.
	Lost int
}

// Details describe how a session runs its file, on this machine or on the host. The zero value
// means unknown.
type Details struct {
	Runtime  string `json:"runtime"`            // the runtime's version string: "2.21.0"
	Delegate string `json:"delegate,omitempty"` // "xnnpack", or a delegate's library and options; empty without one
	Threads  int    `json:"threads"`
	// Nodes counts the operators of the model's execution plan, and Delegated those that the
	// delegate took. Nodes is 0 if the delegate does not say.
	Nodes     int `json:"nodes,omitempty"`
	Delegated int `json:"delegated,omitempty"`
	// Input says which shapes were chosen for the inputs of a user's own file, and how its image
	// travels; see fixtures.Variant.Input.
	Input string `json:"input,omitempty"`
}

// A Detailed session knows its Details: one of tflite, and one of offload at a host of Crossover.
// Other servers do not say, so offload then returns the zero value.
type Detailed interface {
	Details() Details
}

// A Sized session knows the memory that it takes beside its file, in bytes: tensors, packed weights, or
// its process.
type Sized interface {
	MemoryBytes() int64
}

// A Computed session runs nothing: it computes what an inference would take. Its figures have the
// origin "computed" whatever the backend's name, and it has no outputs.
type Computed interface {
	Computed() bool
}

// UnavailableError says that a backend cannot run on this machine, what is missing and how to get
// it. The combination is skipped with this reason, never silently.
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
