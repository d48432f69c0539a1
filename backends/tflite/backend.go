package tflite

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// noXNNPACK ends the name of a CPU backend that runs the reference kernels.
const noXNNPACK = "-noxnnpack"

// The bounds of a trial in a child process. An NPU may compile a model for
// minutes.
const (
	cpuTrialLimit      = 2 * time.Minute
	delegateTrialLimit = 10 * time.Minute
)

// config is all that a backend is; the trial's child gets it as JSON.
type config struct {
	Name    string            `json:"name"`
	Threads int               `json:"threads"`
	XNNPACK bool              `json:"xnnpack,omitempty"`
	Library string            `json:"library,omitempty"` // an external delegate's plug-in
	Options map[string]string `json:"options,omitempty"` // the plug-in's
	Trusted bool              `json:"trusted,omitempty"`
	Limit   time.Duration     `json:"limit_ns"` // of a trial
}

// An Option changes a backend.
type Option func(*config)

// WithoutXNNPACK runs the library's reference kernels, as the study did. The
// backend's name becomes "cpuN-noxnnpack", so that no figure of one is taken
// for the other's.
func WithoutXNNPACK() Option {
	return func(c *config) { c.XNNPACK = false; c.Name += noXNNPACK }
}

// WithThreads sets the threads that run the operators an external delegate
// leaves to the CPU; the default is 1.
func WithThreads(n int) Option {
	return func(c *config) { c.Threads = n }
}

// WithTrialLimit bounds the trial in a child process; the default is 2 minutes
// for a CPU and 10 for an external delegate, which may compile for long.
func WithTrialLimit(limit time.Duration) Option {
	return func(c *config) { c.Limit = limit }
}

// Trusted says that an external delegate needs no trial with files that the
// manifest vouches for: it saves compiling each twice, and a crash of the
// delegate then ends the process.
func Trusted() Option {
	return func(c *config) { c.Trusted = true }
}

// backend is a configured way to run TensorFlow Lite. It holds no resources.
type backend struct{ config }

// New returns the backend "cpuN": TensorFlow Lite on this machine's processor
// with the given number of threads and the XNNPACK kernels. Its Open returns an
// *backends.UnavailableError when the process may use fewer cores than threads.
func New(threads int, opts ...Option) backends.Backend {
	b := &backend{config{
		Name:    "cpu" + strconv.Itoa(threads),
		Threads: threads,
		XNNPACK: true,
		Limit:   cpuTrialLimit,
	}}
	for _, opt := range opts {
		opt(&b.config)
	}
	return b
}

// NewDelegate returns a backend that hands the model to an external delegate:
// the plug-in at library (a path, or a name that the dynamic linker finds),
// called with options. Such a plug-in exports tflite_plugin_create_delegate and
// tflite_plugin_destroy_delegate, as TensorFlow Lite's own tools expect them;
// NXP's libvx_delegate.so does. Operators that the delegate refuses run on the
// CPU without XNNPACK; a delegate that takes none is an error, since figures of
// the CPU would bear its name.
//
// Every file is tried once in a child process first, vouched for or not: the
// drivers behind a delegate crash more often than files are corrupt.
func NewDelegate(name, library string, options map[string]string, opts ...Option) backends.Backend {
	b := &backend{config{
		Name:    name,
		Threads: 1,
		Library: library,
		Options: maps.Clone(options),
		Limit:   delegateTrialLimit,
	}}
	for _, opt := range opts {
		opt(&b.config)
	}
	return b
}

// ForName returns the CPU backend called name: "cpuN" or "cpuN-noxnnpack" with
// N from 1, without leading zeros. It is false for any other name.
func ForName(name string) (backends.Backend, bool) {
	digits, ok := strings.CutPrefix(name, "cpu")
	if !ok {
		return nil, false
	}
	var opts []Option
	if rest, ok := strings.CutSuffix(digits, noXNNPACK); ok {
		digits, opts = rest, append(opts, WithoutXNNPACK())
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || strconv.Itoa(n) != digits {
		return nil, false
	}
	return New(n, opts...), true
}

// Name returns the backend's name as it stands in grids and results.
func (b *backend) Name() string { return b.config.Name }

// Open loads the variant's file and makes it ready to run.
func (b *backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.Available(); err != nil {
		return nil, err
	}
	return b.open(ctx, v)
}

// Available says whether the process may use as many cores as the backend has
// threads.
func (b *backend) Available() error {
	if b.Threads < 1 {
		return fmt.Errorf("backend %s: %d threads; want at least 1", b.Name(), b.Threads)
	}
	if cores := runtime.NumCPU(); b.Threads > cores {
		return b.unavailable(
			fmt.Sprintf("%d threads: this process may use %d %s", b.Threads, cores, plural(cores, "core")), "")
	}
	return nil
}

func (c *config) unavailable(missing, hint string) error {
	return &backends.UnavailableError{Backend: c.Name, Missing: missing, Hint: hint}
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
