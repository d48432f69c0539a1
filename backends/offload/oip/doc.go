// Package oip is the Open Inference Protocol, version 2, over gRPC: the
// messages and the service, generated from inference.proto by generate.sh, and
// what both ends need beside them, which is the names of the element types, the
// two ways a tensor may travel (as raw bytes or as typed elements) and the
// names of the parameters that Crossover's host adds to a response.
package oip

//go:generate ./generate.sh

// Parameters of a ModelInferResponse in which Crossover's host says what the
// request cost there: int64, in nanoseconds. Other servers do not send them; a
// server of one's own may, and the client reads them.
const (
	ParamQueue = "crossover_queue_ns" // waiting for a free interpreter
	ParamFill  = "crossover_fill_ns"  // turning the image into the input tensor
	ParamExec  = "crossover_exec_ns"  // the invocation alone
	ParamTotal = "crossover_total_ns" // from the request's decoding to the response's, all of the above included
)

// Parameters of a ModelInferResponse by a host that serves as a witness, who
// tells when bytes went through its end of the connection: int64, nanoseconds
// of the machine's monotonic clock, comparable on the same machine only.
const (
	ParamArrived  = "crossover_arrived_ns"  // the last byte of this request was read
	ParamDeparted = "crossover_departed_ns" // the last byte of the response before this one was written
)

// EchoModel is a model that every host of Crossover serves beside its own: it
// takes any number of bytes as the UINT8 tensor "upload" and returns, as the
// UINT8 tensor "download", as many as the request's int64 parameter EchoBytes
// says. crossover link measure measures a link with it.
const (
	EchoModel = "crossover_echo"
	EchoBytes = "bytes"
)

// MetadataDetails is the header of a ModelMetadata answer in which Crossover's
// host says what the protocol has no field for: a Details as JSON.
const MetadataDetails = "crossover-model-bin"

// Windows are the sizes, in bytes, of HTTP/2's flow-control windows and of the
// largest message at both of our ends. A payload above the window would wait for
// round trips that the link's equations know nothing of; the default is 64 KiB.
const Windows = 64 << 20
