package rounds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
)

// About is what a test binary says of itself when it is called with -about: it
// alone knows the runtime that is linked into it.
type About struct {
	Config   map[string]string `json:"config"`           // its part of bench.txt's file configuration
	Versions map[string]string `json:"versions"`         // by component
	Hashes   map[string]string `json:"hashes,omitempty"` // SHA-256 of the variants, by name
	Procs    int               `json:"procs"`            // GOMAXPROCS
	Cores    int               `json:"cores"`            // processors it may use
}

// About asks the binary.
func (b Binary) About(ctx context.Context) (*About, error) {
	cmd := exec.CommandContext(ctx, b.Path, append([]string{"-about"}, b.Args...)...)
	cmd.Dir = b.Dir
	out, err := cmd.Output()
	if err != nil {
		said := ""
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			said = strings.TrimSpace(string(e.Stderr))
		}
		return nil, fmt.Errorf("the test binary %s does not start: %w\n%s", filepath.Base(b.Path), err, said)
	}
	var a About
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, fmt.Errorf("the test binary %s says of itself %q: %w", filepath.Base(b.Path), out, err)
	}
	return &a, nil
}

// Skipped asks the binary which of the combinations cannot run here, and why. It
// opens and measures nothing. The binary's Log must be set.
func (b Binary) Skipped(ctx context.Context, combinations []grid.Combination) (map[grid.Combination]string, error) {
	skipped := map[grid.Combination]string{}
	b.Args = append(slices.Clone(b.Args), "-dry")
	left, err := b.run(ctx, batch{block: probeTime, todo: combinations}, func(grid.Combination) time.Duration { return time.Minute }, func(ev results.Event) error {
		if ev.Kind == results.EventSkip || ev.Kind == results.EventFail {
			skipped[ev.Combination] = ev.Reason
		}
		return nil
	})
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("the test binary %s died while it was asked what can run", filepath.Base(b.Path))
	}
	return skipped, err
}
