package rounds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// A process is one run of the test binary that does a job and sends events.
type process struct {
	binary Binary
	// patience returns how long the next event may take after one about a combination; the zero
	// combination stands for the start.
	patience func(names.Combination) time.Duration
	handle   func(results.Event) error

	cmd     *exec.Cmd
	hung    atomic.Bool
	current *names.Combination  // started and without a result
	left    []names.Combination // without a result
	ended   bool                // the binary said that it did the whole job
}

// run does the job in one process and passes each event to handle. It returns once the process has
// ended. If it died or hung during a combination, handle gets that one as failed, and those that
// were not tried are returned as left. The error is ctx's, handle's, or says that the binary does
// not work at all.
func (p *process) run(ctx context.Context, j job.Job) (left []names.Combination, err error) {
	logStart, _ := p.binary.Log.Seek(0, io.SeekEnd) // before the process can say anything
	events, err := p.start(ctx, j)
	if err != nil {
		return nil, err
	}
	defer events.Close()
	stop := context.AfterFunc(ctx, func() { killGroup(p.cmd) })
	defer stop()

	err = p.follow(ctx, results.NewEventReader(events))
	if err != nil {
		killGroup(p.cmd)
	}
	waitErr := p.cmd.Wait()
	killGroup(p.cmd) // what the process started and left behind, such as an embedded host
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case p.ended && waitErr == nil:
		return nil, nil
	}
	return p.lost(j, p.cause(waitErr, logStart))
}

func (p *process) start(ctx context.Context, j job.Job) (events *os.File, err error) {
	p.left = slices.Clone(j.Combinations)
	events, childEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childEnd.Close()
	p.cmd, err = p.binary.command(context.WithoutCancel(ctx), j,
		"-test.run=^$", "-test.bench=^BenchmarkInference$", "-test.count=1", "-test.timeout=0",
		"-test.benchtime="+max(j.Block, time.Nanosecond).String())
	if err == nil {
		p.cmd.Stdout, p.cmd.Stderr = p.binary.Log, p.binary.Log
		p.cmd.ExtraFiles = []*os.File{childEnd} // job.EventsDescriptor
		isolate(p.cmd)
		err = p.cmd.Start()
	}
	if err != nil {
		events.Close()
		return nil, fmt.Errorf("start the test binary: %w", err)
	}
	return events, nil
}

// follow passes on events until the stream ends or handle fails, and kills the process if an event
// takes longer than patience allows. A stream that ends early is not an error here: how the process
// ended says why.
func (p *process) follow(ctx context.Context, events *results.EventReader) error {
	watch := time.AfterFunc(p.patience(names.Combination{}), func() {
		p.hung.Store(true)
		killGroup(p.cmd)
	})
	defer watch.Stop()
	for {
		ev, err := events.Next()
		if err == io.EOF || errors.Is(err, results.ErrTorn) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the test binary: %w", err)
		}
		c := ev.Combination
		switch {
		case ev.Kind == results.EventStart:
			p.current = &c
		case ev.Kind == results.EventEnd:
			p.ended = true
		default:
			if ev.Block != nil {
				c = ev.Block.Combination
			}
			p.finish(c)
		}
		watch.Reset(p.patience(c))
		if ctx.Err() == nil {
			if err := p.handle(ev); err != nil {
				return err
			}
		}
	}
}

func (p *process) finish(c names.Combination) {
	p.left = slices.DeleteFunc(p.left, func(l names.Combination) bool { return l == c })
	p.current = nil
}

func (p *process) cause(waitErr error, logStart int64) string {
	cause := "the process ended early"
	if waitErr != nil {
		cause = "the process died: " + waitErr.Error()
	}
	if p.hung.Load() {
		cause = "the process hung and was killed: no result for longer than it may take"
	}
	if lines := p.binary.lastLines(logStart); lines != "" {
		cause += "; it said:\n" + lines
	}
	return cause
}

// lost passes on the combination during which the process died as failed, and returns those that
// were not tried.
func (p *process) lost(j job.Job, cause string) (left []names.Combination, err error) {
	switch {
	case p.current != nil:
		failed := results.Event{Kind: results.EventFail, Combination: *p.current, Reason: cause}
		p.finish(failed.Combination)
		err = p.handle(failed)
	case len(p.left) == len(j.Combinations):
		err = fmt.Errorf("the test binary %s: %s", filepath.Base(p.binary.Path), cause)
	}
	// It may have died between two combinations: then neither caused it.
	return p.left, err
}

// fatal are the beginnings of the lines in which Go's and C++'s runtimes say why they end a
// process; pages of registers and stacks may follow.
var fatal = []string{"SIG", "fatal error:", "panic:", "terminate called"}

// lastLines returns why the process ended, as far as it logged that after offset start: its fatal
// line, or the last lines of what it said.
func (b Binary) lastLines(start int64) string {
	const most, bytes = 6, 64 << 10
	end, err := b.Log.Seek(0, io.SeekEnd)
	if err != nil || end <= start {
		return ""
	}
	from := max(start, end-bytes)
	buf := make([]byte, end-from)
	if _, err := b.Log.ReadAt(buf, from); err != nil && err != io.EOF {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(buf)), "\n")
	for i, l := range lines {
		if slices.ContainsFunc(fatal, func(f string) bool { return strings.HasPrefix(l, f) }) {
			lines = lines[i : i+1]
			break
		}
	}
	return "    " + strings.Join(lines[max(0, len(lines)-most):], "\n    ")
}
