package suite

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
)

func TestMain(m *testing.M) {
	host.ChildMain(HostBackend)
	os.Exit(m.Run())
}

// tinySuite is the suite of the tiny grid.
func tinySuite(t *testing.T, hooks Hooks) *Suite {
	t.Helper()
	s, err := New(job.Job{Setup: job.Setup{Files: declared.Files{Grid: "../../suites/grids/tiny.yaml"}}}, hooks)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSuiteRestartsAnEmbeddedHostThatDied(t *testing.T) {
	s := tinySuite(t, Hooks{})
	defer s.Close()
	c := names.Combination{Variant: "model=tiny/input=32/compression=pq", Backend: names.OffloadSelf, Link: "direct"}
	v, err := s.Variant(c.Variant)
	if err != nil {
		t.Fatal(err)
	}
	serve := func() (pid int) {
		t.Helper()
		b, err := s.backend(c)
		if err != nil {
			t.Fatal(err)
		}
		session, err := b.Open(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		in, out := tensorsOf(session)
		if _, err := session.Infer(t.Context(), in, out); err != nil {
			t.Error(err)
		}
		if _, err := s.machineProbe(); err != nil {
			t.Fatal(err)
		}
		return s.self.PID()
	}
	first := serve()
	before := s.probe
	if again := serve(); again != first || s.probe != before {
		t.Errorf("host %d became %d although it lives, or its probe was replaced", first, again)
	}
	if s.self.Ended() {
		t.Error("a host that serves says that it has ended")
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !s.self.Ended(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a killed host says that it has not ended")
		}
	}
	if second := serve(); second == first || s.probe == before {
		t.Errorf("after host %d was killed: host %d, probe replaced: %t", first, second, s.probe != before)
	}
}
