package host

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// A decoder turns the images that requests bring for a user's own file into its float32 input. The
// model's description still says FP32, which requests may send as well: the datatype of a request's
// input says in which form it comes.
type decoder struct {
	image        fixtures.Image
	input        fixtures.Tensor // of the model
	pixels, jpeg *fixtures.Filler
	tensors      sync.Pool // of *[]byte, room for the input
}

// newDecoder returns nil for a variant that takes no image, and for one of the catalog, whose
// sessions take the image themselves.
func newDecoder(v fixtures.Variant, inputs []fixtures.Tensor) (*decoder, error) {
	if v.Inputs == nil || v.Image == nil || len(inputs) != 1 {
		return nil, nil
	}
	d := &decoder{image: *v.Image, input: inputs[0]}
	size, err := backends.TensorBytes(d.input)
	if err != nil {
		return nil, err
	}
	d.tensors.New = func() any { return new(make([]byte, size)) }
	d.image.Encoding = ""
	if d.pixels, err = fixtures.NewFiller(d.image, d.input); err != nil {
		return nil, err
	}
	encoded := d.image
	encoded.Encoding = names.EncodingJPEG
	d.jpeg, err = fixtures.NewFiller(encoded, d.input)
	return d, err
}

// image is what a host tells clients about the images that it takes; nil for none.
func (d *decoder) described() *fixtures.Image {
	if d == nil {
		return nil
	}
	return &d.image
}

// A picture is an image in a request, with what decodes it.
type picture struct {
	data   []byte
	filler *fixtures.Filler
}

// read returns the request's image; nil if the request has none, but tensors.
func (d *decoder) read(req *oip.ModelInferRequest) (*picture, error) {
	if d == nil || len(req.Inputs) != 1 || req.Inputs[0].Name != d.input.Name {
		return nil, nil
	}
	given := req.Inputs[0]
	if given.Datatype != oip.Pixels && given.Datatype != oip.Encoded {
		return nil, nil
	}
	if len(req.RawInputContents) > 1 || (len(req.RawInputContents) == 1) == (given.Contents != nil) {
		return nil, fmt.Errorf("input %q: send the image either in its contents or in raw_input_contents", given.Name)
	}
	if given.Datatype == oip.Pixels {
		return d.readPixels(req, given)
	}
	if !slices.Equal(given.Shape, []int64{1}) {
		return nil, fmt.Errorf("input %q is BYTES %v; want [1], one JPEG image", given.Name, given.Shape)
	}
	if given.Contents != nil {
		if len(given.Contents.BytesContents) != 1 {
			return nil, fmt.Errorf("input %q has %d elements; want one JPEG image",
				given.Name, len(given.Contents.BytesContents))
		}
		return &picture{given.Contents.BytesContents[0], d.jpeg}, nil
	}
	// An element of BYTES follows its length in raw contents.
	raw := req.RawInputContents[0]
	if len(raw) < 4 || uint64(binary.LittleEndian.Uint32(raw)) != uint64(len(raw)-4) {
		return nil, fmt.Errorf("input %q: want the length of the JPEG image in 4 bytes, then the image", given.Name)
	}
	return &picture{raw[4:], d.jpeg}, nil
}

func (d *decoder) readPixels(
	req *oip.ModelInferRequest, given *oip.ModelInferRequest_InferInputTensor,
) (*picture, error) {
	if !sameShape(given.Shape, d.input.Shape) {
		return nil, fmt.Errorf("input %q is %s %v; want %v", given.Name, given.Datatype, given.Shape, d.input.Shape)
	}
	if given.Contents == nil {
		return &picture{req.RawInputContents[0], d.pixels}, nil
	}
	data, err := oip.AppendRaw(nil, given.Contents, given.Datatype)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", given.Name, err)
	}
	return &picture{data, d.pixels}, nil
}
