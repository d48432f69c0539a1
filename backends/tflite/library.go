//go:build cgo && linux

package tflite

/*
#cgo LDFLAGS: -ltensorflowlite_c -ldl
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"strings"
	"unsafe"

	"github.com/mattn/go-tflite"
)

// Version returns the runtime's own version string, such as "2.21.0".
func Version() string { return C.GoString(C.TfLiteVersion()) }

// silence leaves of the library's own log only its errors, which come with a
// failure and are caught while a model is opened.
func silence() { C.cx_silence() }

// dieOfSignals gives the signals of a crash their default action. The Go runtime
// would turn them into a page of goroutines and exit status 2.
func dieOfSignals() { C.cx_default_signals() }

// flushStdio writes out what C code has printed so far.
func flushStdio() { C.cx_flush() }

// trim gives freed memory back to the system.
func trim() { C.cx_trim() }

// reporter collects the library's words about one model and its interpreter.
type reporter struct{ r *C.cx_reporter }

func newReporter() reporter { return reporter{C.cx_reporter_new()} }

// take returns the words since the last call, one line for each report.
func (r reporter) take() string {
	var text [8192]C.char
	n := C.cx_reporter_take(r.r, &text[0], C.size_t(len(text)))
	return strings.TrimSpace(C.GoStringN(&text[0], C.int(n)))
}

func (r reporter) free() { C.cx_reporter_free(r.r) }

// load maps the file and verifies it; nil leaves the reason with the reporter.
func (r reporter) load(path string) *tflite.Model {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	m := C.cx_load(p, r.r)
	if m == nil {
		return nil
	}
	return adopt(unsafe.Pointer(m))
}

// attach makes interpreters of the options report here.
func (r reporter) attach(o *tflite.InterpreterOptions) {
	C.cx_options_report((*C.TfLiteInterpreterOptions)(pointer(unsafe.Pointer(o))), r.r)
}

// adopt makes go-tflite's Model of a C model: go-tflite offers no way in, and
// its Model is that one pointer, which a test watches.
func adopt(m unsafe.Pointer) *tflite.Model {
	return (*tflite.Model)(unsafe.Pointer(&struct{ m unsafe.Pointer }{m}))
}

// pointer returns the one C pointer that a go-tflite object consists of.
func pointer(object unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(object) }
