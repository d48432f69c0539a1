package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/internal/exit"
)

// serveObservation serves a host's metrics and health on an address of their own until the returned
// function is called. Without an address it does nothing.
func serveObservation(e *env, s *host.Server, address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--metrics: %w", err)
	}
	server := &http.Server{
		Handler: s.Observation(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintf(e.stderr, "crossover: --metrics: %v\n", err)
		}
	}()
	fmt.Fprintf(e.stdout, "metrics on http://%s/metrics\n", l.Addr())
	return func() {
		server.Close()
		<-done
	}, nil
}

// A logFile is a log that whoever rotates logs can move away: on SIGHUP it is opened anew under its
// name. If that fails, the old file is kept and told so.
type logFile struct {
	path string
	mu   sync.Mutex
	file *os.File
}

// openLog opens a log to append to it. Until ctx ends, SIGHUP opens it anew.
func openLog(ctx context.Context, path string) (*logFile, error) {
	l := &logFile{path: path}
	if err := l.reopen(); err != nil {
		return nil, exit.Errorf(exit.Usage, "--log: %w", err)
	}
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangUp)
		for {
			select {
			case <-hangUp:
				if err := l.reopen(); err != nil {
					fmt.Fprintf(l, "crossover: the log cannot be opened anew: %v\n", err)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return l, nil
}

func (l *logFile) reopen() error {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.file
	l.file = f
	if old != nil {
		return old.Close()
	}
	return nil
}

// Write appends a record.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(p)
}

// Close closes the file.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
