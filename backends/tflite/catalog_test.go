//go:build cgo && linux

package tflite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
)

const testdata = "../../fixtures/testdata/"

// tiny returns a variant of the tiny catalog.
func tiny(t testing.TB, name string) fixtures.Variant {
	t.Helper()
	catalog, err := fixtures.ReadCatalog(testdata + "catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v, err := catalog.Variant(name, testdata+"models")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// scores runs one image through a variant.
func scores(t *testing.T, b backends.Backend, v fixtures.Variant, image []byte) []float64 {
	t.Helper()
	s := open(t, b, v)
	about := s.Outputs()[0]
	n, err := backends.TensorBytes(about)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, n)
	if _, err := s.Infer(t.Context(), [][]byte{image}, [][]byte{out}); err != nil {
		t.Fatal(err)
	}
	values, err := fixtures.ReadScores(about, out)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// All recipes keep 8 bits of every value and use the same kernels, so the scores of
// one image must have nearly the same direction.
func TestSessionScoresAgreeForEveryRecipe(t *testing.T) {
	exact := tiny(t, "model=tiny/input=32/compression=none")
	image := fixtures.SyntheticImage(*exact.Image, 7)
	want := scores(t, tflite.New(1), exact, image)
	for _, name := range []string{
		"compression=q", "compression=q/io=uint8", "compression=q/io=float32",
	} {
		v := tiny(t, "model=tiny/input=32/"+name)
		for _, b := range []backends.Backend{tflite.New(1), tflite.NewReference(1)} {
			if c := fixtures.Cosine(want, scores(t, b, v, image)); !(c > 0.95) {
				t.Errorf("%s on %s: cosine %.3f with the uncompressed scores; want above 0.95", name, b.Name(), c)
			}
		}
	}
}

func TestSessionTakesTheImageOfACatalogVariant(t *testing.T) {
	v := tiny(t, "model=tiny/input=32/compression=pq")
	before := tflite.Trials()
	s := open(t, tflite.New(1), v)
	if n := tflite.Trials() - before; n != 0 {
		t.Errorf("%d trials of a file with a known hash", n)
	}
	if in := s.Inputs(); len(in) != 1 || in[0].Type != "uint8" || in[0].Shape[1] != 32 || in[0].Shape[3] != 3 {
		t.Errorf("inputs %v; want the image alone", in)
	}
	in, out := [][]byte{fixtures.SyntheticImage(*v.Image, 1)}, [][]byte{make([]byte, 10)}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		timing, err := s.Infer(ctx, in, out)
		if err != nil || timing.Fill <= 0 {
			t.Errorf("%+v, %v", timing, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per inference; want 0", n)
	}
	if _, err := s.Infer(ctx, [][]byte{in[0][:1]}, out); err == nil ||
		!strings.Contains(err.Error(), `("image") is given 1 bytes; it takes 3072`) {
		t.Errorf("one byte for an image: %v", err)
	}
}

func TestOpenRefusesAnImageThatDoesNotFitTheTensor(t *testing.T) {
	v := tiny(t, "model=tiny/input=32/compression=none")
	v.Image = &fixtures.Image{Height: 16, Width: 16, Preprocessing: "tf"}
	if _, err := tflite.New(1).Open(t.Context(), v); err == nil || !strings.HasPrefix(err.Error(), v.Path+": ") ||
		!strings.Contains(err.Error(), "16 x 16") {
		t.Errorf("error %v; want one with the file and the sizes", err)
	}
}

func TestOpenRefusesBrokenFixtures(t *testing.T) {
	files, err := filepath.Glob(testdata + "broken/*.tflite")
	if err != nil || len(files) == 0 {
		t.Fatalf("broken fixtures: %v, %v", files, err)
	}
	for _, file := range files {
		if s, err := tflite.New(1).Open(t.Context(), own(file)); err == nil {
			s.Close()
			t.Errorf("%s was opened", file)
		} else if !strings.HasPrefix(err.Error(), file+": ") {
			t.Errorf("%s: error %v does not begin with the file", file, err)
		}
	}
}

func TestSessionTakesRawBytesForEachInputOfAnOwnFile(t *testing.T) {
	s := open(t, tflite.New(1), own(testdata+"own/two-inputs.tflite"))
	if n := len(s.Inputs()); n != 2 {
		t.Fatalf("%d inputs; want 2", n)
	}
	var in, out [][]byte
	for _, x := range []struct {
		tensors []fixtures.Tensor
		to      *[][]byte
	}{{s.Inputs(), &in}, {s.Outputs(), &out}} {
		for _, about := range x.tensors {
			n, err := backends.TensorBytes(about)
			if err != nil {
				t.Fatal(err)
			}
			*x.to = append(*x.to, make([]byte, n))
		}
	}
	if _, err := s.Infer(t.Context(), in, out); err != nil {
		t.Error(err)
	}
}

// BenchmarkOverhead measures what Infer adds to the library's invocation. It must be
// under a microsecond, without allocations.
func BenchmarkOverhead(b *testing.B) {
	v := own(write(b, doubling.bytes()))
	s := open(b, tflite.New(1), v)
	in, out := [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)}
	ctx := b.Context()
	var other int64
	b.ReportAllocs()
	for b.Loop() {
		timing, err := s.Infer(ctx, in, out)
		if err != nil {
			b.Fatal(err)
		}
		other += (timing.Total - timing.Exec).Nanoseconds()
	}
	b.ReportMetric(float64(other)/float64(b.N), "overhead-ns/op")
}
