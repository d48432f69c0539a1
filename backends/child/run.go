package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// An Opener opens a variant in the child, with the backend that the spec of New describes.
type Opener func(spec json.RawMessage, v fixtures.Variant) (backends.Session, error)

// Run runs the process as the child of a session if its environment says so, and then does not return;
// otherwise it does nothing. It belongs into an init of the package with the backend: if a main forgot
// to call it, the child would run the whole program.
func Run(kind string, open Opener) {
	if os.Getenv(Variable) != kind {
		return
	}
	_ = os.Unsetenv(Variable) // child processes of this one are something else
	Tie()
	Expendable()
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	// A process that a driver starts must not keep the pipes open.
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	if err := serve(os.NewFile(3, "requests"), os.NewFile(4, "answers"), open); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(requests io.Reader, answers io.Writer, open Opener) error {
	in := bufio.NewReaderSize(requests, 64<<10)
	out := bufio.NewWriterSize(answers, 64<<10)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var q struct {
		Spec    json.RawMessage
		Variant fixtures.Variant
	}
	var s backends.Session
	if err = json.Unmarshal(line, &q); err == nil {
		s, err = open(q.Spec, q.Variant)
	}
	var d description
	if err != nil {
		d.Error = err.Error()
		d.Unavailable, _ = errors.AsType[*backends.UnavailableError](err)
	} else {
		d.Inputs, d.Outputs = s.Inputs(), s.Outputs()
		if detailed, ok := s.(backends.Detailed); ok {
			d.Details = detailed.Details()
		}
	}
	if err := errors.Join(json.NewEncoder(out).Encode(d), out.Flush()); err != nil || d.Error != "" {
		return err
	}
	inputs, outputs := backends.Buffers(d.Inputs), backends.Buffers(d.Outputs)
	raw := make([]byte, 0, 32)
	for {
		if _, err := in.ReadByte(); err != nil {
			return nil // the parent closed the session
		}
		for _, b := range inputs {
			if _, err := io.ReadFull(in, b); err != nil {
				return err
			}
		}
		t, err := s.Infer(context.Background(), inputs, outputs)
		h := head{Total: int64(t.Total), Fill: int64(t.Fill), Exec: int64(t.Exec)}
		parts := outputs
		if err != nil {
			text := []byte(err.Error())
			text = text[:min(len(text), maxWords)]
			h.Error, parts = int64(len(text)), [][]byte{text}
		}
		_, _ = out.Write(h.append(raw))
		for _, b := range parts {
			_, _ = out.Write(b)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}
