package offload_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/fixtures"
)

// ownFile returns a user's own file, whose float32 input of 32 x 32 x 3 is an image,
// in a folder of its own with these choices.
func ownFile(t testing.TB, choices string, flags fixtures.Choices) fixtures.Variant {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile("../../fixtures/testdata/models/tiny-32-none.tflite")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "own.tflite"), data, 0o600)
	}
	if err == nil && choices != "" {
		err = os.WriteFile(filepath.Join(dir, fixtures.ChoicesFile), []byte(choices), 0o600)
	}
	var files []fixtures.Variant
	if err == nil {
		files, err = fixtures.OwnFiles(dir)
	}
	if err == nil {
		err = fixtures.Choose(files, flags)
	}
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// serveOwn serves the folder of an own file and returns the address.
func serveOwn(t testing.TB, v fixtures.Variant, shapes ...string) string {
	t.Helper()
	models, err := host.Folder(filepath.Dir(v.Path), fixtures.Default(), shapes)
	if err != nil {
		t.Fatal(err)
	}
	address, _ := serve(t, "127.0.0.1:0", host.Options{Models: models})
	return address
}

// TestSessionSendsAnOwnFilesImageAsChosen relies on the fake backend, whose scores
// are a hash of the tensor at the host.
func TestSessionSendsAnOwnFilesImageAsChosen(t *testing.T) {
	address := serveOwn(t, ownFile(t, "", fixtures.Choices{}))
	pixels := fixtures.Image{Height: 32, Width: 32, Channels: 3, Preprocessing: "0..1"}
	encoded := pixels
	encoded.Encoding = "jpeg"
	picture, err := fixtures.SyntheticJPEG(pixels, 1)
	if err != nil {
		t.Fatal(err)
	}
	tensorOf := func(im fixtures.Image, data []byte) []byte {
		in := fixtures.Tensor{Type: "float32", Shape: []int{1, 32, 32, 3}}
		f, err := fixtures.NewFiller(im, in)
		tensor := make([]byte, 4*pixels.Bytes())
		if err == nil {
			err = f.Fill(tensor, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tensor
	}
	raw := tensorOf(pixels, fixtures.SyntheticImage(pixels, 2))
	for encoding, tt := range map[string]struct{ in, tensor []byte }{
		"uint8": {fixtures.SyntheticImage(pixels, 1), tensorOf(pixels, fixtures.SyntheticImage(pixels, 1))},
		"jpeg":  {picture, tensorOf(encoded, picture)},
		"raw":   {raw, raw},
	} {
		v := ownFile(t, "", fixtures.Choices{Encodings: []string{encoding}})
		got, timing := infer(t, lab(address, link.Shape{}), v, tt.in)
		want, _ := infer(t, backendtest.New("cpu1", nil), v.Raw(), tt.tensor)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other scores than of its tensor", encoding)
		}
		if least, most := int64(len(tt.in)), int64(len(tt.in))+400; timing.Sent < least || timing.Sent > most {
			t.Errorf("%s: %d bytes sent for %d", encoding, timing.Sent, least)
		}
		if (timing.Fill > 0) != (encoding != "raw") {
			t.Errorf("%s: fill %v", encoding, timing.Fill)
		}
	}
}

func TestSessionRecordsTheChoices(t *testing.T) {
	v := ownFile(t, "", fixtures.Choices{Encodings: []string{"jpeg"}})
	s, err := lab(serveOwn(t, v), link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if d := s.(backends.Detailed).Details(); d.Input != "image jpeg of quality 90 32x32x3, values 0..1" {
		t.Errorf("details %+v", d)
	}
}

func TestOpenRefusesAHostThatRunsTheFileOtherwise(t *testing.T) {
	plain := ownFile(t, "", fixtures.Choices{})
	for about, tt := range map[string]struct {
		here, there fixtures.Variant
		flags       []string // of the host
		want        string
	}{
		"another shape there": {
			ownFile(t, "", fixtures.Choices{}), ownFile(t, "", fixtures.Choices{}),
			[]string{"image=2,32,32,3"},
			"as float32 [2 32 32 3], this machine float32 [1 32 32 3]; start the host with the same --shape",
		},
		"another shape here": {
			ownFile(t, "", fixtures.Choices{Shapes: []string{"image=1,64,64,3"}}), plain, nil,
			"as float32 [1 32 32 3], this machine float32 [1 64 64 3]; start the host with the same --shape",
		},
		"other values there": {
			plain, ownFile(t, "models: [{file: own.tflite, values: -1..1}]", fixtures.Choices{}), nil,
			"values -1..1, this machine's file image uint8 32x32x3, values 0..1; put the same models.yaml",
		},
	} {
		_, err := lab(serveOwn(t, tt.there, tt.flags...), link.Shape{}).Open(context.Background(), tt.here)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", about, err, tt.want)
		}
	}
}

func TestForeignServersGetNoJPEG(t *testing.T) {
	f := &foreign{datatype: "FP32"}
	address := serveForeign(t, f)
	v := ownFile(t, "", fixtures.Choices{Encodings: []string{"jpeg"}})
	_, err := lab(address, link.Shape{}).Open(context.Background(), v)
	if err == nil || !strings.Contains(err.Error(), "only Crossover's host decodes jpeg; choose --encoding uint8") {
		t.Errorf("%v", err)
	}
	v = ownFile(t, "", fixtures.Choices{})
	s, err := lab(address, link.Shape{}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := [][]byte{fixtures.SyntheticImage(*v.Image, 1)}
	if _, err := s.Infer(context.Background(), in, [][]byte{make([]byte, 3), make([]byte, 8)}); err != nil {
		t.Fatal(err)
	}
	if len(f.got) != 4*v.Image.Bytes() {
		t.Errorf("the server got %d bytes, want its float32 tensor", len(f.got))
	}
}
