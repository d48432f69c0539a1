package oip

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// Details is what a host of Crossover says about a model beyond the protocol: the hash of the
// file, with which a client checks that it has the same one; the quantization of the tensors, which
// gives the outputs' bytes a meaning; and how the host runs the model.
type Details struct {
	SHA256  string            `json:"sha256"`
	Inputs  []fixtures.Tensor `json:"inputs"`
	Outputs []fixtures.Tensor `json:"outputs"`
	Session backends.Details  `json:"session"` // zero if the host's backend does not say
	// Image is what the host also takes for the one input, as Pixels or Encoded; nil for none.
	Image *fixtures.Image `json:"image,omitempty"`
}

// The datatypes in which a request sends an image for a float32 input: the pixels with the input's
// shape, or a JPEG as one element.
const (
	Pixels  = "UINT8"
	Encoded = "BYTES"
)

// elementTypes holds NumPy's names of the element types by the protocol's.
var elementTypes = map[string]string{
	"BOOL": "bool", "BF16": "bfloat16", "FP16": "float16", "FP32": "float32", "FP64": "float64",
	"INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
	"UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
}

// Datatype returns the protocol's name of the element type that NumPy calls numpy.
func Datatype(numpy string) (string, error) {
	for datatype, name := range elementTypes {
		if name == numpy {
			return datatype, nil
		}
	}
	return "", fmt.Errorf("element type %q has no name in the Open Inference Protocol", numpy)
}

// ElementType returns NumPy's name of the protocol's element type.
func ElementType(datatype string) (numpy string, err error) {
	if numpy, ok := elementTypes[datatype]; ok {
		return numpy, nil
	}
	return "", fmt.Errorf("datatype %q is not supported", datatype)
}

// AppendRaw appends the elements of c, a tensor of the given datatype, to raw in the protocol's raw
// form (little-endian, row-major). All elements must be in the one field for the datatype; float16
// and bfloat16 have none.
func AppendRaw(raw []byte, c *InferTensorContents, datatype string) (_ []byte, err error) {
	var n int
	switch datatype {
	case "BOOL":
		raw, n, err = appendAll(raw, c.GetBoolContents())
	case "INT8", "INT16", "INT32":
		raw, n, err = appendIntegers(raw, c.GetIntContents(), datatype)
	case "UINT8", "UINT16", "UINT32":
		raw, n, err = appendIntegers(raw, c.GetUintContents(), datatype)
	case "INT64":
		raw, n, err = appendAll(raw, c.GetInt64Contents())
	case "UINT64":
		raw, n, err = appendAll(raw, c.GetUint64Contents())
	case "FP32":
		raw, n, err = appendAll(raw, c.GetFp32Contents())
	case "FP64":
		raw, n, err = appendAll(raw, c.GetFp64Contents())
	default:
		err = fmt.Errorf("datatype %s cannot be sent as typed elements; send it raw", datatype)
	}
	if err != nil {
		return nil, err
	}
	if n == 0 || n != c.elements() {
		return nil, fmt.Errorf("%d of the %d typed elements are in the field of %s", n, c.elements(), datatype)
	}
	return raw, nil
}

// appendAll appends values as they are and returns their number.
func appendAll[T any](raw []byte, values []T) ([]byte, int, error) {
	raw, err := binary.Append(raw, binary.LittleEndian, values)
	return raw, len(values), err
}

// appendIntegers is appendAll in the width of the datatype, which is at most that of T.
func appendIntegers[T int32 | uint32](raw []byte, values []T, datatype string) ([]byte, int, error) {
	bits := map[string]int{"8": 8, "16": 16, "32": 32}[strings.TrimLeft(datatype, "UINT")]
	for i, v := range values {
		if v<<(32-bits)>>(32-bits) != v {
			return nil, 0, fmt.Errorf("element %d is %d, which %s cannot hold", i, v, datatype)
		}
		raw = binary.LittleEndian.AppendUint32(raw, uint32(v))[:len(raw)+bits/8]
	}
	return raw, len(values), nil
}

// elements returns the number of elements in all fields together.
func (c *InferTensorContents) elements() int {
	return len(c.GetBoolContents()) + len(c.GetIntContents()) + len(c.GetInt64Contents()) + len(c.GetUintContents()) +
		len(c.GetUint64Contents()) + len(c.GetFp32Contents()) + len(c.GetFp64Contents()) + len(c.GetBytesContents())
}

// Int64 returns a parameter with that value.
func Int64(v int64) *InferParameter {
	return &InferParameter{ParameterChoice: &InferParameter_Int64Param{Int64Param: v}}
}

// Shape converts a shape of the protocol. A dimension of any size (-1) becomes 1, because Crossover
// sends one inference at a time.
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

// Dims converts a shape to the protocol's type.
func Dims(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, d := range shape {
		out[i] = int64(d)
	}
	return out
}
