//go:build cgo && linux

package tflite_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The operators of the models that tests build, by the schema's number.
const (
	opAdd            = 0
	opFullyConnected = 9
	opRelu           = 19
	opReshape        = 22
	opCustom         = 32
	opFloorMod       = 95
)

// graph is a model of one tensor type for tests: each operator takes the output
// of the one before it, the first one the input.
type graph struct {
	shape  []int32 // of every activation
	ops    []int32
	custom string // the name of the custom operators
	typ    byte   // of every activation, by the schema's number: 0 is float32, 2 int32
	minus1 bool   // a FLOOR_MOD divides by a constant -1 instead of by its input
	open   bool   // the signature leaves the first dimension open
}

// file writes the model to a fresh file and returns its path.
func (g graph) file(t testing.TB) string {
	t.Helper()
	return write(t, g.bytes())
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.tflite")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// bytes encodes the model by TensorFlow Lite's schema, version 3: the fields of
// each table stand in the order of their numbers there. A fully connected layer
// has twice the identity for its weights. A reshape turns what comes to two rows,
// by a shape that the model computes.
func (g graph) bytes() []byte {
	n := g.shape[len(g.shape)-1]
	var codes, tensors, operators vector
	buffers := vector{table{}}
	add := func(shape []int32, typ byte, buffer uint32, name string) int32 {
		t := table{shape, typ, buffer, name}
		if g.open && buffer == 0 {
			t = append(t, nil, nil, nil, append([]int32{-1}, shape[1:]...))
		}
		tensors = append(tensors, t)
		return int32(len(tensors) - 1)
	}
	last := add(g.shape, g.typ, 0, "input")
	for i, op := range g.ops {
		inputs := []int32{last}
		code := table{byte(min(op, 127)), nil, int32(1), op}
		operator := table{uint32(len(codes))}
		switch op {
		case opFullyConnected:
			weights := make([]float32, n*n)
			for k := range n {
				weights[k*n+k] = 2
			}
			buffers = append(buffers, table{weights})
			inputs = append(inputs, add([]int32{n, n}, 0, uint32(len(buffers)-1), "weights"), -1)
		case opFloorMod:
			divisor := last
			if g.minus1 {
				constant := make([]float32, n)
				for k := range constant {
					constant[k] = math.Float32frombits(math.MaxUint32) // the bits of -1
				}
				buffers = append(buffers, table{constant})
				divisor = add([]int32{1, n}, g.typ, uint32(len(buffers)-1), "divisor")
			}
			inputs = append(inputs, divisor)
		case opReshape:
			inputs = append(inputs, computed(add, &buffers, &codes, &operators))
			operator[0] = uint32(len(codes))
		case opCustom:
			code[1] = g.custom
		}
		last = add(g.shape, g.typ, 0, fmt.Sprintf("activation %d", i))
		operator = append(operator, inputs, []int32{last})
		if op == opFullyConnected {
			operator = append(operator, byte(8), table{}) // its options, all default
		}
		codes = append(codes, code)
		operators = append(operators, operator)
	}
	w := &writer{make([]byte, 8)}
	copy(w.data[4:], "TFL3")
	root := w.put(table{
		uint32(3), codes, vector{table{tensors, []int32{0}, []int32{last}, operators}}, "for tests", buffers,
	})
	binary.LittleEndian.PutUint32(w.data, uint32(root))
	return w.data
}

// computed adds the sum of two constants, the shape [2, -1], and returns its tensor.
func computed(
	add func([]int32, byte, uint32, string) int32, buffers, codes, operators *vector,
) int32 {
	const int32s = 2
	var terms []int32
	for _, term := range [][]int32{{1, -2}, {1, 1}} {
		bits := make([]float32, len(term)) // a buffer's bytes, which the writer makes of floats
		for i, x := range term {
			bits[i] = math.Float32frombits(uint32(x))
		}
		*buffers = append(*buffers, table{bits})
		terms = append(terms, add([]int32{2}, int32s, uint32(len(*buffers)-1), "term"))
	}
	sum := add([]int32{2}, int32s, 0, "sum")
	*operators = append(*operators, table{uint32(len(*codes)), terms, []int32{sum}})
	*codes = append(*codes, table{byte(opAdd), nil, int32(1), int32(opAdd)})
	return sum
}

// A table's fields are nil (absent), byte, int32, uint32, or a part of its own:
// a table, a vector, []int32, []float32 or string.
type (
	table  []any
	vector []any // of parts
)

// writer encodes parts as a flatbuffer: parents before their children, since
// the offsets between them have no sign.
type writer struct{ data []byte }

func (w *writer) u32(x uint32) { w.data = binary.LittleEndian.AppendUint32(w.data, x) }

// align pads so that what comes after skip bytes is aligned to 16.
func (w *writer) align(skip int) {
	for (len(w.data)+skip)%16 != 0 {
		w.data = append(w.data, 0)
	}
}

// put appends a part with all that it refers to and returns its position.
func (w *writer) put(part any) int {
	switch p := part.(type) {
	case table:
		return w.table(p)
	case vector:
		w.align(4)
		at := len(w.data)
		w.u32(uint32(len(p)))
		for range p {
			w.u32(0)
		}
		for i, child := range p {
			w.refer(at+4+4*i, child)
		}
		return at
	}
	w.align(4)
	at := len(w.data)
	switch p := part.(type) {
	case []int32:
		w.u32(uint32(len(p)))
		w.data, _ = binary.Append(w.data, binary.LittleEndian, p)
	case []float32:
		w.u32(uint32(4 * len(p)))
		w.data, _ = binary.Append(w.data, binary.LittleEndian, p)
	case string:
		w.u32(uint32(len(p)))
		w.data = append(append(w.data, p...), 0)
	default:
		panic(fmt.Sprintf("no part of a flatbuffer: %T", part))
	}
	return at
}

// table writes the field offsets, then the table with 4 bytes a field.
func (w *writer) table(fields table) int {
	w.align(0)
	offsets := len(w.data)
	size := (4 + 2*len(fields) + 3) &^ 3
	w.data = append(w.data, make([]byte, size)...)
	at := len(w.data)
	binary.LittleEndian.PutUint16(w.data[offsets:], uint16(4+2*len(fields)))
	binary.LittleEndian.PutUint16(w.data[offsets+2:], uint16(4+4*len(fields)))
	w.u32(uint32(at - offsets))
	for i, field := range fields {
		if field != nil {
			binary.LittleEndian.PutUint16(w.data[offsets+4+2*i:], uint16(4+4*i))
		}
		switch f := field.(type) {
		case byte:
			w.u32(uint32(f))
		case int32:
			w.u32(uint32(f))
		case uint32:
			w.u32(f)
		default:
			w.u32(0)
		}
	}
	for i, field := range fields {
		switch field.(type) {
		case nil, byte, int32, uint32:
		default:
			w.refer(at+4+4*i, field)
		}
	}
	return at
}

// refer puts a part and writes its distance to the slot that refers to it.
func (w *writer) refer(slot int, part any) {
	at := w.put(part)
	binary.LittleEndian.PutUint32(w.data[slot:], uint32(at-slot))
}
