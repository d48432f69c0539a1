package offload_test

import (
	"context"
	"testing"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
)

// warm returns a function that runs one inference on the embedded host, whose
// allocations are in another process.
func warm(t testing.TB) func() {
	t.Helper()
	v := variant(t)
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: models(v)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := self.Backend(link.Shape{Name: link.Direct}).Open(context.Background(), v)
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

// maxAllocations bounds what one offloaded inference allocates at the client:
// grpc-go's own for a unary call, and the response's tensors and parameters.
const maxAllocations = 140

func TestAllocationsOfAnInferenceAreBounded(t *testing.T) {
	if n := testing.AllocsPerRun(200, warm(t)); n > maxAllocations {
		t.Errorf("%.0f allocations an inference, the bound is %d", n, maxAllocations)
	}
}

// BenchmarkInfer is an inference of 3 KB in over bare loopback on a backend that
// takes no time: what the software costs, beside the allocations at the client.
func BenchmarkInfer(b *testing.B) {
	run := warm(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
