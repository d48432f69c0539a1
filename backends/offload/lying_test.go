package offload_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// liar is a server whose honest answers the test turns into lies.
type liar struct {
	oip.UnimplementedGRPCInferenceServiceServer
	describe func(*oip.ModelMetadataResponse)
	details  *oip.Details
	answer   func(*oip.ModelInferResponse)
	requests atomic.Int32
}

func (l *liar) ModelMetadata(
	ctx context.Context, req *oip.ModelMetadataRequest,
) (*oip.ModelMetadataResponse, error) {
	r := &oip.ModelMetadataResponse{
		Name: req.Name,
		Inputs: []*oip.ModelMetadataResponse_TensorMetadata{
			{Name: "x", Datatype: "UINT8", Shape: []int64{1, 32, 32, 3}},
		},
		Outputs: []*oip.ModelMetadataResponse_TensorMetadata{{Name: "y", Datatype: "INT8", Shape: []int64{-1, 10}}},
	}
	if l.describe != nil {
		l.describe(r)
	}
	if l.details != nil {
		text, err := json.Marshal(l.details)
		if err != nil {
			return nil, err
		}
		if err := grpc.SetHeader(ctx, metadata.Pairs(oip.MetadataDetails, string(text))); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (l *liar) ModelInfer(_ context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	l.requests.Add(1)
	start := time.Now()
	r := &oip.ModelInferResponse{
		ModelName: req.ModelName, Id: req.Id,
		Outputs: []*oip.ModelInferResponse_InferOutputTensor{
			{Name: "y", Datatype: "INT8", Shape: []int64{1, 10}},
		},
		RawOutputContents: [][]byte{make([]byte, 10)},
		Parameters:        map[string]*oip.InferParameter{},
	}
	r.Parameters[oip.ParamExec] = oip.Int64(int64(time.Since(start)))
	r.Parameters[oip.ParamTotal] = oip.Int64(int64(time.Since(start)))
	if l.answer != nil {
		l.answer(r)
	}
	return r, nil
}

func (l *liar) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	oip.RegisterGRPCInferenceServiceServer(s, l)
	go s.Serve(listener)
	t.Cleanup(s.Stop)
	return listener.Addr().String()
}

// lies are answers that cannot be true, and what the error says of each.
var lies = []struct {
	name string
	lie  func(*oip.ModelInferResponse)
	want string
}{
	{"NegativeExecution", times(oip.ParamExec, -5), "crossover_exec_ns is -5ns, a negative time"},
	{"NegativeQueue", times(oip.ParamQueue, math.MinInt64), "a negative time"},
	{"NegativeTotal", times(oip.ParamTotal, -1), "crossover_total_ns is -1ns"},
	{"ExecutionAboveTheRoundTrip", times(oip.ParamExec, 1e18), "but the round trip took"},
	{"SumThatOverflows", func(r *oip.ModelInferResponse) {
		times(oip.ParamExec, math.MaxInt64)(r)
		times(oip.ParamQueue, math.MaxInt64)(r)
	}, "but the round trip took"},
	{"PartsAboveTheTotal", func(r *oip.ModelInferResponse) {
		times(oip.ParamExec, 1000)(r)
		times(oip.ParamTotal, 10)(r)
	}, "add up to more than its total of 10ns"},
	{"TimeThatIsNoNumber", func(r *oip.ModelInferResponse) {
		r.Parameters[oip.ParamExec] = &oip.InferParameter{
			ParameterChoice: &oip.InferParameter_StringParam{StringParam: "1 ms"},
		}
	}, "crossover_exec_ns is not an int64"},
	{"AnotherID", func(r *oip.ModelInferResponse) { r.Id = "7" }, `it has the id "7", the request had`},
	{"AnotherModel", func(r *oip.ModelInferResponse) { r.ModelName = "resnet" }, `it is from model "resnet"`},
	{"AnotherType", func(r *oip.ModelInferResponse) { r.Outputs[0].Datatype = "UINT8" }, "the metadata said int8"},
	{"AnotherShape", func(r *oip.ModelInferResponse) { r.Outputs[0].Shape = []int64{2, 5} }, "the metadata said [1 10]"},
	{"NegativeShape", func(r *oip.ModelInferResponse) { r.Outputs[0].Shape = []int64{-1, -10} }, "negative size"},
}

// times sets a time in an answer, in nanoseconds.
func times(parameter string, ns int64) func(*oip.ModelInferResponse) {
	return func(r *oip.ModelInferResponse) { r.Parameters[parameter] = oip.Int64(ns) }
}

func TestSessionRefusesAnswersThatCannotBeTrue(t *testing.T) {
	for _, c := range lies {
		t.Run(c.name, func(t *testing.T) {
			l := &liar{answer: c.lie}
			v := variant(t)
			s, err := lab(l.serve(t), link.Shape{}).Open(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, 10)})
			if _, ok := errors.AsType[*offload.ImpossibleError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want an ImpossibleError with %q", err, c.want)
			}
			if n := l.requests.Load(); n != 1 || timing.Lost != 0 {
				t.Errorf("%d requests, %d of them lost; want one, which is not retried", n, timing.Lost)
			}
		})
	}
}

func TestSessionAcceptsAnHonestAnswer(t *testing.T) {
	for name, change := range map[string]func(*oip.ModelInferResponse){
		"All": nil,
		"Without id and name": func(r *oip.ModelInferResponse) {
			r.Id, r.ModelName = "", ""
		},
		"Without the batch": func(r *oip.ModelInferResponse) { r.Outputs[0].Shape = []int64{10} },
	} {
		t.Run(name, func(t *testing.T) {
			l := &liar{answer: change}
			v := variant(t)
			s, err := lab(l.serve(t), link.Shape{}).Open(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, 10)})
			if err != nil || timing.Network < 0 || timing.Exec > timing.Total {
				t.Errorf("%+v, %v", timing, err)
			}
		})
	}
}

func TestOpenRefusesMetadataThatCannotBeTrue(t *testing.T) {
	tensor := func(shape ...int) []fixtures.Tensor {
		return []fixtures.Tensor{{Name: "x", Type: "int8", Shape: shape}}
	}
	output := func(shape ...int64) func(*oip.ModelMetadataResponse) {
		return func(r *oip.ModelMetadataResponse) { r.Outputs[0].Shape = shape }
	}
	for _, c := range []struct {
		name     string
		describe func(*oip.ModelMetadataResponse)
		details  *oip.Details
		want     string
	}{
		{"NegativeSize", output(1, -10), nil, "negative size"},
		{"LeastSize", output(math.MinInt64), nil, "negative size"},
		{"HugeSize", output(1 << 40), nil, "more bytes than the"},
		{"SizeThatOverflows", output(1<<32, 1<<32), nil, "more bytes than"},
		{"AnotherModel", func(r *oip.ModelMetadataResponse) { r.Name = "resnet" }, nil, `metadata is of model "resnet"`},
		{
			"NegativeSizeInDetails", nil,
			&oip.Details{Inputs: tensor(1, -32, -32, 3), Outputs: tensor(1, 10)}, "negative size",
		},
		{
			"NegativeThreads", nil, &oip.Details{
				Inputs: tensor(1, 32, 32, 3), Outputs: tensor(1, 10), Session: backends.Details{Threads: -1},
			}, "count -1 threads",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &liar{describe: c.describe, details: c.details}
			s, err := lab(l.serve(t), link.Shape{}).Open(context.Background(), variant(t))
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}
