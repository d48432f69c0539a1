//go:build cgo && linux

package tflite

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/crossover-bench/crossover/internal/names"
)

// A delegate runs a part of the graph. It implements go-tflite's Delegater.
type delegate struct {
	ptr     *C.TfLiteDelegate
	destroy func(*C.TfLiteDelegate)
	about   string // for Details
}

func (d *delegate) Ptr() unsafe.Pointer { return unsafe.Pointer(d.ptr) }

// Delete frees the delegate, which must outlive its interpreter.
func (d *delegate) Delete() { d.destroy(d.ptr) }

// counting runs apply, which gives the delegate a graph on this thread, and returns the number of
// nodes in the graph's plan and of those that the delegate took. Both are 0 if the delegate does
// not say.
func (d *delegate) counting(apply func()) (nodes, taken int) {
	C.cx_count_begin(d.ptr)
	apply()
	n := C.cx_count_end(d.ptr)
	return int(n.nodes), int(n.delegated)
}

// newDelegate returns the configured delegate, or nil without one.
func (c *config) newDelegate() (*delegate, error) {
	switch {
	case c.Library != "":
		return c.newExternal()
	case c.XNNPACK:
		return c.newXNNPACK()
	}
	return nil, nil
}

func (c *config) newXNNPACK() (*delegate, error) {
	var missing C.int
	ptr := C.cx_xnnpack_create(C.int(c.Threads), &missing)
	if missing != 0 {
		return nil, c.unavailable("the TensorFlow Lite library in use has no XNNPACK delegate",
			fmt.Sprintf("use the library of make runtime, or the backend cpu%d%s", c.Threads, names.NoXNNPACK))
	}
	if ptr == nil {
		return nil, fmt.Errorf("backend %s: the XNNPACK delegate could not be created", c.Name)
	}
	return &delegate{ptr: ptr, about: "xnnpack", destroy: func(p *C.TfLiteDelegate) { C.cx_xnnpack_delete(p) }}, nil
}

// newExternal opens the plug-in itself, because the library's own loader passes no error callback
// and returns a delegate even if there is none.
func (c *config) newExternal() (*delegate, error) {
	var why [2048]C.char
	library := C.CString(c.Library)
	defer C.free(unsafe.Pointer(library))
	plugin := new(C.cx_plugin)
	if C.cx_plugin_open(library, plugin, &why[0], C.size_t(len(why))) != 0 {
		return nil, c.unavailable("its delegate cannot be loaded: "+C.GoString(&why[0]),
			"install the vendor's TensorFlow Lite external delegate, or give the path of its library")
	}

	options := slices.Sorted(maps.Keys(c.Options))
	keys, values := cStrings(options), cStrings(nil)
	about := c.Library
	for _, k := range options {
		values = append(values, C.CString(c.Options[k]))
		about += " " + k + "=" + c.Options[k]
	}
	defer freeStrings(keys)
	defer freeStrings(values)
	ptr := C.cx_plugin_create(plugin, unsafe.SliceData(keys), unsafe.SliceData(values), C.size_t(len(options)),
		&why[0], C.size_t(len(why)))
	if ptr == nil {
		words := oneLine(C.GoString(&why[0]))
		if words == "" {
			words = "it gives no reason"
		}
		return nil, c.unavailable(fmt.Sprintf("the delegate %s refuses: %s", about, words),
			"check its options, its driver and the rights on its device")
	}
	return &delegate{ptr: ptr, about: about, destroy: func(p *C.TfLiteDelegate) { C.cx_plugin_destroy(plugin, p) }}, nil
}

func cStrings(s []string) []*C.char {
	c := make([]*C.char, 0, len(s))
	for _, x := range s {
		c = append(c, C.CString(x))
	}
	return c
}

func freeStrings(s []*C.char) {
	for _, p := range s {
		C.free(unsafe.Pointer(p))
	}
}
