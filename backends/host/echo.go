package host

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// echoes bounds the requests for oip.EchoModel. A few run at a time, and a queue of others waits.
type echoes struct {
	running chan struct{}
	waiting atomic.Int32
	queue   int32
}

// echo answers a request for oip.EchoModel.
func (s *Server) echo(ctx context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	n := req.Parameters[oip.EchoBytes].GetInt64Param()
	if n < 0 || n > oip.EchoLimit {
		return nil, status.Errorf(codes.InvalidArgument, "model %q: %s is %d; want 0 to %d",
			oip.EchoModel, oip.EchoBytes, n, oip.EchoLimit)
	}
	if err := s.echoes.enter(ctx); err != nil {
		s.metrics.refuseBy(err)
		return nil, status.Errorf(codeOf(err), "model %q: %v", oip.EchoModel, err)
	}
	defer s.echoes.leave()
	if !admissionOf(ctx).take(2 * n) {
		s.metrics.refuse(byBudget)
		return nil, errBudget
	}
	return &oip.ModelInferResponse{
		Outputs: []*oip.ModelInferResponse_InferOutputTensor{
			{Name: "download", Datatype: "UINT8", Shape: []int64{n}},
		},
		RawOutputContents: [][]byte{make([]byte, n)},
	}, nil
}

func (e *echoes) enter(ctx context.Context) error {
	defer e.waiting.Add(-1)
	if e.waiting.Add(1) > e.queue {
		return fmt.Errorf("%w (%d requests)", errQueueFull, e.queue)
	}
	select {
	case e.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *echoes) leave() { <-e.running }
