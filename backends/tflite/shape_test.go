//go:build cgo && linux

package tflite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
)

// reshaping gives its four elements as two rows, by a shape that it computes: the
// library knows the output's shape only after an inference.
var reshaping = graph{shape: []int32{1, 4}, ops: []int32{opReshape, opRelu}, open: true}

// at returns a user's own file with these shapes of its one input.
func at(t testing.TB, path string, shape ...int) fixtures.Variant {
	t.Helper()
	v, err := fixtures.OwnFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if shape != nil {
		v.Inputs[0].Shape, v.Input = shape, "chosen"
	}
	return v
}

func TestSessionRunsAnOpenDimensionAtItsStoredSize(t *testing.T) {
	for _, b := range []backends.Backend{tflite.New(1), tflite.NewReference(1)} {
		s := open(t, b, at(t, reshaping.file(t)))
		if in, out := s.Inputs()[0].Shape, s.Outputs()[0].Shape; !slices.Equal(in, []int{1, 4}) ||
			!slices.Equal(out, []int{2, 2}) {
			t.Errorf("%s: input %v, output %v", b.Name(), in, out)
		}
		out := backends.Buffers(s.Outputs())
		for range 2 {
			if _, err := s.Infer(t.Context(), [][]byte{floats(1, -2, 3, 4)}, out); err != nil {
				t.Fatal(err)
			}
			if got := asFloats(out[0]); !slices.Equal(got, []float32{1, 0, 3, 4}) {
				t.Errorf("%s: %v", b.Name(), got)
			}
		}
	}
}

func TestSessionRunsAtAChosenShape(t *testing.T) {
	for name, g := range map[string]graph{
		"open": {shape: []int32{1, 4}, ops: []int32{opFullyConnected, opRelu}, open: true}, "fixed": doubling,
	} {
		s := open(t, tflite.New(1), at(t, g.file(t), 3, 4))
		if got := s.Outputs()[0].Shape; !slices.Equal(got, []int{3, 4}) {
			t.Fatalf("%s: output %v", name, got)
		}
		out := backends.Buffers(s.Outputs())
		if _, err := s.Infer(t.Context(), [][]byte{floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)}, out); err != nil {
			t.Fatal(err)
		}
		if got := asFloats(out[0]); got[0] != 2 || got[11] != 24 {
			t.Errorf("%s: %v", name, got)
		}
		if d := s.(backends.Detailed).Details(); d.Input != "chosen" {
			t.Errorf("%s: the record does not say what was chosen: %+v", name, d)
		}
	}
}

func TestOpenSaysWhichShapeTheRuntimeRefuses(t *testing.T) {
	_, err := tflite.New(1).Open(t.Context(), at(t, doubling.file(t), 1, 5))
	want := `cpu1 with the shape [1 5] for input "input", which is not the file's: `
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %s and the library's reason", err, want)
	}
}

// TestSessionTakesAnOwnFilesImage compares the image's encodings with the tensor
// that they become.
func TestSessionTakesAnOwnFilesImage(t *testing.T) {
	path := graph{shape: []int32{1, 16, 16, 3}, ops: []int32{opRelu}}.file(t)
	outputs := func(encoding string, in []byte) []float32 {
		t.Helper()
		v := at(t, path)
		switch encoding {
		case "raw":
			v = v.Raw()
		case "jpeg":
			v.Image.Encoding = encoding
		}
		s := open(t, tflite.New(1), v)
		out := backends.Buffers(s.Outputs())
		timing, err := s.Infer(t.Context(), [][]byte{in}, out)
		if err != nil {
			t.Fatal(err)
		}
		if timing.Fill <= 0 || timing.Total < timing.Fill+timing.Exec {
			t.Errorf("%s: timing %+v", encoding, timing)
		}
		return asFloats(out[0])
	}
	im := *at(t, path).Image
	pixels := fixtures.SyntheticImage(im, 1)
	var tensor []float32
	for _, p := range pixels {
		tensor = append(tensor, float32(p)/255)
	}
	want := outputs("raw", floats(tensor...))
	if got := outputs("uint8", pixels); !slices.Equal(got, want) {
		t.Error("the pixels give another output than their tensor")
	}
	encoded, err := fixtures.SyntheticJPEG(im, 1)
	if err != nil {
		t.Fatal(err)
	}
	off := 0.0
	for i, x := range outputs("jpeg", encoded) {
		off += max(float64(x-want[i]), float64(want[i]-x)) / float64(len(want))
	}
	if off > 0.05 {
		t.Errorf("the JPEG's elements differ from the pixels' by %.3f on average", off)
	}
}
