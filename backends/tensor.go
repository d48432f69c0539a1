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

// TensorBytes returns the size of a tensor in bytes, which is the length of its slice for Infer. A
// scalar has an empty shape.
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

// Buffers makes room for a session's tensors: one slice for each, of its size in bytes, and an empty
// one for an encoded image. It panics if another size is not fixed, which NewTensors refuses.
func Buffers(tensors []fixtures.Tensor) [][]byte {
	bytes, err := sizes(tensors)
	if err != nil {
		panic(err)
	}
	all := make([][]byte, len(bytes))
	for i, n := range bytes {
		all[i] = make([]byte, n)
	}
	return all
}

func sizes(tensors []fixtures.Tensor) ([]int, error) {
	all := make([]int, len(tensors))
	for i, t := range tensors {
		if t.Type == fixtures.TypeJPEG {
			continue // any size
		}
		n, err := TensorBytes(t)
		if err != nil {
			return nil, err
		}
		all[i] = n
	}
	return all, nil
}

// Tensors are the inputs and outputs of a session, which embeds them.
type Tensors struct {
	inputs, outputs         []fixtures.Tensor
	inputBytes, outputBytes []int
}

// NewTensors returns an error if the size of a tensor is not fixed.
func NewTensors(inputs, outputs []fixtures.Tensor) (Tensors, error) {
	in, err := sizes(inputs)
	if err != nil {
		return Tensors{}, err
	}
	out, err := sizes(outputs)
	return Tensors{inputs, outputs, in, out}, err
}

// Inputs describes what the session's Infer takes.
func (t *Tensors) Inputs() []fixtures.Tensor { return t.inputs }

// Outputs describes what the session's Infer returns.
func (t *Tensors) Outputs() []fixtures.Tensor { return t.outputs }

// Check returns an error unless in and out, the arguments of Infer, have one slice of the right
// size per tensor.
func (t *Tensors) Check(in, out [][]byte) error {
	if len(in) != len(t.inputs) {
		return fmt.Errorf("%d inputs given; it has %d", len(in), len(t.inputs))
	}
	for i, b := range in {
		if len(b) != t.inputBytes[i] && t.inputs[i].Type != fixtures.TypeJPEG {
			return fmt.Errorf("input %d (%q) is given %d bytes; it takes %d", i, t.inputs[i].Name, len(b), t.inputBytes[i])
		}
	}
	if len(out) != len(t.outputs) {
		return fmt.Errorf("room for %d outputs given; it has %d", len(out), len(t.outputs))
	}
	for i, b := range out {
		if len(b) != t.outputBytes[i] {
			return fmt.Errorf("room of %d bytes given for output %d (%q); it has %d",
				len(b), i, t.outputs[i].Name, t.outputBytes[i])
		}
	}
	return nil
}
