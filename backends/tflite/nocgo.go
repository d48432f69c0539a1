//go:build !cgo || !linux

package tflite

import (
	"context"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// Version returns the runtime's version: empty, because this build has none.
func Version() string { return "" }

func (b *backend) open(context.Context, fixtures.Variant) (backends.Session, error) {
	return nil, b.unavailable("this program was built without TensorFlow Lite",
		"build it on Linux with CGO_ENABLED=1 and a C compiler, after make runtime")
}
