package offload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// A session is one model at one host over one connection.
type session struct {
	host   Host
	model  ModelAt
	dialer *link.Dialer
	conn   *grpc.ClientConn
	client oip.GRPCInferenceServiceClient

	inputs, outputs         []fixtures.Tensor // as Inputs and Outputs return them
	inputBytes, outputBytes []int

	// What the host said of the model, and our end of the connection over which
	// it said so last. The details are nil where the host is not our own.
	answer  *oip.ModelMetadataResponse
	details *oip.Details
	asked   net.Addr

	// fill turns the image into the server's tensor; nil where it takes the
	// image.
	fill   func(tensor, image []byte) error
	tensor []byte

	failFast, patient []grpc.CallOption
	peer              peer.Peer // of the last answer

	request  *oip.ModelInferRequest // used again for every inference
	response oip.ModelInferResponse // likewise
	typed    []byte                 // likewise, for servers that answer with typed elements
	closed   bool
}

var errClosed = errors.New("the session is closed")

// Inputs returns what Infer takes: for a catalog variant the image.
func (s *session) Inputs() []fixtures.Tensor { return s.inputs }

// Outputs returns the server's outputs. Their quantization is known from our
// own host alone; the protocol does not carry it.
func (s *session) Outputs() []fixtures.Tensor { return s.outputs }

// retryPause is how long a refused request waits before it is sent again, at
// first; it doubles up to retryPauseMax.
const (
	retryPause    = 5 * time.Millisecond
	retryPauseMax = 200 * time.Millisecond
)

// Infer sends in and reads out. A request that fails in a way that another try
// may mend (the connection broke, the queue was full, its deadline passed) is
// sent again for as long as the host's patience lasts: Timing.Lost counts such
// requests, and Total includes the time that they cost. Timing is filled as far
// as it is known when an error is returned.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (t backends.Timing, err error) {
	due := time.Now()
	if s.closed {
		return t, errClosed
	}
	if err := sized(in, s.inputBytes, "input"); err != nil {
		return t, err
	}
	if err := sized(out, s.outputBytes, "output"); err != nil {
		return t, err
	}
	sent, received := s.dialer.Meter.Sent(), s.dialer.Meter.Received()
	s.dialer.Meter.TakeLateness()
	defer func() {
		t.Total = time.Since(due)
		t.Sent, t.Received = s.dialer.Meter.Sent()-sent, s.dialer.Meter.Received()-received
		t.Lateness = s.dialer.Meter.TakeLateness()
	}()
	copy(s.request.RawInputContents, in)
	if s.fill != nil {
		if err := s.fill(s.tensor, in[0]); err != nil {
			return t, err
		}
		s.request.RawInputContents[0] = s.tensor
		t.Fill = time.Since(due)
	}
	pause := retryPause
	for options := s.failFast; ; options = s.patient {
		err := s.attempt(ctx, options)
		if err == nil {
			break
		}
		if !mendable(err) || ctx.Err() != nil {
			return t, s.explain(err, t.Lost)
		}
		if t.Lost++; time.Since(due) > s.host.patience() {
			return t, s.explain(err, t.Lost)
		}
		if status.Code(err) == codes.Unavailable {
			if err := s.again(ctx); err != nil {
				return t, s.explain(err, t.Lost)
			}
		}
		// Also where the host is there again: some answer so when they are busy.
		if err := wait(ctx, &pause); err != nil {
			return t, s.explain(err, t.Lost)
		}
	}
	if err := s.read(out); err != nil {
		return t, s.explain(err, t.Lost)
	}
	ns := func(name string) time.Duration { return time.Duration(s.response.Parameters[name].GetInt64Param()) }
	t.Queue, t.Exec = ns(oip.ParamQueue), ns(oip.ParamExec)
	if total := ns(oip.ParamTotal); total != 0 {
		t.Network = time.Since(due) - t.Fill - total
	}
	t.Fill += ns(oip.ParamFill)
	return t, nil
}

// A Passage is when the bytes of an inference went through both ends of the
// connection, in nanoseconds of this machine's monotonic clock. A host that runs
// as a witness on this machine stamps its end, see oip.ParamArrived.
type Passage struct {
	Sent, Arrived int64 // the request's last bytes at the client and at the host
	// Departed is when the last bytes of the answer before this one left the
	// host: an answer can't carry its own departure.
	Departed int64
	Returned int64 // this answer's last bytes at the client
}

// Passage returns that of the last inference; it is false where the host is no
// witness.
func (s *session) Passage() (p Passage, ok bool) {
	arrived, ok := s.response.Parameters[oip.ParamArrived]
	if !ok {
		return p, false
	}
	return Passage{
		Sent: s.dialer.Meter.LastWrite(), Arrived: arrived.GetInt64Param(),
		Departed: s.response.Parameters[oip.ParamDeparted].GetInt64Param(), Returned: s.dialer.Meter.LastRead(),
	}, true
}

// attempt sends the request once. gRPC mends a connection that breaks between
// two requests without a word: an answer over one that is new may be another
// model's, and its time has the new connection's in it, so it counts as lost.
func (s *session) attempt(ctx context.Context, options []grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, s.host.timeout())
	defer cancel()
	err := s.conn.Invoke(ctx, oip.GRPCInferenceService_ModelInfer_FullMethodName, s.request, &s.response, options...)
	if err == nil && s.peer.LocalAddr != s.asked {
		return status.Error(codes.Unavailable, "the connection broke, and the answer came over a new one")
	}
	return err
}

// mendable says whether another try may succeed.
func mendable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted:
		return true
	}
	return false
}

// wait waits for a pause between two tries and lengthens the next.
func wait(ctx context.Context, pause *time.Duration) error {
	d := *pause
	*pause = min(2*d, retryPauseMax)
	return link.Sleep(ctx, d)
}

// again waits for the host to be back and makes sure that it still serves the
// same model: what came back may not be what went away.
func (s *session) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.host.patience())
	defer cancel()
	for pause := retryPause; ; {
		answer, details, err := s.metadata(ctx)
		switch {
		case err == nil && proto.Equal(answer, s.answer) && reflect.DeepEqual(details, s.details):
			return nil
		case err == nil:
			return errors.New("the host came back with another model of that name")
		case !mendable(err) || wait(ctx, &pause) != nil:
			return fmt.Errorf("the host did not come back: %w", err)
		}
	}
}

func (s *session) explain(err error, lost int) error {
	if lost > 0 {
		return fmt.Errorf("host %s: model %q: %w (after %d lost requests)", s.host.Name, s.model.Name, err, lost)
	}
	return fmt.Errorf("host %s: model %q: %w", s.host.Name, s.model.Name, err)
}

// read copies the response's tensors, raw or typed, to out.
func (s *session) read(out [][]byte) error {
	r := &s.response
	raw := len(r.RawOutputContents) > 0
	if raw && len(r.RawOutputContents) != len(r.Outputs) {
		return fmt.Errorf("the response has %d raw tensors for %d outputs", len(r.RawOutputContents), len(r.Outputs))
	}
	found := 0
	for i, want := range s.outputs {
		for k, o := range r.Outputs {
			if o.Name != want.Name {
				continue
			}
			var b []byte
			if raw {
				b = r.RawOutputContents[k]
			} else {
				var err error
				if s.typed, err = oip.AppendRaw(s.typed[:0], o.Contents, o.Datatype); err != nil {
					return fmt.Errorf("output %q: %w", o.Name, err)
				}
				b = s.typed
			}
			if len(b) != s.outputBytes[i] {
				return fmt.Errorf("output %q has %d bytes, want %d (%s %v)", o.Name, len(b), s.outputBytes[i], want.Type, want.Shape)
			}
			copy(out[i], b)
			found++
			break
		}
	}
	if found != len(s.outputs) {
		return fmt.Errorf("the response has %d of the %d outputs that the metadata names", found, len(s.outputs))
	}
	return nil
}

// sized checks that there is one slice of the right size a tensor.
func sized(slices [][]byte, want []int, what string) error {
	if len(slices) != len(want) {
		return fmt.Errorf("%d %ss were given, want %d", len(slices), what, len(want))
	}
	for i, b := range slices {
		if len(b) != want[i] {
			return fmt.Errorf("%s %d has %d bytes, want %d", what, i, len(b), want[i])
		}
	}
	return nil
}

// Close ends the connection.
func (s *session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.conn.Close(), s.dialer.Close())
}
