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

// trialVariable makes a process that contains this package a trial: it opens
// one file, runs it once, answers on descriptor 3 and ends.
const trialVariable = "CROSSOVER_TFLITE_TRIAL"

// execVariable holds the words that run a program of this architecture on this
// machine, as the -exec flag of go test does: an emulator with its flags, which
// a process under emulation needs to start itself again. Empty otherwise.
const execVariable = "CROSSOVER_EXEC"

// trial is the question to the child.
type trial struct {
	Config  config           `json:"config"`
	Variant fixtures.Variant `json:"variant"`
}

// answer is the child's.
type answer struct {
	OK          bool                       `json:"ok"`
	Error       string                     `json:"error,omitempty"`
	Unavailable *backends.UnavailableError `json:"unavailable,omitempty"`
}

// init silences the library and answers a trial before the program's own main
// begins. It is not left to a call in each main and TestMain: where that were
// forgotten, the child would run the whole program, or all its tests, again.
func init() {
	silence()
	question, ok := os.LookupEnv(trialVariable)
	if !ok {
		return
	}
	_ = os.Unsetenv(trialVariable)
	// Not os.Exit: the exit handlers that a driver leaves behind may hang.
	unix.Exit(answerTrial(question))
}

func answerTrial(question string) int {
	// What a driver starts must not keep the pipe open: the parent reads to its end.
	syscall.CloseOnExec(3)
	// Out of memory, the kernel shall end the child, not the run.
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
	if unavailable, ok := errors.AsType[*backends.UnavailableError](err); ok {
		a.Unavailable = unavailable
	}
	if err != nil {
		a.Error = err.Error()
	}
	a.OK = err == nil
	if json.NewEncoder(pipe).Encode(a) != nil {
		return 1
	}
	return 0
}

// run loads the file and infers once, on zeros. The library's output goes
// where the parent listens. That the model may not take zeros (it divides by
// them, say) is no verdict on the file: the process survived.
func (t *trial) run() error {
	t.Variant.Image = nil
	b := &backend{t.Config}
	s, err := b.newSession(t.Variant)
	if err != nil {
		return err
	}
	defer s.free()
	in, out := make([][]byte, len(s.in)), make([][]byte, len(s.out))
	for i := range in {
		in[i] = make([]byte, s.in[i].size)
	}
	for i := range out {
		out[i] = make([]byte, s.out[i].size)
	}
	_, _ = s.Infer(context.Background(), in, out)
	return nil
}

// verdicts remembers what trials found, so that each file is tried once a
// process for each way to run it, and not again while it is unchanged.
var verdicts = struct {
	sync.Mutex
	of map[string]error
}{of: map[string]error{}}

// try opens and runs the file with the given hash in a child process, and
// returns an error when the child could not or did not survive it.
func (b *backend) try(ctx context.Context, v fixtures.Variant, sum string) error {
	question, err := json.Marshal(trial{b.config, v})
	if err != nil {
		return fmt.Errorf("%s: %w", v.Path, err)
	}
	key := sum + string(question)
	verdicts.Lock()
	defer verdicts.Unlock()
	verdict, known := verdicts.of[key]
	if known {
		return verdict
	}
	verdict = b.runTrial(ctx, v.Path, question)
	if err := ctx.Err(); err != nil {
		return err
	}
	verdicts.of[key] = verdict
	return verdict
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
	words := []string{"/proc/self/exe"} // it is there even when the file was replaced
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
	child.WaitDelay = time.Second // a grandchild may hold the output open
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = child.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("%s: try it in a child process: %w", path, err)
	}
	var a answer
	// One answer, and it fits the pipe: the child never waits for its reader.
	waitErr := child.Wait()
	if errors.Is(waitErr, exec.ErrWaitDelay) {
		waitErr = nil // the child itself ended well
	}
	// Nothing more comes, but a process that a driver forked may hold the pipe open.
	_ = r.SetReadDeadline(time.Now().Add(time.Second))
	answerErr := json.NewDecoder(r).Decode(&a)
	switch {
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %s did not load it and run it once within %v, in a child process: it hangs or is too slow to measure%s",
			path, b.Name(), b.Limit, output.quoted())
	case waitErr == nil && answerErr == nil && a.OK:
		return nil
	case waitErr == nil && answerErr == nil && a.Unavailable != nil:
		return a.Unavailable
	case waitErr == nil && answerErr == nil:
		return errors.New(a.Error)
	}
	return fmt.Errorf("%s: %s in a child process that loaded it on %s and ran it once: the file is corrupt, or the library or a driver has a fault%s",
		path, death(child.ProcessState, waitErr), b.Name(), output.quoted())
}

// death says how a child ended that did not answer.
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

// head keeps the first bytes of an output: a crash says its cause first.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := maxWords - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// quoted returns the output for the end of an error.
func (h *head) quoted() string {
	text := oneLine(h.String())
	if text == "" {
		return ""
	}
	return "; it printed: " + text
}
