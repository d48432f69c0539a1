package offload_test

import (
	"context"
	"testing"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/names"
)

// warm returns a function that runs one inference on the embedded host. The host
// allocates in another process.
func warm(t testing.TB) func() {
	t.Helper()
	v := variant(t)
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: host.Serve(v)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := self.Backend(link.Shape{Name: names.LinkDirect}).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := self.Close(); err != nil {
			t.Error(err)
		}
	})
	in, out := [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)}
	run := func() {
		if _, err := s.Infer(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		run()
	}
	return run
}

// maxAllocations bounds the allocations of one offloaded inference at the client:
// those of grpc-go for a unary call, and the response's tensors and parameters.
const maxAllocations = 140

func TestSessionAllocationsAreBounded(t *testing.T) {
	if n := testing.AllocsPerRun(200, warm(t)); n > maxAllocations {
		t.Errorf("%.0f allocations per inference, the bound is %d", n, maxAllocations)
	}
}

// BenchmarkInfer measures an inference with 3 KB of input over bare loopback on a
// backend that takes no time: the software overhead and the client's allocations.
func BenchmarkInfer(b *testing.B) {
	run := warm(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
