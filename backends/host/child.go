package host

import (
	"bufio"
	"cmp"
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
)

// ChildEnv is the environment variable that makes a program's binary run as an embedded host.
const ChildEnv = "CROSSOVER_HOST_CHILD"

// A ChildConfig configures an embedded host. The parent writes it as one line of JSON to the
// child's standard input and keeps that open. The child ends when it closes, so it never outlives
// its parent.
type ChildConfig struct {
	Models       []Served `json:"models"`
	Threads      int      `json:"threads"` // 0 means all cores
	Interpreters int      `json:"interpreters"`
	Queue        int      `json:"queue"`
	Memory       int64    `json:"memory"`
	Witness      bool     `json:"witness"`
}

// Listening is what an embedded host prints before its address when it serves.
const Listening = "listening "

// ChildMain runs the process as an embedded host if its environment says so, and then does not
// return; otherwise it does nothing. main and TestMain call it first. open returns the local
// backend with that many threads.
func ChildMain(open func(threads int) backends.Backend) {
	if os.Getenv(ChildEnv) == "" {
		return
	}
	_ = os.Unsetenv(ChildEnv) // child processes of this one are not embedded hosts
	// An interrupt at the terminal reaches parent and child. The child must go on serving until its
	// parent has finished.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	if err := serveChild(open); err != nil {
		fmt.Fprintln(os.Stderr, "embedded host:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serveChild(open func(threads int) backends.Backend) error {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	var c ChildConfig
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	// The Go side of an embedded host only moves bytes, for one request per interpreter. More
	// processors would wake more threads for each request, which was a quarter of the software
	// overhead on two cores. The limit does not apply to the threads of TensorFlow Lite.
	runtime.GOMAXPROCS(max(c.Interpreters, 1))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := New(ctx, Options{
		Models: c.Models, Backend: open(cmp.Or(c.Threads, runtime.NumCPU())),
		Interpreters: c.Interpreters, Queue: c.Queue, Memory: c.Memory, Witness: c.Witness,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in) // until the parent closes it or dies
		cancel()
	}()
	if _, err := fmt.Printf("%s%s\n", Listening, l.Addr()); err != nil {
		return err
	}
	return s.Serve(ctx, l)
}
