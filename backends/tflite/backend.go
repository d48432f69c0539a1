package tflite

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// The bounds of a trial in a child process. An NPU may compile a model for minutes.
const (
	cpuTrialLimit      = 2 * time.Minute
	delegateTrialLimit = 10 * time.Minute
)

// config holds everything about a backend. The child of a trial gets it as JSON.
type config struct {
	Name    string            `json:"name"`
	Threads int               `json:"threads"`
	XNNPACK bool              `json:"xnnpack,omitempty"`
	Library string            `json:"library,omitempty"` // plug-in of an external delegate
	Options map[string]string `json:"options,omitempty"` // of the plug-in
	Limit   time.Duration     `json:"limit_ns"`          // of a trial
}

// A backend is a configured way to run TensorFlow Lite. It holds no resources.
type backend struct{ config }

// New returns the backend "cpuN": TensorFlow Lite on this machine's processor with the given number
// of threads and the XNNPACK kernels. Its Open returns a *backends.UnavailableError if the process
// may use fewer cores than threads.
func New(threads int) backends.Backend {
	return &backend{config{Name: string(names.CPU(threads)), Threads: threads, XNNPACK: true, Limit: cpuTrialLimit}}
}

// NewReference returns the backend "cpuN-noxnnpack", which runs the library's reference kernels, as
// the study did.
func NewReference(threads int) backends.Backend {
	return &backend{config{Name: string(names.CPU(threads)) + names.NoXNNPACK, Threads: threads, Limit: cpuTrialLimit}}
}

// NewDelegate returns a backend that gives the model to an external delegate: the plug-in at
// library (a path, or a name that the dynamic linker finds) with the given options. threads run the
// operators that it leaves to the CPU. A plug-in exports tflite_plugin_create_delegate and
// tflite_plugin_destroy_delegate, as TensorFlow Lite's tools expect; NXP's libvx_delegate.so does.
// Operators that the delegate refuses run on the CPU without XNNPACK. A delegate that takes none is
// an error, because the figures would be the CPU's.
//
// Every file is first tried in a child process, even one with a known hash: the drivers behind a
// delegate crash more often than files are corrupt.
func NewDelegate(name, library string, options map[string]string, threads int) backends.Backend {
	return &backend{config{
		Name: name, Threads: threads, Library: library, Options: maps.Clone(options), Limit: delegateTrialLimit,
	}}
}

// ForName returns the CPU backend called name; ok is false if name is not a CPU backend's.
func ForName(name names.Backend) (b backends.Backend, ok bool) {
	threads, reference, ok := name.CPU()
	if reference {
		return NewReference(threads), ok
	}
	return New(threads), ok
}

func (b *backend) Name() string { return b.config.Name }

func (b *backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.Available(); err != nil {
		return nil, err
	}
	return b.open(ctx, v)
}

// Available returns an error unless the process may use as many cores as the backend has threads.
func (b *backend) Available() error {
	if b.Threads < 1 {
		return fmt.Errorf("backend %s: %d threads; want at least 1", b.Name(), b.Threads)
	}
	if cores := runtime.NumCPU(); b.Threads > cores {
		return b.unavailable(
			fmt.Sprintf("%d threads: this process may use %d of this machine's cores", b.Threads, cores), "")
	}
	return nil
}

func (c *config) unavailable(missing, hint string) error {
	return &backends.UnavailableError{Backend: c.Name, Missing: missing, Hint: hint}
}
