package oip

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/crossover-bench/crossover/fixtures"
)

// Details is what a host of Crossover tells about a model beyond the protocol:
// the hash of the file, so that a client knows that it is the one it has, and
// the quantization of the outputs, without which their bytes are no scores.
type Details struct {
	SHA256  string            `json:"sha256"`
	Inputs  []fixtures.Tensor `json:"inputs"`
	Outputs []fixtures.Tensor `json:"outputs"`
}

// datatypes pairs the protocol's names of element types with NumPy's.
var datatypes = []struct {
	oip, numpy string
	bytes      int
}{
	{"BOOL", "bool", 1},
	{"UINT8", "uint8", 1},
	{"UINT16", "uint16", 2},
	{"UINT32", "uint32", 4},
	{"UINT64", "uint64", 8},
	{"INT8", "int8", 1},
	{"INT16", "int16", 2},
	{"INT32", "int32", 4},
	{"INT64", "int64", 8},
	{"FP16", "float16", 2},
	{"FP32", "float32", 4},
	{"FP64", "float64", 8},
	{"BF16", "bfloat16", 2},
}

// Datatype returns the protocol's name of the element type that NumPy calls
// numpy.
func Datatype(numpy string) (string, error) {
	for _, d := range datatypes {
		if d.numpy == numpy {
			return d.oip, nil
		}
	}
	return "", fmt.Errorf("element type %q has no name in the Open Inference Protocol", numpy)
}

// ElementType returns NumPy's name of the protocol's element type and the size
// of one element in bytes.
func ElementType(datatype string) (numpy string, bytes int, err error) {
	for _, d := range datatypes {
		if d.oip == datatype {
			return d.numpy, d.bytes, nil
		}
	}
	return "", 0, fmt.Errorf("datatype %q is not supported", datatype)
}

// AppendRaw appends the elements of c, a tensor of the given datatype, to raw in
// the protocol's raw form (little endian, row-major). The elements must stand in
// the one field that the datatype has; float16 and bfloat16 have none.
func AppendRaw(raw []byte, c *InferTensorContents, datatype string) ([]byte, error) {
	le := binary.LittleEndian
	n := 0
	switch datatype {
	case "BOOL":
		for _, v := range c.GetBoolContents() {
			b := byte(0)
			if v {
				b = 1
			}
			raw = append(raw, b)
		}
		n = len(c.GetBoolContents())
	case "INT8", "INT16", "INT32":
		bits := map[string]int{"INT8": 8, "INT16": 16, "INT32": 32}[datatype]
		for i, v := range c.GetIntContents() {
			if shifted := v << (32 - bits) >> (32 - bits); shifted != v {
				return nil, fmt.Errorf("element %d is %d, which %s can't hold", i, v, datatype)
			}
			raw = append(raw, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))[:len(raw)+bits/8]
		}
		n = len(c.GetIntContents())
	case "UINT8", "UINT16", "UINT32":
		bits := map[string]int{"UINT8": 8, "UINT16": 16, "UINT32": 32}[datatype]
		for i, v := range c.GetUintContents() {
			if shifted := v << (32 - bits) >> (32 - bits); shifted != v {
				return nil, fmt.Errorf("element %d is %d, which %s can't hold", i, v, datatype)
			}
			raw = append(raw, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))[:len(raw)+bits/8]
		}
		n = len(c.GetUintContents())
	case "INT64":
		for _, v := range c.GetInt64Contents() {
			raw = le.AppendUint64(raw, uint64(v))
		}
		n = len(c.GetInt64Contents())
	case "UINT64":
		for _, v := range c.GetUint64Contents() {
			raw = le.AppendUint64(raw, v)
		}
		n = len(c.GetUint64Contents())
	case "FP32":
		for _, v := range c.GetFp32Contents() {
			raw = le.AppendUint32(raw, math.Float32bits(v))
		}
		n = len(c.GetFp32Contents())
	case "FP64":
		for _, v := range c.GetFp64Contents() {
			raw = le.AppendUint64(raw, math.Float64bits(v))
		}
		n = len(c.GetFp64Contents())
	default:
		return nil, fmt.Errorf("datatype %s can't be sent as typed elements; send it raw", datatype)
	}
	if n == 0 || n != c.elements() {
		return nil, fmt.Errorf("%d of the %d typed elements stand in the field of %s", n, c.elements(), datatype)
	}
	return raw, nil
}

// elements returns the number of elements in all fields together.
func (c *InferTensorContents) elements() int {
	return len(c.GetBoolContents()) + len(c.GetIntContents()) + len(c.GetInt64Contents()) + len(c.GetUintContents()) +
		len(c.GetUint64Contents()) + len(c.GetFp32Contents()) + len(c.GetFp64Contents()) + len(c.GetBytesContents())
}

// Typed is the inverse of AppendRaw: the raw bytes of a tensor as elements.
func Typed(raw []byte, datatype string) (*InferTensorContents, error) {
	_, size, err := ElementType(datatype)
	if err != nil {
		return nil, err
	}
	if len(raw)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of %s elements", len(raw), datatype)
	}
	le := binary.LittleEndian
	c := new(InferTensorContents)
	for i := 0; i < len(raw); i += size {
		b := raw[i : i+size]
		switch datatype {
		case "BOOL":
			c.BoolContents = append(c.BoolContents, b[0] != 0)
		case "INT8":
			c.IntContents = append(c.IntContents, int32(int8(b[0])))
		case "INT16":
			c.IntContents = append(c.IntContents, int32(int16(le.Uint16(b))))
		case "INT32":
			c.IntContents = append(c.IntContents, int32(le.Uint32(b)))
		case "UINT8":
			c.UintContents = append(c.UintContents, uint32(b[0]))
		case "UINT16":
			c.UintContents = append(c.UintContents, uint32(le.Uint16(b)))
		case "UINT32":
			c.UintContents = append(c.UintContents, le.Uint32(b))
		case "INT64":
			c.Int64Contents = append(c.Int64Contents, int64(le.Uint64(b)))
		case "UINT64":
			c.Uint64Contents = append(c.Uint64Contents, le.Uint64(b))
		case "FP32":
			c.Fp32Contents = append(c.Fp32Contents, math.Float32frombits(le.Uint32(b)))
		case "FP64":
			c.Fp64Contents = append(c.Fp64Contents, math.Float64frombits(le.Uint64(b)))
		default:
			return nil, fmt.Errorf("datatype %s can't be sent as typed elements; send it raw", datatype)
		}
	}
	return c, nil
}

// Int64 returns a parameter of that value.
func Int64(v int64) *InferParameter {
	return &InferParameter{ParameterChoice: &InferParameter_Int64Param{Int64Param: v}}
}

// Shape returns a shape as Go counts it from the protocol's; a dimension of
// any size (-1) becomes 1, since Crossover sends one inference at a time.
func Shape(dims []int64) []int {
	out := make([]int, len(dims))
	for i, d := range dims {
		out[i] = int(max(d, 1))
		if d == 0 {
			out[i] = 0
		}
	}
	return out
}

// Dims returns a shape as the protocol counts it.
func Dims(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, d := range shape {
		out[i] = int64(d)
	}
	return out
}
