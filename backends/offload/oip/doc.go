// Package oip is the Open Inference Protocol, version 2, over gRPC. generate.sh makes the messages
// and the service from inference.proto. Both ends also need the names of the element types, the two
// forms in which a tensor may be sent (raw bytes or typed elements) and the names of the parameters
// that Crossover's host adds to a response.
package oip

//go:generate ./generate.sh

// Parameters of a ModelInferResponse in which Crossover's host reports the times of a request:
// int64, in nanoseconds. The client reads them from any server that sends them.
const (
	ParamQueue = "crossover_queue_ns" // waiting for a free interpreter
	ParamFill  = "crossover_fill_ns"  // turning the image into the input tensor
	ParamExec  = "crossover_exec_ns"  // only the invocation
	ParamTotal = "crossover_total_ns" // from the decoded request to the response, including the above
)

// Parameters of a ModelInferResponse in which a host that runs as a witness reports when bytes
// passed its end of the connection: int64, nanoseconds of the machine's monotonic clock, comparable
// only on the same machine.
const (
	ParamArrived  = "crossover_arrived_ns"  // the last byte of this request was read
	ParamDeparted = "crossover_departed_ns" // the last byte of the previous response was written
)

// EchoModel is a model that every host of Crossover serves beside the others. It takes up to EchoLimit
// bytes as the UINT8 tensor "upload" and returns the number in the request's int64 parameter EchoBytes,
// at most EchoLimit, as the UINT8 tensor "download". crossover link measure uses it.
const (
	EchoModel = "crossover_echo"
	EchoBytes = "bytes"
	EchoLimit = 1 << 20
)

// MetadataDetails is the header of a ModelMetadata answer in which Crossover's host sends a Details
// as JSON, for which the protocol has no field.
const MetadataDetails = "crossover-model-bin"

// Windows is the size, in bytes, of HTTP/2's flow-control windows and of the largest message at
// both ends. A payload above the window would wait for round trips that the link's equations do not
// contain; HTTP/2's default is 64 KiB.
const Windows = 64 << 20
