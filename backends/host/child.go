package host

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/internal/exit"
)

// ChildEnv is the environment variable that makes a program's own binary an
// embedded host.
const ChildEnv = "CROSSOVER_HOST_CHILD"

// A ChildConfig is what an embedded host is told: one line of JSON on its
// standard input, which then stays open. The child ends when it closes, so that
// it never outlives its parent.
type ChildConfig struct {
	Models       []Model    `json:"models"`
	Threads      int        `json:"threads"` // 0: all cores
	Interpreters int        `json:"interpreters"`
	Queue        int        `json:"queue"`
	Memory       int64      `json:"memory"`
	Address      string     `json:"address"` // empty: any port on loopback
	Witness      bool       `json:"witness"`
	Level        slog.Level `json:"level"` // of the log on standard error
}

// Listening is what an embedded host prints before its address when it serves.
const Listening = "listening "

// ChildMain turns the process into an embedded host when its environment says
// so, and never returns then; else it does nothing. main and TestMain call it
// first. open gives the local backend with that many threads.
func ChildMain(open func(threads int) (backends.Backend, error)) {
	if os.Getenv(ChildEnv) == "" {
		return
	}
	_ = os.Unsetenv(ChildEnv) // what this process starts is no embedded host
	// An interrupt at the terminal reaches parent and child; the child stays
	// for what its parent still has to finish.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	if err := serveChild(os.Stdin, os.Stdout, os.Stderr, open); err != nil {
		fmt.Fprintln(os.Stderr, "embedded host:", err)
		os.Exit(int(exit.Internal))
	}
	os.Exit(int(exit.OK))
}

func serveChild(stdin io.Reader, stdout, stderr io.Writer, open func(threads int) (backends.Backend, error)) error {
	in := bufio.NewReader(stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	var c ChildConfig
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	b, err := open(c.Threads)
	if err != nil {
		return err
	}
	// The Go side of an embedded host moves bytes for as many requests as it has
	// interpreters; more processors would only add wake-ups of threads to each
	// request, a quarter of the software's overhead on two cores. The runtime's
	// own threads, which do the work, are not bound by it.
	runtime.GOMAXPROCS(max(c.Interpreters, 1))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := New(ctx, Options{
		Models: c.Models, Backend: b, Interpreters: c.Interpreters, Queue: c.Queue, Memory: c.Memory, Witness: c.Witness,
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.Level})),
	})
	if err != nil {
		return err
	}
	address := c.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in) // until the parent closes it or dies
		cancel()
	}()
	if _, err := fmt.Fprintf(stdout, "%s%s\n", Listening, l.Addr()); err != nil {
		return err
	}
	return s.Serve(ctx, l)
}
