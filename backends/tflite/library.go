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

// silence limits the library's log to errors. They accompany a failure and are captured while a
// model is opened.
func silence() { C.cx_silence() }

// dieOfSignals restores the default action of the signals of a crash. The Go runtime would print a
// page of goroutines and exit with status 2.
func dieOfSignals() { C.cx_default_signals() }

// flushStdio writes out what C code has printed so far.
func flushStdio() { C.cx_flush() }

// trim returns freed memory to the system.
func trim() { C.cx_trim() }

// A reporter collects the library's messages about one model and its interpreter.
type reporter struct{ r *C.cx_reporter }

func newReporter() reporter { return reporter{C.cx_reporter_new()} }

// take returns the messages since the last call, one per line.
func (r reporter) take() string {
	var text [8192]C.char
	n := C.cx_reporter_take(r.r, &text[0], C.size_t(len(text)))
	return strings.TrimSpace(C.GoStringN(&text[0], C.int(n)))
}

func (r reporter) free() { C.cx_reporter_free(r.r) }

// load maps and verifies the file. It returns nil if that fails, and the reporter then has the
// reason.
func (r reporter) load(path string) *tflite.Model {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	m := C.cx_load(p, r.r)
	if m == nil {
		return nil
	}
	return adopt(unsafe.Pointer(m))
}

// attach makes interpreters with these options report here.
func (r reporter) attach(o *tflite.InterpreterOptions) {
	C.cx_options_report((*C.TfLiteInterpreterOptions)(pointer(unsafe.Pointer(o))), r.r)
}

// adopt makes go-tflite's Model of a C model. go-tflite offers no constructor for it, and its Model
// is that one pointer, which a test checks.
func adopt(m unsafe.Pointer) *tflite.Model {
	return (*tflite.Model)(unsafe.Pointer(&struct{ m unsafe.Pointer }{m}))
}

// pointer returns the only field of a go-tflite object, a C pointer.
func pointer(object unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(object) }
