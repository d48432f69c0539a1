package offload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"reflect"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// A session is one model at one host over one connection.
type session struct {
	host   Host
	model  ModelAt
	dialer *link.Dialer
	conn   *grpc.ClientConn
	client oip.GRPCInferenceServiceClient

	// A catalog variant's input is the image. Only our own host sends the quantization of outputs;
	// the protocol does not carry it.
	backends.Tensors

	// The last metadata of the model, and our end of the connection over which it came. Only our
	// own host sends details.
	answer  *oip.ModelMetadataResponse
	details *oip.Details
	asked   net.Addr

	// fill turns the image into the server's tensor; nil if the server takes the image.
	fill   func(tensor, image []byte) error
	tensor []byte

	failFast, patient []grpc.CallOption
	peer              peer.Peer // of the last answer

	// Reused for every inference.
	request  *oip.ModelInferRequest
	response oip.ModelInferResponse
	typed    []byte // for servers that answer with typed elements
	times    hostTimes

	id       string // begins the id of each request, so that a host's log tells clients apart
	requests uint64

	closed bool
}

// Details returns how the host runs the model, as our own host sends it; the zero value for other
// servers.
func (s *session) Details() backends.Details {
	if s.details == nil {
		return backends.Details{}
	}
	return s.details.Session
}

// A request waits retryPause before its second attempt. The pause doubles with each attempt, up to
// retryPauseMax.
const (
	retryPause    = 5 * time.Millisecond
	retryPauseMax = 200 * time.Millisecond
)

// Infer sends in and reads out. It repeats a request whose failure may be temporary (the connection
// broke, the queue was full, its deadline passed) until the host's patience ends. Timing.Lost
// counts such requests, and Total includes their time. With an error, Timing holds what is known.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (t backends.Timing, err error) {
	due := time.Now()
	if s.closed {
		return t, errors.New("the session is closed")
	}
	if err := s.Check(in, out); err != nil {
		return t, err
	}
	sent, received := s.dialer.Counter.Sent(), s.dialer.Counter.Received()
	s.dialer.Counter.TakeLateness()
	defer func() {
		t.Total = time.Since(due)
		t.Sent, t.Received = s.dialer.Counter.Sent()-sent, s.dialer.Counter.Received()-received
		t.Lateness = s.dialer.Counter.TakeLateness()
	}()
	if s.request.RawInputContents == nil { // an encoded image
		s.request.Inputs[0].Contents.BytesContents[0] = in[0]
	}
	copy(s.request.RawInputContents, in)
	s.request.Id = s.nextID()
	if s.fill != nil {
		if err := s.fill(s.tensor, in[0]); err != nil {
			return t, err
		}
		s.request.RawInputContents[0] = s.tensor
		t.Fill = time.Since(due)
	}
	if t.Lost, err = s.send(ctx, due, out); err != nil {
		err = fmt.Errorf("host %s: model %q: %w", s.host.Name, s.model.Name, err)
		if t.Lost > 0 {
			err = fmt.Errorf("%w (after %d lost requests)", err, t.Lost)
		}
		return t, err
	}
	t.Queue, t.Exec = s.times.queue, s.times.exec
	if s.times.total != 0 {
		t.Network = max(0, time.Since(due)-t.Fill-s.times.total)
	}
	t.Fill += s.times.fill
	return t, nil
}

// send sends the request until an answer comes, and reads that. It returns the number of lost
// requests.
func (s *session) send(ctx context.Context, due time.Time, out [][]byte) (lost int, err error) {
	pause := retryPause
	for options := s.failFast; ; options = s.patient {
		err := s.attempt(ctx, options)
		if err == nil {
			return lost, s.read(out)
		}
		if !temporary(err) || ctx.Err() != nil {
			return lost, err
		}
		if lost++; time.Since(due) > s.host.patience() {
			return lost, err
		}
		if status.Code(err) == codes.Unavailable {
			if err := s.reconnect(ctx); err != nil {
				return lost, err
			}
		}
		// Even if the host is back: some servers answer Unavailable when busy.
		if err := wait(ctx, &pause); err != nil {
			return lost, err
		}
	}
}

// A Passage holds when the bytes of an inference passed both ends of the connection, in nanoseconds
// of this machine's monotonic clock. A host on this machine that runs as a witness stamps its end;
// see oip.ParamArrived.
type Passage struct {
	Sent, Arrived int64 // the request's last bytes at the client and at the host
	// Departed is when the last bytes of the previous answer left the host: an answer cannot carry
	// its own departure.
	Departed int64
	Returned int64 // this answer's last bytes at the client
}

// Passage returns the passage of the last inference; ok is false if the host is not a witness.
func (s *session) Passage() (p Passage, ok bool) {
	arrived, ok := s.response.Parameters[oip.ParamArrived]
	if !ok {
		return p, false
	}
	return Passage{
		Sent: s.dialer.Counter.LastWrite(), Arrived: arrived.GetInt64Param(),
		Departed: s.response.Parameters[oip.ParamDeparted].GetInt64Param(), Returned: s.dialer.Counter.LastRead(),
	}, true
}

// attempt sends the request once. gRPC silently replaces a connection that breaks between two
// requests. An answer over a new connection may come from another model, and its time includes the
// connection's, so it counts as lost.
func (s *session) attempt(ctx context.Context, options []grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, s.host.timeout())
	defer cancel()
	start := time.Now()
	err := s.conn.Invoke(ctx, oip.GRPCInferenceService_ModelInfer_FullMethodName, s.request, &s.response, options...)
	if err == nil && s.peer.LocalAddr != s.asked {
		return status.Error(codes.Unavailable, "the connection broke, and the answer came over a new one")
	}
	if err == nil {
		err = checkIdentity(s.request, &s.response)
	}
	if err == nil {
		s.times, err = readTimes(&s.response, time.Since(start))
	}
	return err
}

// nextID returns an id for a request, which the host echoes and logs.
func (s *session) nextID() string {
	s.requests++
	return s.id + strconv.FormatUint(s.requests, 36)
}

// newID returns a beginning of ids that no other session has, to within one in two million.
func newID() string {
	return strconv.FormatUint(uint64(36*36*36*36+rand.Uint32N(36*36*36*36)), 36) + "-"
}

// temporary reports whether another attempt may succeed.
func temporary(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted:
		return true
	}
	return false
}

// wait waits between two attempts and doubles the next pause.
func wait(ctx context.Context, pause *time.Duration) error {
	d := *pause
	*pause = min(2*d, retryPauseMax)
	return link.Sleep(ctx, d)
}

// reconnect waits until the host is back and checks that it still serves the same model.
func (s *session) reconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.host.patience())
	defer cancel()
	for pause := retryPause; ; {
		answer, details, err := s.metadata(ctx)
		switch {
		case err == nil && proto.Equal(answer, s.answer) && reflect.DeepEqual(details, s.details):
			return nil
		case err == nil:
			return errors.New("the host came back with another model of that name")
		case !temporary(err) || wait(ctx, &pause) != nil:
			return fmt.Errorf("the host did not come back: %w", err)
		}
	}
}

// read copies the response's tensors, raw or typed, to out.
func (s *session) read(out [][]byte) (err error) {
	s.typed, err = readOutputs(&s.response, s.Outputs(), out, s.typed)
	return err
}

func (s *session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.conn.Close(), s.dialer.Close())
}
