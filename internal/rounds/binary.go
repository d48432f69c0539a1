package rounds

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// A Binary is the suites' test binary and the setup that its jobs share.
type Binary struct {
	Path      string
	Setup     job.Setup
	Reference bool     // time the reference network before each block
	Log       *os.File // receives what the binary and its libraries print
}

// Check asks which of the combinations cannot run here, or would fail, and why. The binary opens
// and measures nothing. Log must be set.
func (b Binary) Check(ctx context.Context, combinations []names.Combination) (map[names.Combination]string, error) {
	lacking := map[names.Combination]string{}
	patience := func(names.Combination) time.Duration { return time.Minute }
	p := process{binary: b, patience: patience, handle: func(ev results.Event) error {
		if ev.Kind == results.EventSkip || ev.Kind == results.EventFail {
			lacking[ev.Combination] = ev.Reason
		}
		return nil
	}}
	left, err := p.run(ctx, b.job(job.Check, combinations))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("the test binary %s died while it was asked what can run", filepath.Base(b.Path))
	}
	return lacking, err
}

func (b Binary) job(t job.Task, combinations []names.Combination) job.Job {
	return job.Job{
		Version: job.Version, Task: t, Combinations: combinations, Reference: b.Reference, Setup: b.Setup,
	}
}

// command returns the command that does a job; its standard output and error are not set.
func (b Binary) command(ctx context.Context, j job.Job, flags ...string) (*exec.Cmd, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.Path, append(flags, "-job")...)
	cmd.Stdin = bytes.NewReader(text)
	return cmd, nil
}

// Ask gives the binary a job that is a question, job.Describe or job.Agreement, and decodes its
// answer, one JSON value, into the value that into points to.
func (b Binary) Ask(ctx context.Context, question job.Task, combinations []names.Combination, into any) error {
	cmd, err := b.command(ctx, b.job(question, combinations))
	if err != nil {
		return err
	}
	out, err := cmd.Output()
	if err != nil {
		said := ""
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			said = strings.TrimSpace(string(e.Stderr))
		}
		return fmt.Errorf("the test binary %s failed at the job %q: %w\n%s", filepath.Base(b.Path), question, err, said)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("the test binary %s answered the job %q with %q: %w", filepath.Base(b.Path), question, out, err)
	}
	return nil
}
