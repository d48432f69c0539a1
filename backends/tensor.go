package backends

import (
	"fmt"
	"math"

	"github.com/crossover-bench/crossover/fixtures"
)

// elementBytes holds the size of one element by the type's NumPy name.
var elementBytes = map[string]int{
	"bool": 1, "int8": 1, "uint8": 1,
	"int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
	"int32": 4, "uint32": 4, "float32": 4,
	"int64": 8, "uint64": 8, "float64": 8, "complex64": 8,
	"complex128": 16,
}

// TensorBytes returns the size of a tensor in bytes, which is the length of its
// slice for Infer. A scalar has an empty shape.
func TensorBytes(t fixtures.Tensor) (int, error) {
	n, ok := elementBytes[t.Type]
	if !ok {
		return 0, fmt.Errorf("tensor %q has type %q, whose elements have no fixed size in bytes", t.Name, t.Type)
	}
	for _, d := range t.Shape {
		if d < 0 {
			return 0, fmt.Errorf("tensor %q has shape %v: a dimension is unknown before it runs", t.Name, t.Shape)
		}
		if d > 0 && n > math.MaxInt/d {
			return 0, fmt.Errorf("tensor %q has shape %v: more bytes than an address space holds", t.Name, t.Shape)
		}
		n *= d
	}
	return n, nil
}
