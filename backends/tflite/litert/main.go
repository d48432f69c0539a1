// Command litert runs models for the comparison with the Python package ai-edge-litert. compare.py
// starts it and makes it and the package run the same file in turns, on the same input with the
// same number of threads.
//
// It answers each line of standard input, one JSON object, with one line:
//
//	{"open": FILE, "threads": N, "inputs": [BASE64, ...]}  ->  {"outputs": [BASE64, ...]}
//	{"run": N}                                             ->  {"exec_ns": [N times of the invocation alone]}
//
// or with {"error": TEXT}. Opening a file closes the previous one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

type request struct {
	Open    string   `json:"open"`
	Threads int      `json:"threads"`
	Inputs  [][]byte `json:"inputs"`
	Run     int      `json:"run"`
}

type reply struct {
	Outputs [][]byte `json:"outputs,omitempty"`
	Exec    []int64  `json:"exec_ns,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	if err := serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "litert:", err)
		os.Exit(1)
	}
}

// serve answers the requests of in on out until in ends.
func serve(ctx context.Context, in io.Reader, out io.Writer) error {
	var s side
	defer s.close()
	requests := json.NewDecoder(bufio.NewReader(in))
	replies := json.NewEncoder(out)
	for {
		var q request
		if err := requests.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		a, err := s.answer(ctx, q)
		if err != nil {
			a = reply{Error: err.Error()}
		}
		if err := replies.Encode(a); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
}

// A side holds the open model.
type side struct {
	session         backends.Session
	inputs, outputs [][]byte
}

func (s *side) close() {
	if s.session != nil {
		s.session.Close()
		s.session = nil
	}
}

func (s *side) answer(ctx context.Context, q request) (reply, error) {
	switch {
	case q.Open != "":
		return s.open(ctx, q)
	case s.session == nil:
		return reply{}, errors.New("nothing is open")
	case q.Run < 1:
		return reply{}, fmt.Errorf("run %d times; want at least 1", q.Run)
	}
	a := reply{Exec: make([]int64, q.Run)}
	for i := range a.Exec {
		timing, err := s.session.Infer(ctx, s.inputs, s.outputs)
		if err != nil {
			return reply{}, err
		}
		a.Exec[i] = timing.Exec.Nanoseconds()
	}
	return a, nil
}

// open loads the file and infers once.
func (s *side) open(ctx context.Context, q request) (_ reply, err error) {
	s.close()
	v := fixtures.Variant{Name: names.Own(filepath.Base(q.Open), ".tflite"), Path: q.Open}
	if s.session, err = tflite.New(q.Threads).Open(ctx, v); err != nil {
		s.session = nil
		return reply{}, err
	}
	s.inputs, s.outputs = q.Inputs, backends.Buffers(s.session.Outputs())
	if _, err := s.session.Infer(ctx, s.inputs, s.outputs); err != nil {
		return reply{}, err
	}
	return reply{Outputs: s.outputs}, nil
}
