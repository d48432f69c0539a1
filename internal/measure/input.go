package measure

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// Input returns random values for a session's inputs, one slice for each, from the seed and the
// variant's name. A JPEG is of a synthetic image, since one of random pixels would be larger than
// the pixels.
func Input(tensors []fixtures.Tensor, v fixtures.Variant, seed uint64) ([][]byte, error) {
	in := backends.Buffers(tensors)
	h := fnv.New64a()
	h.Write([]byte(v.Name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i, t := range tensors {
		if t.Type == fixtures.TypeJPEG && v.Image != nil {
			var err error
			if in[i], err = fixtures.SyntheticJPEG(*v.Image, seed); err != nil {
				return nil, err
			}
			continue
		}
		if err := fill(in[i], t, rng); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// fill writes seeded random values into data, which holds a tensor of type t.
//
//   - Real numbers are from [-1, 1). Random bits would sometimes be NaN or subnormal, which some
//     processors take many times longer to compute with.
//   - Integers of 16 bits and more are 0 or 1, since they may be indices.
//   - Integers of 8 bits take any value.
func fill(data []byte, t fixtures.Tensor, rng *rand.Rand) error {
	real := func() float64 { return 2*rng.Float64() - 1 }
	le := binary.LittleEndian // as is every machine that runs TensorFlow Lite
	switch t.Type {
	case "int8", "uint8":
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
	case "float32", "complex64":
		for i := 0; i < len(data); i += 4 {
			le.PutUint32(data[i:], math.Float32bits(float32(real())))
		}
	case "float64", "complex128":
		for i := 0; i < len(data); i += 8 {
			le.PutUint64(data[i:], math.Float64bits(real()))
		}
	case "float16", "bfloat16":
		// The sign and the fraction are random, under an exponent that gives magnitudes of 0.5 to 1
		// in either format.
		exponent, mask := uint16(14<<10), uint16(0x83ff)
		if t.Type == "bfloat16" {
			exponent, mask = 126<<7, 0x807f
		}
		for i := 0; i < len(data); i += 2 {
			le.PutUint16(data[i:], exponent|uint16(rng.Uint32())&mask)
		}
	case "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64":
		size, err := backends.TensorBytes(fixtures.Tensor{Type: t.Type})
		if err != nil {
			return err
		}
		for i := 0; i < len(data); i += size {
			data[i] = byte(rng.IntN(2))
		}
	default:
		return fmt.Errorf("input %q has type %q, for which there is no random value", t.Name, t.Type)
	}
	return nil
}
