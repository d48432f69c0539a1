// Package tflite runs variants on this machine with TensorFlow Lite and makes the C library safe
// for measurements.
//
// New makes a Backend of the CPU ("cpu1", "cpu4", "cpu4-noxnnpack"), NewDelegate one of an NPU or
// GPU behind a plug-in. Opening a variant goes in steps:
//
//  1. Missing cores, a missing plug-in or a build without cgo is a *backends.UnavailableError.
//  2. The file is checked. A file of a manifest must have the manifest's hash. Any other file is
//     first opened and run once in a child process, because a corrupt one can kill the process with
//     a signal, which Go cannot catch. The death of the child is then an error like any other.
//  3. The file is mapped, the delegate made and the graph given to it. A reporter collects the
//     library's messages, so that an error says which file is wrong and why. XNNPACK, the fast
//     kernels, is such a delegate: the C API does not apply it by default.
//  4. A Session fills the input tensor, invokes, copies the outputs and reports the time of each
//     part. It does not allocate.
//
// The library prints nothing. Its logger is limited to errors when the program starts. What it, or
// the driver behind a plug-in, writes to standard output or standard error while a variant is
// opened or closed is captured and becomes part of the error, if there is one. Such lines would
// break the benchmark's result line, which go test prints in two parts.
//
// github.com/mattn/go-tflite provides the interpreter, options, tensors and invocation. Loading,
// error reporting and delegates are implemented here, because go-tflite returns nil without a
// reason, formats a va_list with the wrong function and drops a delegate's options.
//
// The package needs cgo and Linux. Without them it compiles, and its backends report why they are
// not available.
package tflite
