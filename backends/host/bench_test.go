package host

import (
	"context"
	"testing"

	"github.com/crossover-bench/crossover/backends/backendtest"
)

// BenchmarkModelInfer measures a request over loopback whose inference takes no time: the host's own
// work, and grpc's.
func BenchmarkModelInfer(b *testing.B) {
	c, _ := start(b, Options{Models: folder(b, "a"), Backend: backendtest.New("cpu1", backendtest.Constant(1))})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ModelInfer(ctx, request("a")); err != nil {
			b.Fatal(err)
		}
	}
}
