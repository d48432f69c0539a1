package offload

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/internal/names"
)

// A Self is the embedded host: this binary as a child process that serves on loopback. It ends with
// Close, or with this process.
type Self struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	address string
	log     *tail
	once    sync.Once
	ended   chan struct{}
	err     error
}

// startTimeout bounds how long the embedded host may take until it listens.
const startTimeout = 30 * time.Second

// StartSelf starts the embedded host. The program's main must begin with host.ChildMain. log
// receives the child's log; nil drops it.
func StartSelf(ctx context.Context, c host.ChildConfig, log io.Writer) (*Self, error) {
	if log == nil {
		log = io.Discard
	}
	s := &Self{log: &tail{to: log}, ended: make(chan struct{})}
	if err := s.start(ctx, c); err != nil {
		return nil, fmt.Errorf("embedded host: %w", err)
	}
	return s, nil
}

func (s *Self) start(ctx context.Context, c host.ChildConfig) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.Command(exe)
	s.cmd.Env = append(os.Environ(), host.ChildEnv+"=1")
	s.cmd.Stderr = s.log
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	said := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n') // empty if the child ended
		said <- line
		_, _ = io.Copy(io.Discard, r)
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	if err := json.NewEncoder(s.stdin).Encode(c); err != nil {
		return errors.Join(fmt.Errorf("sending its configuration: %w", err), s.Close())
	}
	select {
	case line := <-said:
		var ok bool
		if s.address, ok = strings.CutPrefix(strings.TrimSpace(line), host.Listening); ok {
			return nil
		}
		s.Close()
		return fmt.Errorf("it did not start: %w: %s", cmp.Or(s.err, errors.New("it ended")), s.log.last())
	case <-time.After(startTimeout):
		return errors.Join(fmt.Errorf("not listening after %v: %s", startTimeout, s.log.last()), s.Close())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Close())
	}
}

// Host returns the embedded host as a declared one.
func (s *Self) Host() Host { return Host{Name: names.SelfHost, Address: s.address} }

// Backend returns offload-self over a link of that shape.
func (s *Self) Backend(shape link.Shape) backends.Backend { return New(s.Host(), shape) }

// PID returns the process id of the embedded host, whose processor time does not count as this
// process's.
func (s *Self) PID() int { return s.cmd.Process.Pid }

// Ended reports whether the embedded host has ended, by Close or by itself.
func (s *Self) Ended() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Close ends the embedded host and waits for it. It returns an error if the host failed or had to
// be killed. Closing twice is allowed.
func (s *Self) Close() error {
	s.once.Do(func() {
		s.stdin.Close()
		select {
		case <-s.ended:
		case <-time.After(startTimeout):
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
	})
	if s.err != nil {
		return fmt.Errorf("embedded host: %w: %s", s.err, s.log.last())
	}
	return nil
}

// A tail writes a log through and keeps its last bytes for an error.
type tail struct {
	to  io.Writer
	mu  sync.Mutex
	end []byte
}

const tailBytes = 2000

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	t.end = t.end[max(0, len(t.end)-tailBytes):]
	return t.to.Write(p)
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
