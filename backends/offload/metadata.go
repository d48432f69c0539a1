package offload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// metadata asks for the model's tensors and for the details that only our own host sends. It keeps
// the connection's address at this end.
func (s *session) metadata(ctx context.Context) (*oip.ModelMetadataResponse, *oip.Details, error) {
	ctx, cancel := context.WithTimeout(ctx, s.host.timeout())
	defer cancel()
	var header metadata.MD
	request := &oip.ModelMetadataRequest{Name: s.model.Name, Version: s.model.Version}
	answer, err := s.client.ModelMetadata(ctx, request, append(s.patient, grpc.Header(&header))...)
	if err != nil {
		return nil, nil, err
	}
	s.asked = s.peer.LocalAddr
	values := header.Get(oip.MetadataDetails)
	if len(values) == 0 {
		return answer, nil, nil
	}
	details := new(oip.Details)
	if err := json.Unmarshal([]byte(values[0]), details); err != nil {
		return nil, nil, fmt.Errorf("header %s: %w", oip.MetadataDetails, err)
	}
	return answer, details, nil
}

// prepare decides what to send for each input and expects for each output.
func (s *session) prepare(v fixtures.Variant, answer *oip.ModelMetadataResponse, details *oip.Details) error {
	if details != nil && details.SHA256 != "" && v.SHA256 != "" && details.SHA256 != v.SHA256 {
		return fmt.Errorf("the host serves another file than this machine's (SHA-256 %.12s..., here %.12s...); "+
			"build or copy the same models on both", details.SHA256, v.SHA256)
	}
	if err := checkMetadata(s.model, answer, details); err != nil {
		return err
	}
	inputs, err := tensors(answer.Inputs)
	if err != nil {
		return fmt.Errorf("input %w", err)
	}
	outputs, err := tensors(answer.Outputs)
	if err != nil {
		return fmt.Errorf("output %w", err)
	}
	if len(inputs) == 0 || len(outputs) == 0 {
		return errors.New("the server names no inputs or no outputs")
	}
	s.answer, s.details = answer, details
	s.request = &oip.ModelInferRequest{
		ModelName: s.model.Name, ModelVersion: s.model.Version, RawInputContents: make([][]byte, len(inputs)),
	}
	for i, t := range answer.Inputs {
		s.request.Inputs = append(s.request.Inputs, &oip.ModelInferRequest_InferInputTensor{
			Name: t.Name, Datatype: t.Datatype, Shape: oip.Dims(inputs[i].Shape),
		})
	}
	served := inputs
	if details != nil {
		inputs, outputs = details.Inputs, details.Outputs
		if len(inputs) != len(answer.Inputs) || len(outputs) != len(answer.Outputs) {
			return fmt.Errorf("header %s does not fit the metadata", oip.MetadataDetails)
		}
		if err := sameInputs(v.Inputs, inputs); err != nil {
			return err
		}
		s.details.Session.Input = v.Input
	}
	if v.Image != nil {
		if inputs, err = s.takeImage(v, served); err != nil {
			return err
		}
	}
	// The sizes are those of the messages; the image may be smaller than the tensor.
	if err := errors.Join(checkSizes("inputs", served), checkSizes("outputs", outputs)); err != nil {
		return err
	}
	s.Tensors, err = backends.NewTensors(inputs, outputs)
	return err
}

// tensors reads the metadata's description.
func tensors(described []*oip.ModelMetadataResponse_TensorMetadata) ([]fixtures.Tensor, error) {
	var out []fixtures.Tensor
	for _, d := range described {
		numpy, err := oip.ElementType(d.Datatype)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", d.Name, err)
		}
		out = append(out, fixtures.Tensor{Name: d.Name, Type: numpy, Shape: oip.Shape(d.Shape)})
	}
	return out, nil
}

// takeImage makes the session accept the image, whatever input the server takes, and describes it.
func (s *session) takeImage(v fixtures.Variant, served []fixtures.Tensor) ([]fixtures.Tensor, error) {
	image, want := v.Image.Tensor(), served[0]
	image.Name = want.Name
	switch {
	case len(served) != 1:
		return nil, fmt.Errorf("the server takes %d inputs; the image of %s is one", len(served), v.Title)
	case s.details != nil && v.Inputs != nil:
		return []fixtures.Tensor{image}, s.sendImage(*v.Image)
	case v.Image.Encoding != "":
		return nil, fmt.Errorf("the server takes %s tensors, and only Crossover's host decodes %s; "+
			"choose --encoding uint8", want.Type, v.Image.Encoding)
	case !sameElements(want.Shape, image.Shape):
		return nil, fmt.Errorf("the server takes %v; the image is %v", want.Shape, image.Shape)
	case want.Type != "uint8":
		want.Shape = image.Shape
		want.Scale, want.ZeroPoint = s.model.Scale, s.model.ZeroPoint
		if want.Type != "float32" && want.Scale == 0 {
			if err := quantization(v, &want); err != nil {
				return nil, err
			}
		}
		filler, err := fixtures.NewFiller(*v.Image, want)
		if err != nil {
			return nil, err
		}
		s.fill, s.tensor = filler.Fill, backends.Buffers([]fixtures.Tensor{want})[0]
	}
	return []fixtures.Tensor{image}, nil
}

// sendImage makes requests carry the image of a user's own file, which our own host turns into the
// tensor.
func (s *session) sendImage(im fixtures.Image) error {
	if s.details.Image == nil {
		return fmt.Errorf("the host takes only the %s tensor, not the image: choose --encoding raw, "+
			"or update Crossover there", s.details.Inputs[0].Type)
	}
	encoding := im.Encoding
	if im.Encoding = ""; im != *s.details.Image {
		return fmt.Errorf("the host takes %v, this machine's file %v; put the same %s beside the files on both",
			s.details.Image, &im, fixtures.ChoicesFile)
	}
	input := s.request.Inputs[0]
	if input.Datatype = oip.Pixels; encoding != "" {
		input.Datatype, input.Shape = oip.Encoded, []int64{1}
		input.Contents = &oip.InferTensorContents{BytesContents: make([][]byte, 1)}
		s.request.RawInputContents = nil
	}
	return nil
}

// sameInputs returns an error unless our own host runs a user's own file at the shapes chosen here.
// It makes no difference how the host names the file.
func sameInputs(here, there []fixtures.Tensor) error {
	if here == nil { // a catalog variant, or a file that cannot be read here
		return nil
	}
	if len(here) != len(there) {
		return fmt.Errorf("the host's file has %d inputs, this machine's %d: copy the same file to both",
			len(there), len(here))
	}
	for i, want := range here {
		if have := there[i]; have.Type != want.Type || !slices.Equal(have.Shape, want.Shape) {
			return fmt.Errorf("the host runs input %q as %s %v, this machine %s %v; "+
				"start the host with the same --shape, or put the same %s beside the files on both",
				want.Name, have.Type, have.Shape, want.Type, want.Shape, fixtures.ChoicesFile)
		}
	}
	return nil
}

// quantization sets the scale of a quantized input, which the protocol does not carry, from the
// manifest beside this machine's file.
func quantization(v fixtures.Variant, want *fixtures.Tensor) error {
	manifest, err := fixtures.ReadManifest(filepath.Dir(v.Path))
	if err != nil {
		return err
	}
	if e, ok := manifest.Entry(v.Name); ok && len(e.Inputs) == 1 && e.Inputs[0].Type == want.Type {
		want.Scale, want.ZeroPoint = e.Inputs[0].Scale, e.Inputs[0].ZeroPoint
		return nil
	}
	return fmt.Errorf("the server takes %s, whose scale the protocol does not carry and no manifest here has; "+
		"write scale and zero_point of this model into the hosts file", want.Type)
}

// sameElements compares shapes without leading ones, because servers differ on whether the batch is
// a dimension.
func sameElements(a, b []int) bool {
	trim := func(s []int) []int {
		for len(s) > 0 && s[0] == 1 {
			s = s[1:]
		}
		return s
	}
	return slices.Equal(trim(a), trim(b))
}
