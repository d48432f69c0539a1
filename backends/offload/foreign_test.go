package offload_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
)

func TestSessionBacksOffFromABusyHost(t *testing.T) {
	f := &foreign{datatype: "UINT8", refuse: status.Error(codes.Unavailable, "the queue is full")}
	v := variant(t)
	s, err := lab(serveForeign(t, f), link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	timing, err := s.Infer(ctx, [][]byte{image(v)}, [][]byte{make([]byte, 3), make([]byte, 8)})
	// After 5, 10, 20, 40, 80 and 160 ms.
	if err == nil || timing.Lost < 2 || timing.Lost > 8 {
		t.Errorf("%d lost requests, %v; want at most 8 in 0.3 s, each later than the one before", timing.Lost, err)
	}
}

// foreign is a server other than Crossover's: it takes the given datatype, answers
// with typed elements and does not report its times.
type foreign struct {
	oip.UnimplementedGRPCInferenceServiceServer
	datatype string
	got      []byte
	refuse   error // returned for every inference; nil answers with scores
}

func (f *foreign) ModelMetadata(_ context.Context, req *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	return &oip.ModelMetadataResponse{
		Name: req.Name,
		Inputs: []*oip.ModelMetadataResponse_TensorMetadata{
			{Name: "x", Datatype: f.datatype, Shape: []int64{-1, 32, 32, 3}},
		},
		Outputs: []*oip.ModelMetadataResponse_TensorMetadata{
			{Name: "a", Datatype: "INT8", Shape: []int64{-1, 3}},
			{Name: "b", Datatype: "FP32", Shape: []int64{-1, 2}},
		},
	}, nil
}

func (f *foreign) ModelInfer(_ context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	f.got = req.RawInputContents[0]
	a := &oip.InferTensorContents{IntContents: []int32{-128, 0, 127}}
	b := &oip.InferTensorContents{Fp32Contents: []float32{1, -2}}
	return &oip.ModelInferResponse{Outputs: []*oip.ModelInferResponse_InferOutputTensor{
		{Name: "b", Datatype: "FP32", Shape: []int64{1, 2}, Contents: b},
		{Name: "a", Datatype: "INT8", Shape: []int64{1, 3}, Contents: a},
	}}, nil
}

func serveForeign(t *testing.T, f oip.GRPCInferenceServiceServer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	oip.RegisterGRPCInferenceServiceServer(s, f)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func TestSessionReadsTypedOutputsOfAForeignServerByName(t *testing.T) {
	f := &foreign{datatype: "UINT8"}
	v := variant(t)
	s, err := lab(serveForeign(t, f), link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := make([]byte, 3), make([]byte, 8)
	timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, []byte{0x80, 0, 0x7f}) || !bytes.Equal(b, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) {
		t.Errorf("outputs %x and %x", a, b)
	}
	if !bytes.Equal(f.got, image(v)) {
		t.Error("the server did not get the image")
	}
	if timing.Exec != 0 || timing.Network != 0 || timing.Total == 0 {
		t.Errorf("timing %+v: without the server's times there is no execution and no network time", timing)
	}
}
