// Package tflite runs variants on this machine with TensorFlow Lite, and makes
// the C library safe to measure with.
//
// A Backend is made by New ("cpu1", "cpu4", "cpu4-noxnnpack") or by NewDelegate
// (an NPU or GPU behind a plug-in). Opening a variant goes in steps:
//
//  1. What the machine lacks is an *backends.UnavailableError: cores, the
//     plug-in, a build with cgo.
//  2. The file is checked. One that the manifest vouches for must have the
//     manifest's hash. Any other is opened and run once in a child process
//     first, because a corrupt one can end the process with a signal, which Go
//     cannot catch; the child's death is then an error like any other.
//  3. The file is mapped, the delegate made and the graph handed to it, with
//     a reporter of our own, so that an error says in the library's words what
//     is wrong with which file. XNNPACK, the fast kernels, is such a delegate:
//     through the C API the library does not apply it by itself.
//  4. A Session fills the input tensor, invokes and copies the outputs, and
//     says what each part took. It allocates nothing.
//
// The library is silent meanwhile: its own logger is turned down to errors when
// the program starts, and whatever it, or the driver behind a plug-in, writes to
// standard output or standard error while a variant is opened or closed is
// caught and becomes part of the error, if there is one. Otherwise such lines
// would break the benchmark's result line, which go test prints in two parts.
//
// github.com/mattn/go-tflite does the work where it is right (interpreter,
// options, tensors, invocation). Loading, error reporting and delegates are
// done here, since there it returns nil without a reason, formats a va_list
// with the wrong function and drops a delegate's options.
//
// The package needs cgo and Linux. Without them it compiles, and its backends
// say why they are not available.
package tflite
