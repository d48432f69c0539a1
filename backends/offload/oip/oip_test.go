package oip_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// The public protocol's field numbers. They agree with the descriptors compiled
// into tritonclient 2.73.0, mlserver 1.7.1 and kserve 0.21.0.
const numbers = `
ServerLiveResponse live=1
ServerReadyResponse ready=1
ModelReadyRequest name=1 version=2
ModelReadyResponse ready=1
ServerMetadataResponse name=1 version=2 extensions=3
ModelMetadataRequest name=1 version=2
ModelMetadataResponse name=1 versions=2 platform=3 inputs=4 outputs=5
ModelMetadataResponse.TensorMetadata name=1 datatype=2 shape=3
InferParameter bool_param=1 int64_param=2 string_param=3 double_param=4 uint64_param=5
InferTensorContents bool_contents=1 int_contents=2 int64_contents=3 uint_contents=4 uint64_contents=5 fp32_contents=6 \
 fp64_contents=7 bytes_contents=8
ModelInferRequest model_name=1 model_version=2 id=3 parameters=4 inputs=5 outputs=6 raw_input_contents=7
ModelInferRequest.InferInputTensor name=1 datatype=2 shape=3 parameters=4 contents=5
ModelInferRequest.InferRequestedOutputTensor name=1 parameters=2
ModelInferResponse model_name=1 model_version=2 id=3 parameters=4 outputs=5 raw_output_contents=6
ModelInferResponse.InferOutputTensor name=1 datatype=2 shape=3 parameters=4 contents=5
RepositoryIndexRequest repository_name=1 ready=2
RepositoryIndexResponse models=1
RepositoryIndexResponse.ModelIndex name=1 version=2 state=3 reason=4
`

func TestProtocolHasThePublicFieldNumbers(t *testing.T) {
	file := oip.File_inference_proto
	if file.Package() != "inference" || file.Services().ByName("GRPCInferenceService") == nil {
		t.Errorf("package %s has no service GRPCInferenceService", file.Package())
	}
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimSpace(numbers), "\\\n", "")) {
		words := strings.Fields(line)
		var m protoreflect.MessageDescriptor
		for i, name := range strings.Split(words[0], ".") {
			in := file.Messages()
			if i > 0 {
				in = m.Messages()
			}
			if m = in.ByName(protoreflect.Name(name)); m == nil {
				t.Fatalf("there is no message %s", words[0])
			}
		}
		var got []string
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			got = append(got, fmt.Sprintf("%s=%d", f.Name(), f.Number()))
		}
		if want := words[1:]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s has %v, want %v", words[0], got, want)
		}
	}
}

func TestAppendRawKeepsTheElements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		datatype := rapid.SampledFrom([]string{
			"UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP32", "FP64",
		}).Draw(t, "datatype")
		bits, err := strconv.Atoi(strings.TrimLeft(datatype, "UINTFP"))
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 40).Draw(t, "elements") * bits / 8
		raw := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "raw")
		back, err := oip.AppendRaw(nil, typed(raw, datatype), datatype)
		if err != nil || !bytes.Equal(back, raw) {
			t.Fatalf("%s: %x became %x, %v", datatype, raw, back, err)
		}
	})
}

// typed returns the raw bytes of a tensor as elements.
func typed(raw []byte, datatype string) *oip.InferTensorContents {
	le, c := binary.LittleEndian, new(oip.InferTensorContents)
	for b := raw; len(b) > 0; {
		size := 1
		switch datatype {
		case "INT8":
			c.IntContents = append(c.IntContents, int32(int8(b[0])))
		case "INT16":
			c.IntContents, size = append(c.IntContents, int32(int16(le.Uint16(b)))), 2
		case "INT32":
			c.IntContents, size = append(c.IntContents, int32(le.Uint32(b))), 4
		case "UINT8":
			c.UintContents = append(c.UintContents, uint32(b[0]))
		case "UINT16":
			c.UintContents, size = append(c.UintContents, uint32(le.Uint16(b))), 2
		case "UINT32":
			c.UintContents, size = append(c.UintContents, le.Uint32(b)), 4
		case "INT64":
			c.Int64Contents, size = append(c.Int64Contents, int64(le.Uint64(b))), 8
		case "UINT64":
			c.Uint64Contents, size = append(c.Uint64Contents, le.Uint64(b)), 8
		case "FP32":
			c.Fp32Contents, size = append(c.Fp32Contents, math.Float32frombits(le.Uint32(b))), 4
		case "FP64":
			c.Fp64Contents, size = append(c.Fp64Contents, math.Float64frombits(le.Uint64(b))), 8
		}
		b = b[size:]
	}
	return c
}

func TestAppendRawRefusesElementsThatDoNotFit(t *testing.T) {
	for datatype, c := range map[string]*oip.InferTensorContents{
		"INT8":  {IntContents: []int32{128}},
		"UINT8": {UintContents: []uint32{256}},
		"FP32":  {IntContents: []int32{1}},
		"INT32": {IntContents: []int32{1}, Fp32Contents: []float32{1}},
		"FP16":  {Fp32Contents: []float32{1}},
	} {
		if raw, err := oip.AppendRaw(nil, c, datatype); err == nil {
			t.Errorf("%s took %v as %x", datatype, c, raw)
		}
	}
}

func TestDatatypeIsTheInverseOfElementType(t *testing.T) {
	for _, numpy := range []string{"bool", "uint8", "int8", "int32", "int64", "float32", "float16"} {
		d, err := oip.Datatype(numpy)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := oip.ElementType(d); err != nil || back != numpy {
			t.Errorf("%s became %s became %s, %v", numpy, d, back, err)
		}
	}
	if _, err := oip.Datatype("complex64"); err == nil {
		t.Error("complex64 has a datatype")
	}
	if _, err := oip.ElementType("BYTES"); err == nil {
		t.Error("BYTES has an element type")
	}
}
