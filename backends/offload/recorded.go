package offload

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/fixtures"
)

// A Recording tells how long inferences took on another machine. Package
// recorded reads it from a run folder.
type Recording interface {
	// Executions returns the steady execution times of a variant, by
	// Variant.Name, in the order recorded; an error says why there are none.
	Executions(variant string) ([]time.Duration, error)
}

type recordedBackend struct {
	host      Host
	shape     link.Shape
	recording Recording
}

// NewRecorded returns the backend of a recorded host. It computes the latency of
// an inference as the study did: a recorded execution time on that machine plus
// equation 2.2 for the link. Each inference takes the next recorded time, from
// the first again after the last, so that their distribution stays; jitter and
// loss of the link are left out, as they are in the equation. No time passes.
//
// Energy follows from it as from any other latency: what the device spends while
// it waits at idle power and what the link takes for the bytes (equations 2.4
// and 2.5), by the cost model.
func NewRecorded(h Host, shape link.Shape, r Recording) backends.Backend {
	return &recordedBackend{h, shape, r}
}

// Name returns "offload-" and the host's name.
func (b *recordedBackend) Name() string { return Prefix + b.host.Name }

// Open looks up the variant's recorded times. The link must be a modelled one:
// nothing is known of a recorded host's own.
func (b *recordedBackend) Open(_ context.Context, v fixtures.Variant) (backends.Session, error) {
	unavailable := func(hint, format string, args ...any) error {
		return &backends.UnavailableError{Backend: b.Name(), Missing: fmt.Sprintf(format, args...), Hint: hint}
	}
	if !b.shape.Shapes() {
		return nil, unavailable("choose a link with a profile, such as ethernet", "host %s is recorded, so there is no link %q to it", b.host.Name, b.shape.Name)
	}
	if v.Image == nil {
		return nil, unavailable("", "host %s is recorded, and the payload of %s is not known: it is no variant of the catalog", b.host.Name, v.Title)
	}
	times, err := b.recording.Executions(string(v.Name))
	if err != nil || len(times) == 0 {
		return nil, unavailable("record the variant there with crossover bench", "host %s: no recorded execution of %s: %v", b.host.Name, v.Title, err)
	}
	manifest, err := fixtures.ReadManifest(filepath.Dir(v.Path))
	if err != nil {
		return nil, err
	}
	e, ok := manifest.Entry(v.Name)
	if !ok {
		return nil, unavailable("make fixtures", "the size of the result of %s is not known: no manifest in %s names it", v.Title, manifest.Dir)
	}
	s := &recordedSession{times: times, sent: int64(v.Image.Bytes())}
	s.inputs = []fixtures.Tensor{{Name: "image", Type: "uint8", Shape: []int{1, v.Image.Height, v.Image.Width, 3}}}
	for _, t := range e.Outputs {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return nil, err
		}
		s.received += int64(n)
	}
	s.network = b.shape.Network(s.sent, s.received)
	return s, nil
}

type recordedSession struct {
	inputs         []fixtures.Tensor
	times          []time.Duration
	network        time.Duration
	sent, received int64
	next           int
	closed         bool
}

// Inputs returns the image.
func (s *recordedSession) Inputs() []fixtures.Tensor { return s.inputs }

// Outputs returns nothing: no inference runs, so there are no scores.
func (s *recordedSession) Outputs() []fixtures.Tensor { return nil }

// Computed says that the timings are calculated.
func (s *recordedSession) Computed() bool { return true }

// Infer returns the computed timing at once.
func (s *recordedSession) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	if s.closed {
		return backends.Timing{}, errClosed
	}
	if err := sized(in, []int{int(s.sent)}, "input"); err != nil {
		return backends.Timing{}, err
	}
	if err := sized(out, nil, "output"); err != nil {
		return backends.Timing{}, err
	}
	exec := s.times[s.next]
	s.next = (s.next + 1) % len(s.times)
	return backends.Timing{Total: exec + s.network, Exec: exec, Network: s.network, Sent: s.sent, Received: s.received}, ctx.Err()
}

// Close ends the session.
func (s *recordedSession) Close() error {
	s.closed = true
	return nil
}
