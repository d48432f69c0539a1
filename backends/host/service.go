package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// ServerLive reports that the process answers.
func (s *Server) ServerLive(context.Context, *oip.ServerLiveRequest) (*oip.ServerLiveResponse, error) {
	return &oip.ServerLiveResponse{Live: true}, nil
}

// ServerReady reports whether requests are accepted: models load on first use. A host that stops is
// not ready.
func (s *Server) ServerReady(context.Context, *oip.ServerReadyRequest) (*oip.ServerReadyResponse, error) {
	return &oip.ServerReadyResponse{Ready: !s.draining.Load()}, nil
}

// ServerMetadata names the program.
func (s *Server) ServerMetadata(context.Context, *oip.ServerMetadataRequest) (*oip.ServerMetadataResponse, error) {
	return &oip.ServerMetadataResponse{
		Name: "crossover", Version: s.options.Version, Extensions: []string{"model_repository"},
	}, nil
}

// ModelReady reports whether a model is loaded, or may load on first use: false after a failed
// attempt, and when the host stops.
func (s *Server) ModelReady(_ context.Context, req *oip.ModelReadyRequest) (*oip.ModelReadyResponse, error) {
	if req.Name == oip.EchoModel {
		return &oip.ModelReadyResponse{Ready: !s.draining.Load()}, nil
	}
	if err := s.knows(req.Name, req.Version); err != nil {
		return nil, err
	}
	_, reason := s.repository.state(req.Name)
	return &oip.ModelReadyResponse{Ready: reason == "" && !s.draining.Load()}, nil
}

// RepositoryIndex lists the models.
func (s *Server) RepositoryIndex(_ context.Context, req *oip.RepositoryIndexRequest) (
	*oip.RepositoryIndexResponse, error,
) {
	out := new(oip.RepositoryIndexResponse)
	for _, m := range s.options.Models {
		loaded, reason := s.repository.state(m.Name)
		index := &oip.RepositoryIndexResponse_ModelIndex{
			Name: m.Name, Version: version, State: "READY", Reason: reason,
		}
		switch {
		case reason != "":
			index.State = "UNAVAILABLE"
		case !loaded:
			index.Reason = "loads on first use"
		}
		if !req.Ready || index.State == "READY" {
			out.Models = append(out.Models, index)
		}
	}
	return out, nil
}

// version is the only version of each model.
const version = "1"

func (s *Server) knows(name, wanted string) error {
	if len(name) > maxName || len(wanted) > maxName {
		return status.Errorf(codes.InvalidArgument, "a name or version of more than %d bytes", maxName)
	}
	m := s.repository.models[name]
	if m == nil {
		return status.Error(codes.NotFound, s.repository.unknown(name))
	}
	if wanted != "" && wanted != version {
		return status.Errorf(codes.NotFound, "model %q has the version %q only; leave the version out", name, version)
	}
	return nil
}

// ModelMetadata describes a model's tensors. It loads the model.
func (s *Server) ModelMetadata(ctx context.Context, req *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	if req.Name == oip.EchoModel {
		tensor := func(name string) []*oip.ModelMetadataResponse_TensorMetadata {
			return []*oip.ModelMetadataResponse_TensorMetadata{{Name: name, Datatype: "UINT8", Shape: []int64{-1}}}
		}
		return &oip.ModelMetadataResponse{
			Name: req.Name, Versions: []string{version}, Platform: "crossover",
			Inputs: tensor("upload"), Outputs: tensor("download"),
		}, nil
	}
	if err := s.knows(req.Name, req.Version); err != nil {
		return nil, err
	}
	m, err := s.repository.acquire(ctx, req.Name, admissionOf(ctx).client, s.queueShare())
	if err != nil {
		return nil, s.failed(req.Name, err)
	}
	defer s.repository.release(m)
	out := &oip.ModelMetadataResponse{Name: req.Name, Versions: []string{version}, Platform: "tensorflow_lite"}
	out.Outputs = m.described
	if out.Inputs, err = describe(m.inputs); err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "model %q: %v", req.Name, err)
	}
	sum := cmp.Or(m.sum, s.repository.models[req.Name].Variant.SHA256)
	details, err := json.Marshal(oip.Details{
		SHA256: sum, Inputs: m.inputs, Outputs: m.outputs, Session: m.details, Image: m.decoder.described(),
	})
	if err != nil {
		return nil, status.Errorf(codes.Internal, "model %q: %v", req.Name, err)
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs(oip.MetadataDetails, string(details))); err != nil {
		return nil, err
	}
	return out, nil
}

func describe(tensors []fixtures.Tensor) ([]*oip.ModelMetadataResponse_TensorMetadata, error) {
	var out []*oip.ModelMetadataResponse_TensorMetadata
	for _, t := range tensors {
		d, err := oip.Datatype(t.Type)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		out = append(out, &oip.ModelMetadataResponse_TensorMetadata{
			Name: t.Name, Datatype: d, Shape: oip.Dims(t.Shape),
		})
	}
	return out, nil
}

// ModelInfer runs one inference.
func (s *Server) ModelInfer(ctx context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	start := time.Now()
	var response *oip.ModelInferResponse
	var timing backends.Timing
	var err error
	if req.ModelName == oip.EchoModel {
		response, err = s.echo(ctx, req)
	} else {
		response, timing, err = s.infer(ctx, req)
	}
	if err != nil {
		s.log.Warn("inference failed", "model", req.ModelName, "id", req.Id, "client", clientOf(ctx), "error", err)
		return nil, err
	}
	response.ModelName, response.ModelVersion, response.Id = req.ModelName, version, req.Id
	total := time.Since(start)
	response.Parameters = map[string]*oip.InferParameter{
		oip.ParamQueue: oip.Int64(int64(timing.Queue)),
		oip.ParamFill:  oip.Int64(int64(timing.Fill)),
		oip.ParamExec:  oip.Int64(int64(timing.Exec)),
		oip.ParamTotal: oip.Int64(int64(total)),
	}
	if s.witness != nil {
		if p, ok := peer.FromContext(ctx); ok {
			arrived, departed := s.witness.stamps(p.Addr)
			response.Parameters[oip.ParamArrived] = oip.Int64(arrived)
			response.Parameters[oip.ParamDeparted] = oip.Int64(departed)
		}
	}
	if s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.Debug("inference", "model", req.ModelName, "id", req.Id,
			"queue", timing.Queue, "fill", timing.Fill, "exec", timing.Exec, "total", total)
	}
	return response, nil
}

// infer runs one inference of a model in the repository.
func (s *Server) infer(ctx context.Context, req *oip.ModelInferRequest) (
	response *oip.ModelInferResponse, timing backends.Timing, err error,
) {
	if err := s.knows(req.ModelName, req.ModelVersion); err != nil {
		return nil, timing, err
	}
	a, share := admissionOf(ctx), s.queueShare()
	m, err := s.repository.acquire(ctx, req.ModelName, a.client, share)
	if err != nil {
		return nil, timing, s.failed(req.ModelName, err)
	}
	defer s.repository.release(m)
	var in [][]byte
	picture, err := m.decoder.read(req)
	if err == nil && picture == nil {
		in, err = inputs(req, m.inputs)
	}
	var wanted []int
	if err == nil {
		wanted, err = outputs(req, m.outputs)
	}
	if err != nil {
		return nil, timing, status.Errorf(codes.InvalidArgument, "model %q: %v", req.ModelName, err)
	}
	// The outputs, and the answer that is made of them.
	if !a.take(2 * m.outputBytes) {
		s.metrics.refuse(byBudget)
		return nil, timing, errBudget
	}
	queued := time.Now()
	session, err := m.take(ctx, s.repository.models[req.ModelName], s.options.Queue, a.client, share)
	if err != nil {
		return nil, timing, s.failed(req.ModelName, err)
	}
	queue := time.Since(queued)
	var decoding time.Duration
	if picture != nil {
		tensor := m.decoder.tensors.Get().(*[]byte)
		defer m.decoder.tensors.Put(tensor)
		start := time.Now()
		if err := picture.filler.Fill(*tensor, picture.data); err != nil {
			m.sessions <- session
			return nil, timing, status.Errorf(codes.InvalidArgument, "model %q: %v", req.ModelName, err)
		}
		in, decoding = [][]byte{*tensor}, time.Since(start)
	}
	out := backends.Buffers(m.outputs) // the response keeps them until it is sent
	timing, err = session.Infer(ctx, in, out)
	if died, ok := errors.AsType[*child.DiedError](err); ok {
		s.repository.crashed(req.ModelName, m, died)
	} else {
		m.sessions <- session
	}
	timing.Queue = queue
	timing.Fill += decoding
	if err != nil {
		return nil, timing, s.failed(req.ModelName, err)
	}
	response = &oip.ModelInferResponse{
		Outputs:           make([]*oip.ModelInferResponse_InferOutputTensor, 0, len(wanted)),
		RawOutputContents: make([][]byte, 0, len(wanted)),
	}
	for _, i := range wanted {
		d := m.described[i]
		response.Outputs = append(response.Outputs, &oip.ModelInferResponse_InferOutputTensor{
			Name: d.Name, Datatype: d.Datatype, Shape: d.Shape,
		})
		response.RawOutputContents = append(response.RawOutputContents, out[i])
	}
	return response, timing, nil
}

// queueShare returns how many requests of one client may wait for a model. Without credentials that
// tell clients apart it is the whole queue.
func (s *Server) queueShare() int {
	if len(s.access.Load().tokens) < 2 && !s.mutual {
		return s.options.Queue
	}
	return max(1, s.options.Queue*int(s.limits.Share)/100)
}

// failed gives an error the status by which a client decides whether to retry. A request whose input
// ended the model's process gets INTERNAL, so that nobody sends it again; those that waited may.
func (s *Server) failed(model string, err error) error {
	s.metrics.refuseBy(err)
	return status.Errorf(codeOf(err), "model %q: %s", model, s.repository.models[model].public(err))
}

func codeOf(err error) codes.Code {
	_, unavailable := errors.AsType[*backends.UnavailableError](err)
	_, broken := errors.AsType[*brokenError](err)
	switch {
	case errors.Is(err, errBusy):
		return codes.ResourceExhausted
	case errors.Is(err, errRestarting):
		return codes.Unavailable
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case unavailable, broken:
		return codes.FailedPrecondition
	}
	return codes.Internal
}

func clientOf(ctx context.Context) string {
	if r := admissionOf(ctx); r != nil {
		return r.client.name
	}
	return ""
}

// inputs returns the request's tensors as raw bytes in the model's order.
func inputs(req *oip.ModelInferRequest, want []fixtures.Tensor) ([][]byte, error) {
	raw := len(req.RawInputContents) > 0
	if raw && len(req.RawInputContents) != len(req.Inputs) {
		return nil, fmt.Errorf("%d raw_input_contents for %d inputs; send one per input",
			len(req.RawInputContents), len(req.Inputs))
	}
	in := make([][]byte, len(want))
	for k, given := range req.Inputs {
		i := slices.IndexFunc(want, func(t fixtures.Tensor) bool { return t.Name == given.Name })
		if i < 0 || in[i] != nil {
			return nil, fmt.Errorf("input %q is unknown or given twice; want %s", given.Name, spelled(want))
		}
		datatype, err := oip.Datatype(want[i].Type)
		if err != nil {
			return nil, err
		}
		if given.Datatype != datatype || !sameShape(given.Shape, want[i].Shape) {
			return nil, fmt.Errorf("input %q is %s %v; want %s %v",
				given.Name, given.Datatype, given.Shape, datatype, want[i].Shape)
		}
		switch {
		case raw && given.Contents != nil:
			return nil, fmt.Errorf("input %q has typed contents beside raw_input_contents; send one of the two",
				given.Name)
		case raw:
			in[i] = req.RawInputContents[k]
		case given.Contents == nil:
			return nil, fmt.Errorf("input %q has no contents", given.Name)
		default:
			if in[i], err = oip.AppendRaw(nil, given.Contents, datatype); err != nil {
				return nil, fmt.Errorf("input %q: %w", given.Name, err)
			}
		}
		size, err := backends.TensorBytes(want[i])
		if err != nil {
			return nil, err
		}
		if len(in[i]) != size {
			return nil, fmt.Errorf("input %q has %d bytes; want %d", given.Name, len(in[i]), size)
		}
	}
	for i, b := range in {
		if b == nil {
			return nil, fmt.Errorf("input %q is missing; want %s", want[i].Name, spelled(want))
		}
	}
	return in, nil
}

// outputs returns the indices of the outputs that the request wants.
func outputs(req *oip.ModelInferRequest, have []fixtures.Tensor) ([]int, error) {
	var wanted []int
	for _, o := range req.Outputs {
		i := slices.IndexFunc(have, func(t fixtures.Tensor) bool { return t.Name == o.Name })
		if i < 0 {
			return nil, fmt.Errorf("there is no output %q; there is %s", o.Name, spelled(have))
		}
		if slices.Contains(wanted, i) {
			return nil, fmt.Errorf("output %q is asked for twice", o.Name)
		}
		wanted = append(wanted, i)
	}
	if wanted == nil {
		for i := range have {
			wanted = append(wanted, i)
		}
	}
	return wanted, nil
}

func sameShape(dims []int64, shape []int) bool {
	return slices.EqualFunc(dims, shape, func(d int64, s int) bool { return d == int64(s) })
}

// maxSpelled is how many tensors an error lists.
const maxSpelled = 8

func spelled(tensors []fixtures.Tensor) string {
	var out []string
	for _, t := range tensors {
		if len(out) == maxSpelled {
			out = append(out, "...")
			break
		}
		out = append(out, fmt.Sprintf("%q (%s %v)", t.Name, t.Type, t.Shape))
	}
	return strings.Join(out, ", ")
}
