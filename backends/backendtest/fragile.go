package backendtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// The first byte of an input makes a fragile session misbehave.
const (
	Crash = 1 + iota // it prints a line and dies of SIGKILL
	Hang             // it never returns
)

// OpenFragile opens a session that misbehaves as its input says. It is a child.Opener; a test binary
// passes it to child.Run.
func OpenFragile(_ json.RawMessage, v fixtures.Variant) (backends.Session, error) {
	data, err := os.ReadFile(v.Path)
	if err != nil {
		return nil, err
	}
	if string(data) == "broken" {
		return nil, fmt.Errorf("%s: not a model", v.Path)
	}
	s, err := New("fragile", nil).Open(context.Background(), v)
	return fragile{s}, err
}

type fragile struct{ backends.Session }

func (f fragile) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	switch in[0][0] {
	case Crash:
		fmt.Fprintln(os.Stderr, "fragile: dividing by zero")
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(syscall.SIGKILL)
		}
		select {}
	case Hang:
		select {}
	}
	return f.Session.Infer(ctx, in, out)
}
