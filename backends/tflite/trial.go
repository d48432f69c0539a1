//go:build cgo && linux

package tflite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/fixtures"
)

// trialVariable makes a process that contains this package run a trial: it opens one file, runs it
// once, answers on descriptor 3 and ends.
const trialVariable = "CROSSOVER_TFLITE_TRIAL"

// A trial is what the child is asked.
type trial struct {
	Config  config           `json:"config"`
	Variant fixtures.Variant `json:"variant"`
}

// An answer is the child's.
type answer struct {
	Error       string                     `json:"error"` // empty for a success
	Unavailable *backends.UnavailableError `json:"unavailable,omitempty"`
}

// init silences the library, and runs an isolated session or answers a trial before the program's main
// starts. It is not a
// function for each main and TestMain to call: if one forgot, the child would run the whole
// program, or all its tests.
func init() {
	silence()
	child.Run(sessionKind, openIsolated)
	question, ok := os.LookupEnv(trialVariable)
	if !ok {
		return
	}
	_ = os.Unsetenv(trialVariable)
	// Not os.Exit, because exit handlers of a driver may hang.
	unix.Exit(answerTrial(question))
}

func answerTrial(question string) int {
	child.Tie()
	// A process that a driver starts must not keep the pipe open, because the parent reads to its
	// end.
	syscall.CloseOnExec(3)
	child.Expendable()
	dieOfSignals()
	pipe := os.NewFile(3, "answer")
	var t trial
	var a answer
	err := json.Unmarshal([]byte(question), &t)
	if err == nil {
		err = t.run()
	}
	if err != nil {
		a.Error = err.Error()
		a.Unavailable, _ = errors.AsType[*backends.UnavailableError](err)
	}
	if json.NewEncoder(pipe).Encode(a) != nil {
		return 1
	}
	return 0
}

// run loads the file and infers once, on zeros. The library's output goes to the parent. An error
// of the inference does not count, because a model may not accept zeros (it may divide by them):
// what counts is that the process survived.
func (t *trial) run() error {
	t.Variant.Image = nil
	b := &backend{t.Config}
	s, err := b.newSession(t.Variant)
	if err != nil {
		return err
	}
	defer s.free()
	_, _ = s.Infer(context.Background(), backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs()))
	return nil
}

// outcomes caches the results of trials: an unchanged file is tried once per process on each
// backend. A trial makes nobody wait but those who want the same one.
var outcomes = struct {
	sync.Mutex
	of map[string]*outcome
}{of: map[string]*outcome{}}

type outcome struct {
	done chan struct{}
	err  error
	kept bool // false if the trial was interrupted, so that the next one tries again
}

// try opens and runs the file with the given hash in a child process. It returns an error if the
// child failed or died.
func (b *backend) try(ctx context.Context, v fixtures.Variant, sum string) error {
	question, err := json.Marshal(trial{b.config, v})
	if err != nil {
		return fmt.Errorf("%s: %w", v.Path, err)
	}
	on, err := json.Marshal(b.config)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Path, err)
	}
	key := sum + string(on) + string(v.Name)
	for {
		outcomes.Lock()
		o := outcomes.of[key]
		if o == nil {
			o = &outcome{done: make(chan struct{})}
			outcomes.of[key] = o
			outcomes.Unlock()
			o.err = b.runTrial(ctx, v.Path, question)
			if err := ctx.Err(); err != nil {
				o.err = err
				outcomes.Lock()
				delete(outcomes.of, key)
				outcomes.Unlock()
			} else {
				o.kept = true
			}
			close(o.done)
			return o.err
		}
		outcomes.Unlock()
		select {
		case <-o.done:
			if o.kept {
				return o.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *backend) runTrial(ctx context.Context, path string, question []byte) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("%s: try it in a child process: %w", path, err)
	}
	defer r.Close()
	limited, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	p, err := child.Start(trialVariable, string(question), w)
	w.Close()
	if err != nil {
		return fmt.Errorf("%s: try it in a child process: %w", path, err)
	}
	stop := context.AfterFunc(limited, func() { p.Kill("was killed") })
	defer stop()
	<-p.Ended() // the answer fits into the pipe, so the child never waits for its reader
	died := p.Died()
	printed := ""
	if died.Words != "" {
		printed = "; it printed: " + died.Words
	}
	var a answer
	// Nothing more comes, but a process forked by a driver may keep the pipe open.
	_ = r.SetReadDeadline(time.Now().Add(time.Second))
	answerErr := json.NewDecoder(r).Decode(&a)
	switch {
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %s did not load it and run it once within %v, in a child process: "+
			"it hangs or is too slow to measure%s", path, b.Name(), b.Limit, printed)
	case p.Err() == nil && answerErr == nil && a.Error == "":
		return nil
	case p.Err() == nil && answerErr == nil && a.Unavailable != nil:
		return a.Unavailable
	case p.Err() == nil && answerErr == nil:
		return errors.New(a.Error)
	}
	return fmt.Errorf("%s: a child process that loaded it on %s and ran it once %s: "+
		"the file is corrupt, or the library or a driver has a fault%s", path, b.Name(), died.How, printed)
}
