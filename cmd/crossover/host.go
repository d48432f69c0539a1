package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
)

// hostCmd serves inferences until it is interrupted.
type hostCmd struct {
	Models  string `required:"" placeholder:"DIR" help:"Folder of .tflite files; the catalog's variants in it take images, all others their own tensors."`
	Catalog string `placeholder:"FILE" help:"Catalog of the variants, where it is not the built-in one."`
	Listen  string `default:"127.0.0.1:8001" placeholder:"ADDR" help:"Address to listen on. Loopback by default: who reaches it can run inferences."`

	Backend         string            `placeholder:"NAME" help:"Local backend that runs the models, such as cpu4 or cpu4-noxnnpack; cpu with every core by default."`
	Threads         int               `placeholder:"N" help:"Threads of each interpreter: another way to say --backend cpuN."`
	Delegate        string            `placeholder:"FILE" help:"Run the models on an external delegate, such as libvx_delegate.so, under the name that --backend gives (npu by default)."`
	DelegateOptions map[string]string `name:"delegate-option" placeholder:"KEY=VALUE" help:"Option of the delegate; may be repeated."`

	Interpreters int   `default:"1" placeholder:"N" help:"Interpreters of each model: how many requests to it run at once."`
	Queue        int   `default:"64" placeholder:"N" help:"Requests of each model that may wait; more are refused with RESOURCE_EXHAUSTED."`
	Preload      bool  `help:"Load every model at the start instead of on its first use."`
	Memory       int64 `placeholder:"MB" help:"Megabytes that loaded models may take; the least recently used is closed above it. 0 is no limit."`

	TLSCert   string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain (PEM); serves over TLS together with --tls-key."`
	TLSKey    string `name:"tls-key" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	TokenFile string `placeholder:"FILE" help:"File with the token that every caller must send."`

	Log      string `placeholder:"FILE" help:"Append the log to this file instead of standard error."`
	LogLevel string `enum:"debug,info,warn,error" default:"info" help:"Least level to log; debug logs every request."`
	LogJSON  bool   `name:"log-json" help:"Log as JSON, one object a line."`
}

// Run serves until the command is interrupted.
func (c *hostCmd) Run(e *env) (err error) {
	b, err := c.backend()
	if err != nil {
		return err
	}
	catalog := fixtures.Default()
	if c.Catalog != "" {
		if catalog, err = fixtures.ReadCatalog(c.Catalog); err != nil {
			return exit.Errorf(exit.Usage, "--catalog: %w", err)
		}
	}
	models, err := host.Folder(c.Models, catalog)
	if err != nil {
		return exit.Errorf(exit.NoData, "--models: %w", err)
	}
	log, closeLog, err := c.log(e.stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	o := host.Options{
		Models: models, Backend: b, Interpreters: c.Interpreters, Queue: c.Queue, Preload: c.Preload, Memory: c.Memory * 1e6,
		Log: log, Version: buildVersion(),
	}
	if c.Interpreters < 1 || c.Queue < 1 || c.Memory < 0 {
		return exit.Errorf(exit.Usage, "--interpreters and --queue want 1 or more, --memory 0 or more")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return exit.Errorf(exit.Usage, "--tls-cert and --tls-key go together")
	}
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return exit.Errorf(exit.NoData, "--tls-cert: %w", err)
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if c.TokenFile != "" {
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return exit.Errorf(exit.NoData, "--token-file: %w", err)
		}
		if o.Token = strings.TrimSpace(string(token)); o.Token == "" {
			return exit.Errorf(exit.NoData, "--token-file: %s is empty", c.TokenFile)
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return exit.Errorf(exit.Usage, "--listen: %w", err)
	}
	defer l.Close()
	s, err := host.New(e, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "serving %d models with %s on %s\n", len(models), b.Name(), l.Addr())
	return s.Serve(e, l)
}

// backend returns the local backend that the flags name.
func (c *hostCmd) backend() (backends.Backend, error) {
	name := c.Backend
	if c.Delegate != "" {
		return tflite.NewDelegate(cmp.Or(name, "npu"), c.Delegate, c.DelegateOptions, tflite.WithThreads(max(c.Threads, 1))), nil
	}
	switch {
	case c.Threads < 0:
		return nil, exit.Errorf(exit.Usage, "--threads wants 1 or more")
	case c.Threads > 0 && name != "":
		return nil, exit.Errorf(exit.Usage, "--threads and --backend are two ways to say the same: give one")
	case c.Threads > 0:
		name = "cpu" + strconv.Itoa(c.Threads)
	case name == "":
		name = "cpu" + strconv.Itoa(runtime.NumCPU())
	}
	b, ok := tflite.ForName(name)
	if !ok {
		return nil, exit.Errorf(exit.Usage, "--backend: %q is no local backend; want cpuN or cpuN-noxnnpack", name)
	}
	return b, nil
}

// log opens the log that the flags ask for.
func (c *hostCmd) log(stderr io.Writer) (*slog.Logger, func() error, error) {
	to, closeLog := stderr, func() error { return nil }
	if c.Log != "" {
		f, err := os.OpenFile(c.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, nil, exit.Errorf(exit.Usage, "--log: %w", err)
		}
		to, closeLog = f, f.Close
	}
	options := new(slog.HandlerOptions)
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, nil, exit.Errorf(exit.Usage, "--log-level: %w", err)
	}
	options.Level = level
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(to, options)), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(to, options)), closeLog, nil
}

// embeddedBackend is the local backend of an embedded host.
func embeddedBackend(threads int) (backends.Backend, error) {
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	return tflite.New(threads), nil
}
