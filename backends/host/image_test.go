package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

var small = fixtures.Image{Height: 16, Width: 24, Channels: 3, Preprocessing: "0..1"}

// picturing returns a model whose float32 input is an image of small's size.
func picturing(t testing.TB) []Served {
	models := folder(t, "a")
	v := &models[0].Variant
	v.Image = &small
	v.Inputs = []fixtures.Tensor{{Name: "input", Type: "float32", Shape: []int{1, 16, 24, 3}}}
	return models
}

// send returns a request for that model.
func send(datatype string, shape []int64, raw []byte, typed *oip.InferTensorContents) *oip.ModelInferRequest {
	r := &oip.ModelInferRequest{ModelName: "a", Inputs: []*oip.ModelInferRequest_InferInputTensor{
		{Name: "input", Datatype: datatype, Shape: shape, Contents: typed},
	}}
	if raw != nil {
		r.RawInputContents = [][]byte{raw}
	}
	return r
}

var (
	oneImage = []int64{1, 16, 24, 3}
	oneBlob  = []int64{1}
)

func framed(data []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(data))), data...)
}

// TestInferTakesAnImageInEveryEncoding relies on the fake backend, whose scores are
// a hash of the tensor.
func TestInferTakesAnImageInEveryEncoding(t *testing.T) {
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Exec: time.Millisecond}, nil
	})
	c, _ := start(t, Options{Models: picturing(t), Backend: b})
	infer := func(r *oip.ModelInferRequest) []byte {
		t.Helper()
		a, err := c.ModelInfer(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if datatype := r.Inputs[0].Datatype; (a.Parameters[oip.ParamFill].GetInt64Param() > 0) != (datatype != "FP32") {
			t.Errorf("%s: fill %v", datatype, a.Parameters[oip.ParamFill])
		}
		return a.RawOutputContents[0]
	}
	tensorOf := func(im fixtures.Image, data []byte) []byte {
		filler, err := fixtures.NewFiller(im, fixtures.Tensor{Type: "float32", Shape: []int{1, 16, 24, 3}})
		tensor := make([]byte, 4*im.Bytes())
		if err == nil {
			err = filler.Fill(tensor, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tensor
	}
	pixels := fixtures.SyntheticImage(small, 1)
	want := infer(send("FP32", oneImage, tensorOf(small, pixels), nil))
	if got := infer(send("UINT8", oneImage, pixels, nil)); !bytes.Equal(got, want) {
		t.Error("the pixels give other scores than their tensor")
	}
	elements := new(oip.InferTensorContents)
	for _, p := range pixels {
		elements.UintContents = append(elements.UintContents, uint32(p))
	}
	if got := infer(send("UINT8", oneImage, nil, elements)); !bytes.Equal(got, want) {
		t.Error("typed pixels give other scores than their tensor")
	}
	encoded, err := fixtures.SyntheticJPEG(small, 1)
	if err != nil {
		t.Fatal(err)
	}
	asJPEG := small
	asJPEG.Encoding = "jpeg"
	want = infer(send("FP32", oneImage, tensorOf(asJPEG, encoded), nil))
	typed := &oip.InferTensorContents{BytesContents: [][]byte{encoded}}
	if got := infer(send("BYTES", oneBlob, nil, typed)); !bytes.Equal(got, want) {
		t.Error("the JPEG gives other scores than its tensor")
	}
	if got := infer(send("BYTES", oneBlob, framed(encoded), nil)); !bytes.Equal(got, want) {
		t.Error("the JPEG in raw contents gives other scores than its tensor")
	}
}

func TestInferRefusesWrongImages(t *testing.T) {
	c, _ := start(t, Options{Models: picturing(t), Interpreters: 1})
	encoded, err := fixtures.SyntheticJPEG(fixtures.Image{Height: 8, Width: 8}, 1)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]byte, small.Bytes())
	typed := &oip.InferTensorContents{BytesContents: [][]byte{encoded}}
	for about, tt := range map[string]struct {
		request *oip.ModelInferRequest
		want    string
	}{
		"another size":      {send("UINT8", []int64{1, 8, 8, 3}, pixels, nil), "is UINT8 [1 8 8 3]; want [1 16 24 3]"},
		"too few pixels":    {send("UINT8", oneImage, pixels[1:], nil), "image of 1151 bytes"},
		"no content":        {send("UINT8", oneImage, nil, nil), "either in its contents or in raw_input_contents"},
		"content twice":     {send("BYTES", oneBlob, framed(encoded), typed), "either in its contents or"},
		"two images":        {send("BYTES", []int64{2}, framed(encoded), nil), "want [1], one JPEG image"},
		"a JPEG's size":     {send("BYTES", oneBlob, framed(encoded), nil), "the JPEG is 8 x 8"},
		"no JPEG":           {send("BYTES", oneBlob, framed(pixels), nil), "no JPEG"},
		"a JPEG unframed":   {send("BYTES", oneBlob, encoded, nil), "the length of the JPEG image in 4 bytes"},
		"empty raw content": {send("BYTES", oneBlob, []byte{}, nil), "the length of the JPEG image in 4 bytes"},
		"another datatype":  {send("INT8", oneImage, pixels, nil), "want FP32 [1 16 24 3]"},
	} {
		// More often than there are interpreters: a refused request must give its one back.
		for range 2 {
			_, err := c.ModelInfer(context.Background(), tt.request)
			if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v; want %s", about, err, tt.want)
			}
		}
	}
}

func TestMetadataTellsWhichImagesAreTaken(t *testing.T) {
	c, _ := start(t, Options{Models: picturing(t)})
	var header metadata.MD
	r, err := c.ModelMetadata(context.Background(), &oip.ModelMetadataRequest{Name: "a"}, grpc.Header(&header))
	if err != nil || r.Inputs[0].Datatype != "FP32" {
		t.Fatalf("%v, %v", r, err)
	}
	if d := header.Get(oip.MetadataDetails); len(d) != 1 || !strings.Contains(d[0], `"Preprocessing":"0..1"`) {
		t.Errorf("details: %v", d)
	}
}
