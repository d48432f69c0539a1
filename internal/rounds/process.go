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

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
)

// eventsDescriptor is the file descriptor on which the test binary sends its
// events: the first after standard input, output and error.
const eventsDescriptor = 3

// A Binary is the suites' test binary and how it is called.
type Binary struct {
	// Path is the binary, Args the flags that every call has: which models,
	// which hosts, which delegates.
	Path string
	Args []string
	// Dir is where the binary runs; the suites expect their own folder.
	Dir string
	// Log takes what the binary and the libraries within it print.
	Log *os.File
}

// run measures one batch in one process and hands each event to handle. It
// returns once the process has ended. A combination in which the process died
// or hung is handed on as failed, and those after it are returned as left: they
// have not been tried. The error is ctx's, handle's, or says that the binary
// does not work at all.
func (b Binary) run(ctx context.Context, bt batch, patience func(grid.Combination) time.Duration, handle func(results.Event) error) (left []grid.Combination, err error) {
	list, err := writeList(bt.todo)
	if err != nil {
		return nil, err
	}
	defer os.Remove(list)
	events, childEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer events.Close()

	args := append([]string{
		"-test.run=^$", "-test.bench=^BenchmarkInference$", "-test.count=1", "-test.timeout=0",
		"-test.benchtime=" + bt.block.String(),
		fmt.Sprintf("-events=%d", eventsDescriptor), fmt.Sprintf("-round=%d", bt.round),
		"-combinations=" + list,
	}, b.Args...)
	cmd := exec.Command(b.Path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.Dir, b.Log, b.Log
	cmd.ExtraFiles = []*os.File{childEnd}
	isolate(cmd)
	logStart, _ := b.Log.Seek(0, io.SeekEnd)
	err = cmd.Start()
	childEnd.Close()
	if err != nil {
		return nil, fmt.Errorf("start the test binary: %w", err)
	}

	var hung atomic.Bool
	watch := time.AfterFunc(patience(grid.Combination{}), func() {
		hung.Store(true)
		killGroup(cmd)
	})
	stop := context.AfterFunc(ctx, func() { killGroup(cmd) })
	defer stop()

	var current *grid.Combination
	ended := false
	done := map[grid.Combination]bool{}
	reader := results.NewEventReader(events)
	var streamErr, handleErr error
	for handleErr == nil {
		ev, err := reader.Next()
		if err != nil {
			streamErr = err
			break
		}
		switch ev.Kind {
		case results.EventStart:
			c := ev.Combination
			current = &c
			watch.Reset(patience(c))
		case results.EventEnd:
			ended = true
			watch.Reset(patience(grid.Combination{}))
		default:
			c := ev.Combination
			if ev.Block != nil {
				c = ev.Block.Combination
			}
			done[c], current = true, nil
			watch.Reset(patience(c))
		}
		if ctx.Err() == nil {
			handleErr = handle(ev)
		}
	}
	watch.Stop()
	if handleErr != nil || (streamErr != io.EOF && !errors.Is(streamErr, results.ErrTorn)) {
		killGroup(cmd)
	}
	waitErr := cmd.Wait()
	killGroup(cmd) // what the process started and left behind, such as an embedded host
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case handleErr != nil:
		return nil, handleErr
	case streamErr != io.EOF && !errors.Is(streamErr, results.ErrTorn):
		return nil, fmt.Errorf("the test binary: %w", streamErr)
	case ended && waitErr == nil:
		return nil, nil
	}

	cause := "the process ended early"
	if waitErr != nil {
		cause = "the process died: " + waitErr.Error()
	}
	if hung.Load() {
		cause = "the process hung and was killed: no result for longer than it may take"
	}
	if lines := b.lastLines(logStart); lines != "" {
		cause += "; it said:\n" + lines
	}
	if current == nil {
		if len(done) == 0 {
			return nil, fmt.Errorf("the test binary %s: %s", filepath.Base(b.Path), cause)
		}
		// It died between two combinations: no combination is to blame.
	} else {
		done[*current] = true
		if err := handle(results.Event{Kind: results.EventFail, Combination: *current, Reason: cause}); err != nil {
			return nil, err
		}
	}
	for _, c := range bt.todo {
		if !done[c] {
			left = append(left, c)
		}
	}
	return left, nil
}

// writeList writes the combinations' names to a file for -combinations; they may
// be more than a command line holds.
func writeList(combinations []grid.Combination) (file string, err error) {
	var b strings.Builder
	for _, c := range combinations {
		fmt.Fprintln(&b, c.Name())
	}
	list, err := os.CreateTemp("", "crossover-combinations-*.txt")
	if err != nil {
		return "", err
	}
	_, err = list.WriteString(b.String())
	if err = errors.Join(err, list.Close()); err != nil {
		os.Remove(list.Name())
		return "", err
	}
	return list.Name(), nil
}

// fatal are the beginnings of the lines in which Go's and C++'s runtimes say why
// they end a process; pages of registers and stacks may follow.
var fatal = []string{"SIG", "fatal error:", "panic:", "terminate called"}

// lastLines returns why the process ended, as far as it logged that since offset
// start: its fatal line, else the end of what it said.
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
