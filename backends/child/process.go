// Package child runs what may crash or hang in child processes of this program: one home for starting
// them, watching over them, killing them, and what they said last.
//
//  1. Start starts this program again. Its init or main must find the variable in the environment and
//     call Tie first, so that it does not outlive its parent.
//  2. New is a backend whose sessions run in children. Each inference has a limit. A child that dies or
//     is killed gives a *DiedError.
//  3. Run is the child's side of such a session.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ExecVariable holds the command that runs a program of this architecture on this machine, as the
// -exec flag of go test does: an emulator with its flags, with which an emulated process starts itself
// again. Empty otherwise.
const ExecVariable = "CROSSOVER_EXEC"

// A DiedError says how a child process died, or that it was killed and why.
type DiedError struct {
	How   string // "was killed by SIGFPE", "took longer than 10s for an inference and was killed"
	Words string // what it printed; empty if nothing
}

func (e *DiedError) Error() string {
	if e.Words == "" {
		return "its process " + e.How
	}
	return fmt.Sprintf("its process %s; it printed: %s", e.How, e.Words)
}

// A Killer is a session whose Kill ends what runs in it.
type Killer interface{ Kill() }

// A Process is a child.
type Process struct {
	cmd   *exec.Cmd
	life  io.Closer // the child ends when it is closed
	words words
	ended chan struct{}
	err   error // of waiting, once it has ended

	mu     sync.Mutex
	killed string // why, if it was
}

// Start starts this program as a child with name=value in its environment. files become its
// descriptors from 3 on.
func Start(name, value string, files ...*os.File) (*Process, error) {
	words := []string{"/proc/self/exe"} // still this program if its file was replaced
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if emulator := strings.Fields(os.Getenv(ExecVariable)); len(emulator) > 0 {
		words = append(emulator, self)
	} else if _, err := os.Stat(words[0]); err != nil {
		words[0] = self
	}
	p := &Process{cmd: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), name+"="+value)
	p.cmd.ExtraFiles = files
	p.cmd.Stdout, p.cmd.Stderr = &p.words, &p.words
	p.cmd.WaitDelay = time.Second // a grandchild may keep the output open
	p.cmd.SysProcAttr = alone()
	if p.life, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		if p.err = p.cmd.Wait(); errors.Is(p.err, exec.ErrWaitDelay) {
			p.err = nil // the child itself succeeded
		}
		close(p.ended)
	}()
	return p, nil
}

// Tie ends this process when its parent closes its standard input or dies. A child calls it first.
func Tie() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err returns how waiting for the process failed. It may be called once Ended is closed.
func (p *Process) Err() error { return p.err }

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill kills the process and what it started. why completes "its process ..."; only the first counts.
func (p *Process) Kill(why string) {
	p.mu.Lock()
	if p.killed == "" {
		p.killed = why
	}
	p.mu.Unlock()
	killGroup(p.cmd.Process)
}

// Close asks the process to end and kills it if it does not within a second.
func (p *Process) Close() {
	p.life.Close()
	select {
	case <-p.ended:
	case <-time.After(time.Second):
		p.Kill("did not end when it was told to, and was killed")
		<-p.ended
	}
}

// Died waits until the process has ended, for which it must have been killed or be about to die, and
// says how.
func (p *Process) Died() *DiedError {
	select {
	case <-p.ended:
	case <-time.After(time.Second):
		p.Kill("stopped answering and was killed")
		<-p.ended
	}
	p.life.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	how := p.killed
	if how == "" {
		how = death(p.cmd.ProcessState, p.err)
	}
	return &DiedError{How: how, Words: p.words.text()}
}

// Words returns what the process printed, on one line.
func (p *Process) Words() string { return p.words.text() }

// death says how a process ended by itself.
func death(state *os.ProcessState, err error) string {
	if state == nil {
		return fmt.Sprintf("ended: %v", err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		name := signalName(status.Signal())
		if status.Signal() == syscall.SIGKILL {
			name += " (the kernel's answer to a process that takes too much memory)"
		}
		return "was killed by " + name
	}
	return "ended with " + state.String()
}

// words keeps the first bytes of an output, because a crash prints its cause first.
type words struct {
	mu   sync.Mutex
	kept []byte
}

// maxWords is how many bytes of the output are kept.
const maxWords = 2048

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, b[:min(len(b), maxWords-len(w.kept))]...)
	return len(b), nil
}

// forget drops what was kept.
func (w *words) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = w.kept[:0]
}

// text returns the lines of what was kept, each once: a library may report an error for every tensor.
func (w *words) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := make(map[string]bool)
	var lines []string
	for line := range strings.Lines(string(w.kept)) {
		if line = strings.TrimSpace(line); line != "" && !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
