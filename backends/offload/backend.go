// Package offload runs inferences on a host: a Backend whose sessions send the input over a link
// and read the outputs back. The host may be Crossover's own (package host) or any other server of
// the Open Inference Protocol.
//
//   - New(Host, link.Shape) is the backend of a declared host over one link.
//   - OpenCaller is for those who ask many times at once and count what fails: crossover load.
//   - StartSelf starts the embedded host, which is this binary as a child process on loopback. Its
//     backend is offload-self. It demonstrates the path and its software overhead. It shares this
//     machine's processor and power supply, so it never supports a claim that offloading pays.
//
// Opening and running a session goes in steps:
//
//  1. Open connects, asks for the model's metadata, and decides what to send: our own host takes
//     the image as it is, other servers take their input tensor.
//  2. Infer sends the input over the one connection, which stays open, and reads the outputs.
//  3. A failed request is sent again. Its time counts in the sample, and Timing.Lost says how many
//     requests failed: no failure is hidden.
//  4. An answer that cannot be true, such as an execution longer than the round trip, is an
//     *ImpossibleError. It is not retried, so it ends the combination with the reason.
package offload

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

type backend struct {
	host  Host
	shape link.Shape
}

// New returns the backend that offloads to h, which has an address, over a link of that shape. Its
// name is "offload-" and the host's.
func New(h Host, shape link.Shape) backends.Backend { return &backend{h, shape} }

func (b *backend) Name() string { return string(names.Offload(b.host.Name)) }

// Open connects to the host, asks for the model's metadata and returns a session whose connection
// is established. It returns a *backends.UnavailableError if the host does not answer or does not
// have the model.
func (b *backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	s, err := b.open(ctx, v)
	if err != nil {
		return nil, err // not a nil session in a non-nil interface
	}
	return s, nil
}

func (b *backend) open(ctx context.Context, v fixtures.Variant) (*session, error) {
	dialer := &link.Dialer{Shape: b.shape}
	if err := dialer.Prepare(); err != nil {
		return nil, err
	}
	conn, err := Dial(b.host, dialer)
	if err != nil {
		dialer.Close()
		return nil, err
	}
	s := &session{id: newID(), host: b.host, dialer: dialer, conn: conn, client: oip.NewGRPCInferenceServiceClient(conn)}
	s.model = b.host.model(v)
	s.failFast = []grpc.CallOption{grpc.WaitForReady(false), grpc.Peer(&s.peer)}
	s.patient = []grpc.CallOption{grpc.WaitForReady(true), grpc.Peer(&s.peer)}
	answer, details, err := s.metadata(ctx)
	if err != nil {
		s.Close()
		if unavailable := b.unavailable(ctx, err, v); unavailable != nil {
			return nil, unavailable
		}
		return nil, fmt.Errorf("host %s: metadata of model %q: %w", b.host.Name, s.model.Name, err)
	}
	if err := s.prepare(v, answer, details); err != nil {
		s.Close()
		return nil, fmt.Errorf("host %s: model %q: %w", b.host.Name, s.model.Name, err)
	}
	return s, nil
}

// unavailable returns what is missing according to err, the error of the metadata request; nil if
// nothing is.
func (b *backend) unavailable(ctx context.Context, err error, v fixtures.Variant) *backends.UnavailableError {
	words := status.Convert(err).Message()
	u := &backends.UnavailableError{Backend: b.Name()}
	switch code := status.Code(err); {
	case code == codes.NotFound:
		u.Missing = fmt.Sprintf("host %s: %s", b.host.Name, words)
		u.Hint = fmt.Sprintf("put %s into its models, or name the model under models: in the hosts file", v.Path)
	case ctx.Err() == nil && (code == codes.Unavailable || code == codes.DeadlineExceeded):
		u.Missing = fmt.Sprintf("host %s at %s does not answer: %s", b.host.Name, b.host.Address, words)
		u.Hint = "start it there with crossover host --models DIR --listen ADDRESS, " +
			"or correct its address in the hosts file"
	default:
		return nil
	}
	return u
}
