// Package recorded is the backend of a host that exists only as a run recorded on it. It computes
// latencies by the study's method.
//
//  1. New reads the execution times of one backend from a run folder.
//  2. Open finds those of a variant, and the sizes of its input and output.
//  3. Infer computes a latency: the next recorded execution time plus equation 2.2 of Frennborn and
//     Oliv (2022) for the link. No inference runs and no time passes. Figures have the origin
//     "computed".
//
// The times are repeated in a cycle, which keeps their distribution. Jitter and loss of the link
// are left out, as in the equation. The cost model derives the energy from the latency as for any
// other host (equations 2.4 and 2.5).
package recorded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/computed"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

type backend struct {
	host  offload.Host
	shape link.Shape
	times map[names.Variant][]time.Duration
}

// New returns the backend of the recorded host h over a link of that shape. It returns an error if
// h.Recorded is not a run with the backend h.Backend.
func New(h offload.Host, shape link.Shape) (backends.Backend, error) {
	if h.Recorded == offload.ThisRun {
		return nil, &backends.UnavailableError{
			Backend: string(names.Offload(h.Name)),
			Missing: "host " + h.Name + " is computed from the run itself when that is judged",
			Hint:    "crossover accept --results RUN --hosts FILE",
		}
	}
	times, err := executions(h)
	if err != nil {
		return nil, err
	}
	return &backend{h, shape, times}, nil
}

func (b *backend) Name() string { return string(names.Offload(b.host.Name)) }

// Open finds the variant's recorded times. The link must have a profile, because the real link to a
// recorded host is unknown.
func (b *backend) Open(_ context.Context, v fixtures.Variant) (backends.Session, error) {
	unavailable := func(hint, format string, args ...any) error {
		return &backends.UnavailableError{Backend: b.Name(), Missing: fmt.Sprintf(format, args...), Hint: hint}
	}
	if !b.shape.Shapes() {
		return nil, unavailable("choose a link with a profile, such as ethernet",
			"host %s is recorded, so there is no link %q to it", b.host.Name, b.shape.Name)
	}
	if v.Image == nil || v.Inputs != nil {
		return nil, unavailable("",
			"host %s is recorded, and the payload of %s is unknown: it is not a variant of the catalog", b.host.Name, v.Title)
	}
	times := b.times[v.Name]
	if len(times) == 0 {
		return nil, unavailable("record the variant there with crossover bench",
			"host %s: no recorded execution of %s: run %s has no steady sample of %s",
			b.host.Name, v.Title, b.host.Recorded, names.Place{Backend: b.host.Backend}.Of(v.Name).Title(v.Title))
	}
	manifest, err := fixtures.ReadManifest(filepath.Dir(v.Path))
	if err != nil {
		return nil, err
	}
	e, ok := manifest.Entry(v.Name)
	if !ok {
		return nil, unavailable("make fixtures",
			"the size of the result of %s is unknown: no manifest in %s has it", v.Title, manifest.Dir)
	}
	s := &session{times: times, sent: int64(v.Image.Bytes())}
	if s.Tensors, err = backends.NewTensors([]fixtures.Tensor{v.Image.Tensor()}, nil); err != nil {
		return nil, err
	}
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

// A session takes the image. It has no outputs: no inference runs, so there are no scores.
type session struct {
	backends.Tensors
	times          []time.Duration
	network        time.Duration
	sent, received int64
	next           int // of times
	closed         bool
}

func (s *session) Computed() bool { return true }

// Infer returns the computed timing at once.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	if s.closed {
		return backends.Timing{}, errors.New("the session is closed")
	}
	if err := s.Check(in, out); err != nil {
		return backends.Timing{}, err
	}
	exec := s.times[s.next]
	s.next = (s.next + 1) % len(s.times)
	return backends.Timing{
		Total: exec + s.network, Exec: exec, Network: s.network, Sent: s.sent, Received: s.received,
	}, ctx.Err()
}

func (s *session) Close() error {
	s.closed = true
	return nil
}

// executions returns the steady, unmarked execution times of the host's backend in its run, in the
// order recorded and scaled by its factor. It returns an error if there are none.
func executions(h offload.Host) (map[names.Variant][]time.Duration, error) {
	recorded, err := results.Open(h.Recorded)
	if err != nil {
		return nil, fmt.Errorf("recorded run: %w", err)
	}
	host := computed.Host{Name: h.Name, Backend: h.Backend, Factor: h.Factor}
	backend, err := host.BackendOf(recorded)
	if err != nil {
		return nil, err
	}
	times := make(map[names.Variant][]time.Duration)
	for _, b := range recorded.Blocks {
		if b.Combination.Backend != backend {
			continue
		}
		for _, s := range b.Samples {
			// A sample that is marked as disturbed there cannot be used here.
			if s.Phase == results.PhaseSteady && s.Mark == 0 && s.Exec > 0 {
				times[b.Combination.Variant] = append(times[b.Combination.Variant], host.Scale(s.Exec))
			}
		}
	}
	return times, nil
}
