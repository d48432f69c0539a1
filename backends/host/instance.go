package host

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// An instance is a loaded model.
type instance struct {
	details         backends.Details
	inputs, outputs []fixtures.Tensor
	outputBytes     int64
	decoder         *decoder                                    // of a user's own image file; nil for others
	described       []*oip.ModelMetadataResponse_TensorMetadata // of the outputs
	isolated        bool
	sum             string // SHA-256 of the file, empty if it was not read
	loaded          time.Time
	sessions        chan backends.Session
	all             []backends.Session
	waiting         atomic.Int32
	copy            *private      // nil if the file itself is used
	gone            chan struct{} // closed when a process of the instance died

	// Guarded by repository.mu.
	users   int    // requests that hold the instance
	used    uint64 // repository.uses when it was last acquired
	retired bool   // the last user closes it
	bytes   int64
}

// open opens a model's sessions.
func (r *repository) open(ctx context.Context, m *model) (_ *instance, err error) {
	i := &instance{
		sessions: make(chan backends.Session, r.options.Interpreters), gone: make(chan struct{}), loaded: r.now(),
	}
	defer func() {
		if err != nil {
			i.close()
		}
	}()
	variant, size, err := r.read(i, m)
	if err != nil {
		return nil, err
	}
	if err := r.makeRoom(m, size); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.unload(size)
		}
	}()
	backend := r.options.Backend
	if i.isolated = r.options.Isolated != nil && (r.options.Isolate || variant.SHA256 == ""); i.isolated {
		backend = r.options.Isolated
	}
	bytes := size
	for range r.options.Interpreters {
		s, err := backend.Open(ctx, variant.Raw())
		if err != nil {
			return nil, err
		}
		i.all = append(i.all, s)
		i.sessions <- s
		if sized, ok := s.(backends.Sized); ok {
			bytes += sized.MemoryBytes()
		}
	}
	first := i.all[0]
	if d, ok := first.(backends.Detailed); ok {
		i.details = d.Details()
	}
	i.inputs, i.outputs = first.Inputs(), first.Outputs()
	if i.decoder, err = newDecoder(m.Variant, i.inputs); err != nil {
		return nil, err
	}
	if i.described, err = describe(i.outputs); err != nil {
		return nil, err
	}
	if _, err = describe(i.inputs); err != nil {
		return nil, err
	}
	for _, t := range i.outputs {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return nil, err
		}
		i.outputBytes += int64(n)
	}
	if err := r.makeRoom(m, bytes-size); err != nil {
		return nil, err
	}
	i.bytes = bytes
	return i, nil
}

// read returns the variant that the backend opens: of a private copy if that is wanted.
func (r *repository) read(i *instance, m *model) (v fixtures.Variant, size int64, err error) {
	v = m.Variant
	if !r.options.Private {
		size, err = fileSize(v.Path)
		return v, size, err
	}
	if i.copy, err = readPrivate(v.Path); err != nil {
		return v, 0, err
	}
	i.sum, v.Path = i.copy.sum, i.copy.path
	return v, i.copy.size, nil
}

// public returns an error without the paths of this machine.
func (m *model) public(err error) string {
	text, base := err.Error(), filepath.Base(m.Variant.Path)
	text = strings.ReplaceAll(text, m.Variant.Path, base)
	text = strings.ReplaceAll(text, filepath.Dir(m.Variant.Path)+string(filepath.Separator), "")
	return shorten(privatePath.ReplaceAllLiteralString(text, base))
}

// close closes the sessions, whose errors nobody could act on.
func (i *instance) close() {
	for _, s := range i.all {
		s.Close()
	}
	if i.copy != nil {
		i.copy.close()
	}
}

// kill kills the processes of the sessions that have one.
func (i *instance) kill() {
	for _, s := range i.all {
		if s, ok := s.(child.Killer); ok {
			s.Kill()
		}
	}
}

// take waits for a free interpreter, which the caller gives back to i.sessions. It returns errBusy if
// queue requests wait already, or share of the client's.
func (i *instance) take(ctx context.Context, m *model, queue int, c *client, share int) (backends.Session, error) {
	select {
	case <-i.gone:
		return nil, errRestarting
	default:
	}
	select {
	case s := <-i.sessions:
		return s, nil
	default:
	}
	if int(i.waiting.Add(1)) > queue {
		i.waiting.Add(-1)
		return nil, fmt.Errorf("%w (%d requests wait for %d interpreters); "+
			"try again or raise the host's --queue", errQueueFull, queue, len(i.all))
	}
	defer i.waiting.Add(-1)
	if !c.enter(m, share) {
		return nil, c.overShare(share)
	}
	defer c.leave(m)
	select {
	case s := <-i.sessions:
		return s, nil
	case <-i.gone:
		return nil, errRestarting
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
