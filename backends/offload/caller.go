package offload

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// A Caller asks a host for inferences of one model, many at a time over one connection. Unlike a
// session it repeats nothing: whoever generates load counts what is lost. It is safe for concurrent
// use once SetInput has been called.
type Caller struct {
	session  *session
	requests atomic.Uint64
	calls    sync.Pool // of *call
}

// A call holds what one request needs, for the next to use again.
type call struct {
	request  oip.ModelInferRequest
	response oip.ModelInferResponse
	out      [][]byte
	typed    []byte
}

// OpenCaller connects to h over a link of that shape and asks for the model's metadata. Errors are
// those of a session's Open.
func OpenCaller(ctx context.Context, h Host, shape link.Shape, v fixtures.Variant) (*Caller, error) {
	s, err := (&backend{h, shape}).open(ctx, v)
	if err != nil {
		return nil, err
	}
	return &Caller{session: s}, nil
}

// Inputs describes the tensors that SetInput takes.
func (c *Caller) Inputs() []fixtures.Tensor { return c.session.Inputs() }

// SetInput sets what every request sends, one slice for each input. The caller must not change it
// afterwards.
func (c *Caller) SetInput(in [][]byte) error {
	s := c.session
	if err := s.Check(in, backends.Buffers(s.Outputs())); err != nil {
		return err
	}
	copy(s.request.RawInputContents, in)
	if s.fill != nil {
		if err := s.fill(s.tensor, in[0]); err != nil {
			return err
		}
		s.request.RawInputContents[0] = s.tensor
	}
	c.calls.New = func() any {
		// The messages below the request are shared: they are only read.
		return &call{
			request: oip.ModelInferRequest{
				ModelName: s.request.ModelName, ModelVersion: s.request.ModelVersion,
				Inputs: s.request.Inputs, RawInputContents: s.request.RawInputContents,
			},
			out: backends.Buffers(s.Outputs()),
		}
	}
	return nil
}

// Infer sends one request and checks its answer. Timing.Total is from the call to the answer. An
// answer that cannot be true is an *ImpossibleError; other errors have the status of the call.
func (c *Caller) Infer(ctx context.Context) (t backends.Timing, err error) {
	s, k := c.session, c.calls.Get().(*call)
	defer c.calls.Put(k)
	k.request.Id = s.id + strconv.FormatUint(c.requests.Add(1), 36)
	start := time.Now()
	err = s.conn.Invoke(ctx, oip.GRPCInferenceService_ModelInfer_FullMethodName, &k.request, &k.response,
		grpc.WaitForReady(false))
	t.Total = time.Since(start)
	if err != nil {
		return t, err
	}
	if err := checkIdentity(&k.request, &k.response); err != nil {
		return t, err
	}
	times, err := readTimes(&k.response, t.Total)
	if err != nil {
		return t, err
	}
	t.Queue, t.Fill, t.Exec = times.queue, times.fill, times.exec
	if times.total > 0 {
		t.Network = max(0, t.Total-times.total)
	}
	if k.typed, err = readOutputs(&k.response, s.Outputs(), k.out, k.typed); err != nil {
		return t, err
	}
	return t, nil
}

// Close closes the connection. Requests that wait for an answer fail.
func (c *Caller) Close() error { return c.session.Close() }

// LossReason names why a request failed, for counting: the status code in the protocol's spelling,
// such as "ResourceExhausted". final says that every further request would fail as well, so asking
// on has no point: the answer cannot be true or read, or the request is wrong.
func LossReason(err error) (reason string, final bool) {
	if _, ok := errors.AsType[*ImpossibleError](err); ok {
		return "impossible answer", true
	}
	code := status.Code(err)
	switch code {
	case codes.Unknown:
		// Our own error about an answer that has no status; servers give one, too.
		_, fromServer := status.FromError(err)
		return fmt.Sprint(code), !fromServer
	case codes.InvalidArgument, codes.NotFound, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return code.String(), true
	}
	return code.String(), false
}
