package measure

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestInputIsSeededAndSafeToCompute(t *testing.T) {
	random := func(kind string, seed uint64) []byte {
		tensor := fixtures.Tensor{Name: "in", Type: kind, Shape: []int{1, 500}}
		data := backends.Buffers([]fixtures.Tensor{tensor})
		if err := fill(data[0], tensor, rand.New(rand.NewPCG(seed, 0))); err != nil {
			t.Fatal(err)
		}
		return data[0]
	}
	le := binary.LittleEndian
	// Each reads element i of data as a number.
	number := map[string]func(data []byte, i int) float64{
		"uint8":    func(d []byte, i int) float64 { return float64(d[i]) },
		"int8":     func(d []byte, i int) float64 { return float64(int8(d[i])) },
		"bool":     func(d []byte, i int) float64 { return float64(d[i]) },
		"int16":    func(d []byte, i int) float64 { return float64(int16(le.Uint16(d[2*i:]))) },
		"int32":    func(d []byte, i int) float64 { return float64(int32(le.Uint32(d[4*i:]))) },
		"int64":    func(d []byte, i int) float64 { return float64(int64(le.Uint64(d[8*i:]))) },
		"float32":  func(d []byte, i int) float64 { return float64(math.Float32frombits(le.Uint32(d[4*i:]))) },
		"float64":  func(d []byte, i int) float64 { return math.Float64frombits(le.Uint64(d[8*i:])) },
		"bfloat16": func(d []byte, i int) float64 { return float64(math.Float32frombits(uint32(le.Uint16(d[2*i:])) << 16)) },
		"float16": func(d []byte, i int) float64 { // normal numbers alone
			b := le.Uint16(d[2*i:])
			x := math.Ldexp(1+float64(b&0x3ff)/1024, int(b>>10&31)-15)
			if b>>15 == 1 {
				x = -x
			}
			return x
		},
	}
	for kind, at := range number {
		data := random(kind, 1)
		if !bytes.Equal(data, random(kind, 1)) {
			t.Errorf("%s: the same seed gives other data", kind)
		}
		if bytes.Equal(data, random(kind, 2)) {
			t.Errorf("%s: another seed gives the same data", kind)
		}
		lo, hi := -1.0, 1.0
		switch kind {
		case "uint8", "int8":
			lo, hi = -128, 255
		case "bool", "int16", "int32", "int64":
			lo, hi = 0, 1
		}
		distinct := map[float64]bool{}
		for i := range 500 {
			x := at(data, i)
			distinct[x] = true
			if !(x >= lo && x <= hi) || x != 0 && math.Abs(x) < 1e-30 {
				t.Fatalf("%s: element %d is %v", kind, i, x)
			}
		}
		if len(distinct) < 2 {
			t.Errorf("%s: all elements are alike", kind)
		}
	}
	if err := fill(nil, fixtures.Tensor{Name: "text", Type: "string"}, nil); err == nil {
		t.Error("a string tensor was filled")
	}
}
