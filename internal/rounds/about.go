package rounds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
	Hashes   map[string]string `json:"hashes,omitempty"` // SHA-256 of the variants and delegates, by name
	Procs    int               `json:"procs"`            // GOMAXPROCS
	Cores    int               `json:"cores"`            // processors it may use
}

// About asks the binary.
func (b Binary) About(ctx context.Context) (*About, error) {
	var a About
	if err := b.Ask(ctx, "about", nil, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// Ask calls the binary with a flag that is a question, about the combinations
// when there are any, and decodes its answer, one JSON value, into the value that
// into points to.
func (b Binary) Ask(ctx context.Context, question string, combinations []grid.Combination, into any) error {
	args := append([]string{"-" + question}, b.Args...)
	if len(combinations) > 0 {
		list, err := writeList(combinations)
		if err != nil {
			return err
		}
		defer os.Remove(list)
		args = append(args, "-combinations="+list)
	}
	cmd := exec.CommandContext(ctx, b.Path, args...)
	cmd.Dir = b.Dir
	out, err := cmd.Output()
	if err != nil {
		said := ""
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			said = strings.TrimSpace(string(e.Stderr))
		}
		return fmt.Errorf("the test binary %s does not answer -%s: %w\n%s", filepath.Base(b.Path), question, err, said)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("the test binary %s answers -%s with %q: %w", filepath.Base(b.Path), question, out, err)
	}
	return nil
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
