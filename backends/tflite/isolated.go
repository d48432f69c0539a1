package tflite

import (
	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
)

// sessionKind makes a process that contains this package run an isolated session.
const sessionKind = "tflite"

// Isolated returns a backend like b, one of this package, whose sessions run in child processes: a
// crash or a hang of the library or of a driver costs one session and not the process. Files need no
// trial there. An inference takes some tens of microseconds longer.
func Isolated(b backends.Backend, l child.Limits) backends.Backend {
	return child.New(sessionKind, b, b.(*backend).config, l)
}
