package overhead

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// echoEnv is the environment variable that makes a program's binary run as a gRPC echo.
const echoEnv = "CROSSOVER_GRPC_ECHO"

// echoProcs is the echo's GOMAXPROCS: that of the embedded host with one interpreter.
const echoProcs = 1

// An answers holds what a host said once, for the echo to say again: the model's metadata with its
// header, and an inference's response.
type answers struct {
	Metadata, Response []byte // protobuf
	Details            string
}

// EchoMain runs the process as a gRPC echo if its environment says so, and then does not return;
// otherwise it does nothing. main and TestMain call it first.
func EchoMain() {
	if os.Getenv(echoEnv) == "" {
		return
	}
	if err := serveEcho(); err != nil {
		fmt.Fprintln(os.Stderr, "gRPC echo:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// An echo answers every inference with the same response. It does what any server of the protocol
// must do: gRPC decodes the request and encodes the response.
type echoServer struct {
	oip.UnimplementedGRPCInferenceServiceServer
	metadata *oip.ModelMetadataResponse
	response *oip.ModelInferResponse
	details  string
}

func (e *echoServer) ModelMetadata(
	ctx context.Context, _ *oip.ModelMetadataRequest,
) (*oip.ModelMetadataResponse, error) {
	return e.metadata, grpc.SetHeader(ctx, metadata.Pairs(oip.MetadataDetails, e.details))
}

func (e *echoServer) ModelInfer(_ context.Context, r *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	return &oip.ModelInferResponse{
		ModelName: e.response.ModelName, ModelVersion: e.response.ModelVersion, Id: r.Id,
		Parameters: e.response.Parameters, Outputs: e.response.Outputs, RawOutputContents: e.response.RawOutputContents,
	}, nil
}

func serveEcho() error {
	runtime.GOMAXPROCS(echoProcs)
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var a answers
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	e := &echoServer{
		metadata: new(oip.ModelMetadataResponse), response: new(oip.ModelInferResponse), details: a.Details,
	}
	if err := proto.Unmarshal(a.Metadata, e.metadata); err != nil {
		return err
	}
	if err := proto.Unmarshal(a.Response, e.response); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// The windows are the host's: without them a large payload would wait for round trips.
	s := grpc.NewServer(grpc.InitialWindowSize(oip.Windows), grpc.InitialConnWindowSize(oip.Windows),
		grpc.MaxRecvMsgSize(oip.Windows), grpc.NumStreamWorkers(echoProcs))
	oip.RegisterGRPCInferenceServiceServer(s, e)
	go func() {
		_, _ = io.Copy(io.Discard, in) // until the parent closes it or dies
		s.Stop()
	}()
	if _, err := fmt.Printf("echo on %s\n", l.Addr()); err != nil {
		return err
	}
	return s.Serve(l)
}

// record asks a host once and returns what it said. The response's times become the least that a
// client accepts, since the echo does not execute anything.
func record(ctx context.Context, h offload.Host, model string, image []byte) (a answers, err error) {
	conn, err := offload.Dial(h, &link.Dialer{})
	if err != nil {
		return a, err
	}
	defer conn.Close()
	client := oip.NewGRPCInferenceServiceClient(conn)
	var header metadata.MD
	m, err := client.ModelMetadata(ctx, &oip.ModelMetadataRequest{Name: model}, grpc.Header(&header))
	if err != nil {
		return a, err
	}
	request := &oip.ModelInferRequest{ModelName: model, RawInputContents: [][]byte{image}}
	for _, t := range m.Inputs {
		request.Inputs = append(request.Inputs, &oip.ModelInferRequest_InferInputTensor{
			Name: t.Name, Datatype: t.Datatype, Shape: oip.Dims(oip.Shape(t.Shape)),
		})
	}
	r, err := client.ModelInfer(ctx, request)
	if err != nil {
		return a, err
	}
	for name := range r.Parameters {
		r.Parameters[name] = oip.Int64(0)
	}
	r.Parameters[oip.ParamExec], r.Parameters[oip.ParamTotal] = oip.Int64(1), oip.Int64(1)
	if details := header.Get(oip.MetadataDetails); len(details) > 0 {
		a.Details = details[0]
	}
	if a.Metadata, err = proto.Marshal(m); err != nil {
		return a, err
	}
	a.Response, err = proto.Marshal(r)
	return a, err
}
