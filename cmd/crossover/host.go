package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
)

type hostCmd struct {
	Models string `required:"" placeholder:"DIR" help:"Folder of .tflite files."`

	Shape []string `sep:"none" placeholder:"INPUT=1,5,128,1" help:"Shape of an input of your own files; repeatable."`

	Catalog string `placeholder:"FILE" help:"Catalog of the variants; the built-in one by default."`
	Listen  string `default:"127.0.0.1:8001" placeholder:"ADDR" help:"Address; who reaches it can run inferences."`

	Backend  names.Backend `placeholder:"NAME" help:"Local backend, such as cpu4; cpu with every core by default."`
	Threads  int           `placeholder:"N" help:"Threads of each interpreter: another way to say --backend cpuN."`
	Delegate string        `placeholder:"FILE" help:"Run the models on an external delegate, named by --backend (npu)."`

	DelegateOptions map[string]string `name:"delegate-option" placeholder:"KEY=VALUE" help:"Repeatable."`

	Interpreters int   `default:"1" placeholder:"N" help:"Interpreters, and so parallel requests, of each model."`
	Queue        int   `default:"64" placeholder:"N" help:"Requests of each model that may wait."`
	Preload      bool  `help:"Load every model at the start instead of on its first use."`
	Memory       int64 `placeholder:"MB" help:"Megabytes that loaded models may take; 0 means unlimited."`

	TLSCert   string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain (PEM) to serve over TLS."`
	TLSKey    string `name:"tls-key" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	ClientCA  string `name:"client-ca" placeholder:"FILE" help:"Require client certificates of these (PEM)."`
	TokenFile string `placeholder:"FILE" help:"Tokens that callers must send: one, or NAME TOKEN on each line."`
	Insecure  bool   `help:"Listen beyond this machine without TLS, or without tokens and client certificates."`

	Isolate bool         `help:"Run every model in a child process; files without a manifest always do."`
	Child   child.Limits `embed:"" group:"Limits:"`
	Limits  host.Limits  `embed:"" group:"Limits:"`

	Metrics  string `placeholder:"ADDR" help:"Serve /metrics (Prometheus) and /healthz on this address."`
	Log      string `placeholder:"FILE" help:"Append the log to this file, opened anew on SIGHUP, not to standard error."`
	LogLevel string `enum:"debug,info,warn,error" default:"info" help:"Least level to log; debug logs every request."`
	LogJSON  bool   `name:"log-json" help:"Log as JSON, one object a line."`
}

func (*hostCmd) Help() string {
	return `The catalog's variants among the models take images, all other files their own tensors, or an image for a
float32 input that is one, as bytes or JPEG. Their shapes are the stored ones, unless --shape (FILE:INPUT=DIMS for one
file) or models.yaml in the folder says otherwise; they must be those that the device chose. A delegate is a
library such as libvx_delegate.so, with the options --delegate-option KEY=VALUE. A request that finds the queue full is
refused with RESOURCE_EXHAUSTED. Above the memory limit the least recently used model is closed. The default address is
reachable from this machine alone. Certificates and tokens are read again when their files change. A first SIGINT or
SIGTERM lets accepted requests finish within --grace; if some cannot, the exit code is 1. A second one ends the process
at once. GOMEMLIMIT, unless it is set, follows --budget.

Examples:
  crossover host --models ~/models --listen 0.0.0.0:8001 --token-file token --tls-cert host.pem --tls-key host.key
  crossover host --models ~/models --delegate /usr/lib/libvx_delegate.so --preload`
}

func (c *hostCmd) Run(e *env) (err error) {
	o := host.Options{
		Interpreters: c.Interpreters, Queue: c.Queue, Preload: c.Preload, Memory: c.Memory * 1e6, Private: true,
		Isolate: c.Isolate, Insecure: c.Insecure, Limits: c.Limits, Version: buildVersion(),
		Files: host.CredentialFiles{Certificate: c.TLSCert, Key: c.TLSKey, ClientCA: c.ClientCA, Tokens: c.TokenFile},
	}
	if o.Backend, err = c.backend(); err != nil {
		return err
	}
	o.Isolated = tflite.Isolated(o.Backend, c.Child)
	catalog := fixtures.Default()
	if c.Catalog != "" {
		if catalog, err = fixtures.ReadCatalog(c.Catalog); err != nil {
			return exit.Errorf(exit.Usage, "--catalog: %w", err)
		}
	}
	if o.Models, err = host.Folder(c.Models, catalog, c.Shape); err != nil {
		if choice, ok := errors.AsType[*fixtures.ChoiceError](err); ok {
			return exit.With(exit.Usage, choice)
		}
		return exit.Errorf(exit.NoData, "--models: %w", err)
	}
	log := e.stderr
	if c.Log != "" {
		f, err := openLog(e, c.Log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		log = f
	}
	o.Log = c.logger(log)
	if c.Interpreters < 1 || c.Queue < 1 || c.Memory < 0 {
		return exit.Errorf(exit.Usage, "--interpreters and --queue want 1 or more, --memory 0 or more")
	}
	if err := c.Limits.Check(); err != nil {
		return exit.With(exit.Usage, err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return exit.Errorf(exit.Usage, "--tls-cert and --tls-key go together")
	}
	if err := o.Files.Check(); err != nil {
		return exit.With(exit.NoData, err)
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return exit.Errorf(exit.Usage, "--listen: %w", err)
	}
	defer l.Close()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryBeside + c.Limits.BudgetMB*1e6)
	}
	s, err := host.New(e, o)
	if err != nil {
		return err
	}
	if err := s.Exposed(l.Addr()); err != nil {
		return exit.Errorf(exit.Usage, "--listen %s: %w", c.Listen, err)
	}
	fmt.Fprintf(e.stdout, "serving %s with %s on %s\n", sheet.Count(len(o.Models), "model"), o.Backend.Name(), l.Addr())
	stop, err := serveObservation(e, s, c.Metrics)
	if err != nil {
		return err
	}
	defer stop()
	// A second signal has its default effect, which is to end the process at once.
	defer context.AfterFunc(e, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })()
	return s.Serve(e, l)
}

// memoryBeside is what the Go side of a host takes beside the budget, in bytes.
const memoryBeside = 128 << 20

func (c *hostCmd) backend() (backends.Backend, error) {
	switch {
	case c.Delegate != "":
		name := cmp.Or(c.Backend, names.NPU)
		if !name.IsAccelerator() {
			return nil, exit.Errorf(exit.Usage, "--backend: %q names no delegate; want npu, npu-NAME, gpu or gpu-NAME", name)
		}
		// The dynamic linker finds a name without a folder.
		if _, err := os.Stat(c.Delegate); err != nil && filepath.Base(c.Delegate) != c.Delegate {
			return nil, exit.Errorf(exit.NoData, "--delegate: %w", err)
		}
		return tflite.NewDelegate(string(name), c.Delegate, c.DelegateOptions, max(c.Threads, 1)), nil
	case c.Threads < 0:
		return nil, exit.Errorf(exit.Usage, "--threads wants 1 or more")
	case c.Threads > 0 && c.Backend != "":
		return nil, exit.Errorf(exit.Usage, "--threads and --backend are two ways to say the same: give one")
	}
	name := cmp.Or(c.Backend, names.CPU(cmp.Or(c.Threads, runtime.NumCPU())))
	b, ok := tflite.ForName(name)
	if !ok {
		return nil, exit.Errorf(exit.Usage,
			"--backend: %q is not a local backend; want cpuN or cpuN-noxnnpack", name)
	}
	return b, nil
}

func (c *hostCmd) logger(to io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // the flag takes only levels
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
