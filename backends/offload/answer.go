package offload

import (
	"fmt"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// An ImpossibleError says that an answer cannot be true: a negative time, an execution longer than
// the round trip, another model's name. Such an answer is a failed sample. It is not retried, since
// a host that lies once cannot be believed the next time.
type ImpossibleError struct{ Reason string }

func (e *ImpossibleError) Error() string {
	return "the host's answer cannot be true: " + e.Reason + "; check which server answers at its address"
}

func impossible(format string, args ...any) error {
	return &ImpossibleError{fmt.Sprintf(format, args...)}
}

// clockTolerance is by how much the host's clock may run faster than ours: twice the 500 ppm by
// which NTP may slew a clock.
const clockTolerance = 1e-3

// checkIdentity returns an error if the answer is to another request or from another model. A field
// that a server leaves out is not a contradiction.
func checkIdentity(request *oip.ModelInferRequest, r *oip.ModelInferResponse) error {
	switch {
	case r.Id != "" && r.Id != request.Id:
		return impossible("it has the id %.64q, the request had %q", r.Id, request.Id)
	case r.ModelName != "" && r.ModelName != request.ModelName:
		return impossible("it is from model %.64q, the request was for %q", r.ModelName, request.ModelName)
	case r.ModelVersion != "" && request.ModelVersion != "" && r.ModelVersion != request.ModelVersion:
		return impossible("it is from version %.64q, the request was for %q", r.ModelVersion, request.ModelVersion)
	}
	return nil
}

// checkOutput returns an error if the output has another type or shape than want, which the
// metadata named.
func checkOutput(o *oip.ModelInferResponse_InferOutputTensor, want fixtures.Tensor) error {
	if numpy, err := oip.ElementType(o.Datatype); err != nil || numpy != want.Type {
		return impossible("output %q has the datatype %.16q, the metadata said %s", want.Name, o.Datatype, want.Type)
	}
	shape := make([]int, len(o.Shape))
	for i, d := range o.Shape {
		if d < 0 {
			return impossible("output %q has the shape %v with a negative size", want.Name, shorten(o.Shape))
		}
		shape[i] = int(d)
	}
	if !sameElements(shape, want.Shape) {
		return impossible("output %q has the shape %v, the metadata said %v", want.Name, shorten(o.Shape), want.Shape)
	}
	return nil
}

// shorten keeps a message readable whatever shape a host sends.
func shorten(shape []int64) []int64 { return shape[:min(len(shape), 8)] }

// hostTimes are the times that a host reports of a request. One that it does not report is 0.
type hostTimes struct{ queue, fill, exec, total time.Duration }

// readTimes returns the times in an answer that took roundTrip, from sending the request to having
// the answer. It refuses times that cannot be: negative, or longer than what contains them.
func readTimes(r *oip.ModelInferResponse, roundTrip time.Duration) (t hostTimes, err error) {
	limit := roundTrip + time.Duration(float64(roundTrip)*clockTolerance)
	for _, p := range []struct {
		name string
		into *time.Duration
	}{
		{oip.ParamQueue, &t.queue},
		{oip.ParamFill, &t.fill},
		{oip.ParamExec, &t.exec},
		{oip.ParamTotal, &t.total},
	} {
		given, ok := r.Parameters[p.name]
		if !ok {
			continue
		}
		ns, ok := given.GetParameterChoice().(*oip.InferParameter_Int64Param)
		if !ok {
			return t, impossible("its parameter %s is not an int64", p.name)
		}
		*p.into = time.Duration(ns.Int64Param)
		switch {
		case *p.into < 0:
			return t, impossible("its parameter %s is %v, a negative time", p.name, *p.into)
		case *p.into > limit:
			return t, impossible("its parameter %s is %v, but the round trip took %v", p.name, *p.into, roundTrip)
		}
	}
	// Each is at most the round trip, so the sum does not overflow.
	sum := t.queue + t.fill + t.exec
	switch {
	case t.total > 0 && sum > t.total:
		return t, impossible("queue %v, fill %v and execution %v add up to more than its total of %v",
			t.queue, t.fill, t.exec, t.total)
	case sum > limit:
		return t, impossible("queue %v, fill %v and execution %v add up to more than the round trip of %v",
			t.queue, t.fill, t.exec, roundTrip)
	}
	return t, nil
}

// readOutputs copies the answer's tensors, raw or typed, to out, which has one slice of the right
// size for each of the outputs that the metadata named. It uses typed for those that came as typed
// elements, and returns it for the next answer.
func readOutputs(r *oip.ModelInferResponse, want []fixtures.Tensor, out [][]byte, typed []byte) ([]byte, error) {
	raw := len(r.RawOutputContents) > 0
	if raw && len(r.RawOutputContents) != len(r.Outputs) {
		return typed, fmt.Errorf("the response has %d raw tensors for %d outputs",
			len(r.RawOutputContents), len(r.Outputs))
	}
	for i, w := range want {
		k := slices.IndexFunc(r.Outputs, func(o *oip.ModelInferResponse_InferOutputTensor) bool { return o.Name == w.Name })
		if k < 0 {
			return typed, fmt.Errorf("the response lacks the output %q that the metadata names", w.Name)
		}
		o := r.Outputs[k]
		if err := checkOutput(o, w); err != nil {
			return typed, err
		}
		var b []byte
		if raw {
			b = r.RawOutputContents[k]
		} else {
			elements, err := oip.AppendRaw(typed[:0], o.Contents, o.Datatype)
			if err != nil {
				return typed, fmt.Errorf("output %q: %w", o.Name, err)
			}
			typed, b = elements, elements
		}
		if len(b) != len(out[i]) {
			return typed, fmt.Errorf("output %q has %d bytes, want %d (%s %v)", o.Name, len(b), len(out[i]), w.Type, w.Shape)
		}
		copy(out[i], b)
	}
	return typed, nil
}

// checkMetadata returns an error if the metadata is another model's, or names tensors that no
// message can hold. Its sizes decide how much memory a session takes.
func checkMetadata(m ModelAt, answer *oip.ModelMetadataResponse, details *oip.Details) error {
	if answer.Name != "" && answer.Name != m.Name {
		return impossible("its metadata is of model %.64q, the request was for %q", answer.Name, m.Name)
	}
	for _, described := range [][]*oip.ModelMetadataResponse_TensorMetadata{answer.Inputs, answer.Outputs} {
		for _, t := range described {
			// -1 is the protocol's word for any size.
			if slices.ContainsFunc(t.Shape, func(d int64) bool { return d < -1 }) {
				return impossible("its metadata gives tensor %.64q the shape %v with a negative size",
					t.Name, shorten(t.Shape))
			}
		}
	}
	if details == nil {
		return nil
	}
	for _, t := range slices.Concat(details.Inputs, details.Outputs) {
		if slices.ContainsFunc(t.Shape, func(d int) bool { return d < 0 }) {
			return impossible("its details give tensor %.64q a shape with a negative size", t.Name)
		}
	}
	if s := details.Session; s.Threads < 0 || s.Nodes < 0 || s.Delegated < 0 || s.Delegated > s.Nodes {
		return impossible("its details count %d threads, and %d of %d operators delegated",
			s.Threads, s.Delegated, s.Nodes)
	}
	return nil
}

// checkSizes returns an error if tensors do not fit into one message.
func checkSizes(what string, tensors []fixtures.Tensor) error {
	sum := 0
	for _, t := range tensors {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return err
		}
		if n > oip.Windows-sum {
			return impossible("its %s take more bytes than the %d of the largest message", what, oip.Windows)
		}
		sum += n
	}
	return nil
}
