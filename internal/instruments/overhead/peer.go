package overhead

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"time"

	"github.com/crossover-bench/crossover/backends/offload"
)

// A peer is a server that Run starts as a process of its own: the gRPC echo, or a standalone host.
type peer struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  bytes.Buffer // its standard error
	host  offload.Host
}

// peerTimeout bounds how long a peer may take to listen, and to end.
const peerTimeout = 30 * time.Second

var addressForm = regexp.MustCompile(`127\.0\.0\.1:\d+\s*$`)

// startPeer starts a command that prints, as its first line, something that ends with the address it
// listens on. It ends when its standard input is closed, or when it is interrupted.
func startPeer(ctx context.Context, name string, command, env []string, input []byte) (_ *peer, err error) {
	p := &peer{cmd: exec.Command(command[0], command[1:]...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.said
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	first := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n') // empty if it ended
		first <- line
	}()
	if len(input) > 0 {
		_, err = p.stdin.Write(append(input, '\n'))
	}
	var line string
	select {
	case line = <-first:
	case <-time.After(peerTimeout):
		err = errors.Join(err, fmt.Errorf("it does not listen after %v", peerTimeout))
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	address := bytes.TrimSpace(addressForm.Find([]byte(line)))
	if err != nil || address == nil {
		closeErr := p.Close()
		return nil, fmt.Errorf("%s: it did not start: %w: %s", name, errors.Join(err, closeErr), p.said.String())
	}
	p.host = offload.Host{Name: name, Address: string(address)}
	return p, nil
}

// Close ends the peer and waits for it.
func (p *peer) Close() error {
	p.stdin.Close()
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended by itself
	kill := time.AfterFunc(peerTimeout, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	// Its end by the interrupt is how it should end.
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState.Exited() && p.cmd.ProcessState.ExitCode() > 0 {
		return fmt.Errorf("%w: %s", err, p.said.String())
	}
	return nil
}
