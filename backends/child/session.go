package child

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// Variable is the environment variable with the kind of a child that runs a session.
const Variable = "CROSSOVER_CHILD"

// Limits bound how long a child may take before it is killed. Zero values mean the defaults. The tags
// make flags of the fields.
type Limits struct {
	Open  time.Duration `name:"load-limit" default:"2m" help:"Kill an isolated model that loads longer."`
	First time.Duration `name:"first-limit" default:"2m" help:"Likewise its first inference."`
	Infer time.Duration `name:"inference-limit" default:"30s" help:"Likewise any other inference."`
}

// A backend opens its sessions in children.
type backend struct {
	kind   string
	inner  backends.Backend
	spec   any
	limits Limits
}

// New returns a backend like inner whose sessions run in child processes of this program, in which
// Run(kind, ...) must be called. spec, as JSON, tells them how to make the backend.
func New(kind string, inner backends.Backend, spec any, l Limits) backends.Backend {
	l.Open, l.First = cmp.Or(l.Open, 2*time.Minute), cmp.Or(l.First, 2*time.Minute)
	l.Infer = cmp.Or(l.Infer, 30*time.Second)
	return &backend{kind, inner, spec, l}
}

func (b *backend) Name() string { return b.inner.Name() }

// A question is what a child is asked first, and a description its answer.
type (
	question struct {
		Spec    any              `json:"spec"`
		Variant fixtures.Variant `json:"variant"`
	}
	description struct {
		Error       string                     `json:"error"` // empty for a success
		Unavailable *backends.UnavailableError `json:"unavailable,omitempty"`
		Inputs      []fixtures.Tensor          `json:"inputs"`
		Outputs     []fixtures.Tensor          `json:"outputs"`
		Details     backends.Details           `json:"details"`
	}
)

// A session is one in a child. The protocol: the question and the description, each a line of JSON;
// then for each inference a byte and the inputs' bytes, and as the answer a head and either the
// outputs' bytes or an error's text.
type session struct {
	backends.Tensors
	process  *Process
	requests *os.File
	writer   *bufio.Writer
	answers  *os.File
	reader   *bufio.Reader
	limits   Limits
	details  backends.Details
	memory   int64
	warm     bool
	died     *DiedError
	closed   bool
}

// A head begins the answer to an inference: the timing in nanoseconds, and the length of the error's
// text, 0 for a success.
type head struct{ Total, Fill, Exec, Error int64 }

// Open starts a child that opens the variant. It returns a *DiedError if that does not survive.
func (b *backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	childRequests, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childRequests.Close()
	answers, childAnswers, err := os.Pipe()
	if err != nil {
		requests.Close()
		return nil, err
	}
	defer childAnswers.Close()
	s := &session{
		requests: requests, writer: bufio.NewWriterSize(requests, 64<<10),
		answers: answers, reader: bufio.NewReaderSize(answers, 64<<10), limits: b.limits,
	}
	if s.process, err = Start(Variable, b.kind, childRequests, childAnswers); err != nil {
		requests.Close()
		answers.Close()
		return nil, fmt.Errorf("start a child process: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { s.process.Kill("was not needed any more and was killed") })
	defer stop()
	if err := s.describe(question{b.spec, v}); err != nil {
		s.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	s.memory = resident(s.process.PID())
	if info, err := os.Stat(v.Path); err == nil {
		s.memory = max(0, s.memory-info.Size()) // its pages are the file's
	}
	return s, nil
}

// describe asks the child to open the variant.
func (s *session) describe(q question) error {
	s.within(s.limits.Open)
	if err := json.NewEncoder(s.requests).Encode(q); err != nil {
		return s.failed(err, s.limits.Open, "to load")
	}
	line, err := s.reader.ReadBytes('\n')
	if err != nil {
		return s.failed(err, s.limits.Open, "to load")
	}
	var d description
	if err := json.Unmarshal(line, &d); err != nil {
		return fmt.Errorf("the child process answers with %.100q: %w", line, err)
	}
	switch {
	case d.Unavailable != nil:
		return d.Unavailable
	case d.Error != "":
		return errors.New(d.Error)
	}
	s.details = d.Details
	s.Tensors, err = backends.NewTensors(d.Inputs, d.Outputs)
	return err
}

// within sets the deadline of what is asked next.
func (s *session) within(limit time.Duration) {
	deadline := time.Now().Add(limit)
	_ = s.requests.SetWriteDeadline(deadline) // pipes take deadlines
	_ = s.answers.SetReadDeadline(deadline)
}

// failed says how the child ended, and ends it if it took longer than limit.
func (s *session) failed(err error, limit time.Duration, what string) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.process.Kill(fmt.Sprintf("took longer than %v %s and was killed", limit, what))
	}
	s.died = s.process.Died()
	return s.died
}

// Details returns how the child runs the file.
func (s *session) Details() backends.Details { return s.details }

// MemoryBytes returns what the child holds beside the file.
func (s *session) MemoryBytes() int64 { return s.memory }

// Kill ends the child and what runs in it.
func (s *session) Kill() { s.process.Kill("was killed because the host stopped") }

// Infer runs one inference in the child. It returns a *DiedError if the child does not survive.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (t backends.Timing, err error) {
	switch {
	case s.closed:
		return t, errors.New("the session is closed")
	case s.died != nil:
		return t, s.died
	}
	if err := s.Check(in, out); err != nil {
		return t, err
	}
	if err := ctx.Err(); err != nil {
		return t, err
	}
	limit, what := s.limits.Infer, "for an inference"
	if !s.warm {
		limit, what = s.limits.First, "for its first inference"
	}
	s.process.words.forget()
	s.within(limit)
	var h head
	text, err := s.exchange(&h, in, out)
	if err != nil {
		return t, s.failed(err, limit, what)
	}
	s.warm = true
	if text != "" {
		return t, errors.New(text)
	}
	return backends.Timing{
		Total: time.Duration(h.Total), Fill: time.Duration(h.Fill), Exec: time.Duration(h.Exec),
	}, nil
}

// exchange sends the inputs and reads the outputs, or the text of an error.
func (s *session) exchange(h *head, in, out [][]byte) (text string, err error) {
	s.writer.Reset(s.requests)
	_ = s.writer.WriteByte('i') // the last error of a bufio.Writer is Flush's
	for _, b := range in {
		_, _ = s.writer.Write(b)
	}
	if err := s.writer.Flush(); err != nil {
		return "", err
	}
	var raw [32]byte
	if _, err := io.ReadFull(s.reader, raw[:]); err != nil {
		return "", err
	}
	h.decode(raw[:])
	if h.Error > 0 {
		words := make([]byte, min(h.Error, maxWords))
		_, err := io.ReadFull(s.reader, words)
		return string(words), err
	}
	for _, b := range out {
		if _, err := io.ReadFull(s.reader, b); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (h *head) decode(raw []byte) {
	for i, to := range []*int64{&h.Total, &h.Fill, &h.Exec, &h.Error} {
		*to = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
}

func (h *head) append(raw []byte) []byte {
	for _, n := range []int64{h.Total, h.Fill, h.Exec, h.Error} {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
	}
	return raw
}

// Close ends the child.
func (s *session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.process.Close()
	return errors.Join(s.requests.Close(), s.answers.Close())
}
