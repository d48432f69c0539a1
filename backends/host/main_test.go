package host

import (
	"os"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/child"
)

func TestMain(m *testing.M) {
	child.Run("fragile", backendtest.OpenFragile)
	serveVictim()

	os.Exit(m.Run())
}

// until waits until a condition holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
