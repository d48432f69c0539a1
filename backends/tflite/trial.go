//go:build cgo && linux

package tflite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// trialVariable makes a process that contains this package run a trial: it opens one file, runs it
// once, answers on descriptor 3 and ends.
const trialVariable = "CROSSOVER_TFLITE_TRIAL"

// execVariable holds the command that runs a program of this architecture on this machine, as the
// -exec flag of go test does: an emulator with its flags, with which an emulated process starts
// itself again. Empty otherwise.
const execVariable = "CROSSOVER_EXEC"

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

// init silences the library and answers a trial before the program's main starts. It is not a
// function for each main and TestMain to call: if one forgot, the child would run the whole
// program, or all its tests.
func init() {
	silence()
	question, ok := os.LookupEnv(trialVariable)
	if !ok {
		return
	}
	_ = os.Unsetenv(trialVariable)
	// Not os.Exit, because exit handlers of a driver may hang.
	unix.Exit(answerTrial(question))
}

func answerTrial(question string) int {
	// A process that a driver starts must not keep the pipe open, because the parent reads to its
	// end.
	syscall.CloseOnExec(3)
	// If memory runs out, the kernel should kill the child and not the run.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
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
// backend.
var outcomes = struct {
	sync.Mutex
	of map[string]error
}{of: map[string]error{}}

// try opens and runs the file with the given hash in a child process. It returns an error if the
// child failed or died.
func (b *backend) try(ctx context.Context, v fixtures.Variant, sum string) error {
	question, err := json.Marshal(trial{b.config, v})
	if err != nil {
		return fmt.Errorf("%s: %w", v.Path, err)
	}
	key := sum + string(question)
	outcomes.Lock()
	defer outcomes.Unlock()
	outcome, known := outcomes.of[key]
	if known {
		return outcome
	}
	outcome = b.runTrial(ctx, v.Path, question)
	if err := ctx.Err(); err != nil {
		return err
	}
	outcomes.of[key] = outcome
	return outcome
}

func (b *backend) runTrial(ctx context.Context, path string, question []byte) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("%s: try it in a child process: %w", path, err)
	}
	defer r.Close()
	limited, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	var output head
	words := []string{"/proc/self/exe"} // still this program if its file was replaced
	if emulator := strings.Fields(os.Getenv(execVariable)); len(emulator) > 0 {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("%s: try it in a child process: %w", path, err)
		}
		words = append(emulator, self)
	}
	child := exec.CommandContext(limited, words[0], words[1:]...)
	child.Env = append(os.Environ(), trialVariable+"="+string(question))
	child.ExtraFiles = []*os.File{w}
	child.Stdout, child.Stderr = &output, &output
	child.WaitDelay = time.Second // a grandchild may keep the output open
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = child.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("%s: try it in a child process: %w", path, err)
	}
	var a answer
	// The answer fits into the pipe, so the child never waits for its reader.
	waitErr := child.Wait()
	if errors.Is(waitErr, exec.ErrWaitDelay) {
		waitErr = nil // the child itself succeeded
	}
	// Nothing more comes, but a process forked by a driver may keep the pipe open.
	_ = r.SetReadDeadline(time.Now().Add(time.Second))
	answerErr := json.NewDecoder(r).Decode(&a)
	switch {
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %s did not load it and run it once within %v, in a child process: "+
			"it hangs or is too slow to measure%s", path, b.Name(), b.Limit, output.quoted())
	case waitErr == nil && answerErr == nil && a.Error == "":
		return nil
	case waitErr == nil && answerErr == nil && a.Unavailable != nil:
		return a.Unavailable
	case waitErr == nil && answerErr == nil:
		return errors.New(a.Error)
	}
	return fmt.Errorf("%s: %s in a child process that loaded it on %s and ran it once: "+
		"the file is corrupt, or the library or a driver has a fault%s",
		path, death(child.ProcessState, waitErr), b.Name(), output.quoted())
}

// death says how a child ended without an answer.
func death(state *os.ProcessState, err error) string {
	if state == nil {
		return fmt.Sprint(err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		name := unix.SignalName(status.Signal())
		if status.Signal() == syscall.SIGKILL {
			name += " (the kernel's answer to a process that takes too much memory)"
		}
		return "killed by " + name
	}
	return state.String()
}

// A head keeps the first bytes of an output, because a crash prints its cause first.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := maxWords - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// quoted returns the output as the end of an error message.
func (h *head) quoted() string {
	text := oneLine(h.String())
	if text == "" {
		return ""
	}
	return "; it printed: " + text
}
