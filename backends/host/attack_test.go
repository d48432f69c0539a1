package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// bytesCodec sends a message that is bytes already.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (bytesCodec) Unmarshal(mem.BufferSlice, any) error { return nil }

const inferMethod = "/inference.GRPCInferenceService/ModelInfer"

// sendBytes sends a message as it is.
func sendBytes(ctx context.Context, c *grpc.ClientConn, message []byte) error {
	return c.Invoke(ctx, inferMethod, message, new([]byte), grpc.ForceCodecV2(bytesCodec{}))
}

// field returns a length-delimited field.
func field(number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

// manyInputs are n bytes of empty inputs.
func manyInputs(n int) []byte { return bytes.Repeat(field(5, nil), n/2) }

// longName is a model's name of n bytes.
func longName(n int) []byte { return field(1, bytes.Repeat([]byte("a"), n)) }

// oneOutputOften asks for one output n times.
func oneOutputOften(n int) []byte {
	message, err := proto.Marshal(request("a"))
	if err != nil {
		panic(err)
	}
	return append(message, bytes.Repeat(field(6, field(1, []byte("scores"))), n)...)
}

func TestTooLargeRequestsAreRefusedBeforeTheyAreDecoded(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a")})
	c := dial(t, address)
	within := int(s.message) - 100
	blobs := field(5, field(5, bytes.Repeat(field(8, nil), 65)))
	typed := func(number protowire.Number, contents []byte) []byte {
		return field(5, field(5, field(number, contents)))
	}
	tooLarge, malformed := 0, 1 // the request for the index
	for name, test := range map[string]struct {
		message []byte
		code    codes.Code
		want    string
	}{
		"60 MB of empty inputs":    {manyInputs(60e6), codes.ResourceExhausted, "larger than max"},
		"a name of 60 MB":          {longName(60e6), codes.ResourceExhausted, "larger than max"},
		"empty inputs":             {manyInputs(within), codes.InvalidArgument, "inputs; this host takes at most 64"},
		"a long name":              {longName(within), codes.InvalidArgument, "model_name of"},
		"a long version":           {field(2, make([]byte, 257)), codes.InvalidArgument, "model_version of 257 bytes"},
		"a long id":                {field(3, make([]byte, 257)), codes.InvalidArgument, "id of 257 bytes"},
		"one output 8000 times":    {oneOutputOften(8000), codes.InvalidArgument, "8000 outputs"},
		"one output twice":         {oneOutputOften(2), codes.InvalidArgument, "asked for twice"},
		"empty parameters":         {bytes.Repeat(field(4, nil), 65), codes.InvalidArgument, "65 parameters"},
		"empty raw contents":       {bytes.Repeat(field(7, nil), 65), codes.InvalidArgument, "65 raw_input_contents"},
		"a shape of many":          {field(5, field(3, make([]byte, 33))), codes.InvalidArgument, "more than 32 dimensions"},
		"many packed elements":     {typed(3, make([]byte, within/2)), codes.InvalidArgument, "typed elements"},
		"byte contents":            {blobs, codes.InvalidArgument, "65 bytes_contents"},
		"what is not a message":    {[]byte{0xff}, codes.InvalidArgument, "cannot be decoded"},
		"a name that is not UTF-8": {field(1, []byte{0xff}), codes.InvalidArgument, "cannot be decoded"},
	} {
		err := sendBytes(context.Background(), c, test.message)
		if status.Code(err) != test.code || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %.300v; want %v with %q", name, err, test.code, test.want)
		}
		switch {
		case test.code == codes.ResourceExhausted:
			tooLarge++
		case name != "one output twice": // of a model's outputs, so the handler refuses it
			malformed++
		}
	}
	index := make([]byte, maxSmall+1)
	err := c.Invoke(context.Background(), "/inference.GRPCInferenceService/RepositoryIndex", index, new([]byte),
		grpc.ForceCodecV2(bytesCodec{}))
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a large request for the index: %v", err)
	}
	until(t, "too large messages are counted", func() bool { return refused(s, byIncomplete) == tooLarge })
	if n := refused(s, byForm); n != malformed {
		t.Errorf("%d malformed messages are counted, want %d", n, malformed)
	}
	large := metadata.AppendToOutgoingContext(context.Background(), "x", strings.Repeat("a", 1e6))
	if err := sendBytes(large, c, nil); err == nil {
		t.Error("1 MB of metadata was taken")
	}
	if _, err := oip.NewGRPCInferenceServiceClient(c).ModelInfer(context.Background(), request("a")); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestHalfSentRequestsAreRefusedAndGiveTheirMemoryBack(t *testing.T) {
	s, address := serve(t, Options{
		Models: folder(t, "a"), Limits: Limits{Receive: 300 * time.Millisecond, BudgetMB: 12, Share: 100},
	})
	c := newRawClient(t, address)
	const streams = 30
	for range streams {
		c.half(c.stream(""), int(s.message), int(s.message)/4)
	}
	got := make(map[string]int)
	for range streams {
		got[<-c.statuses]++
	}
	// 12 MB hold 10 requests of 1.1 MB; others are refused in the tap, unless they come after the timeout.
	late, busy := fmt.Sprint(int(codes.DeadlineExceeded)), fmt.Sprint(int(codes.ResourceExhausted))
	if got[late] < int(s.budget.limit/s.message) || got[busy]+got[late] != streams {
		t.Errorf("statuses %v; want at least %d late ones, the rest busy", got, s.budget.limit/s.message)
	}
	if peak := s.budget.peak.Load(); peak > s.budget.limit {
		t.Errorf("%d bytes of the budget of %d were taken", peak, s.budget.limit)
	}
	until(t, "the budget comes back", func() bool { return s.budget.used.Load() == 0 })
	if n := refused(s, byHalfSent); n != got[late] {
		t.Errorf("%d half-sent requests are counted, want %d", n, got[late])
	}
	if n := refused(s, byBudget); n != got[busy] {
		t.Errorf("%d requests beyond the budget are counted, want %d", n, got[busy])
	}
}

func TestClientsWithoutATokenAreNotReadAndLoseTheirConnection(t *testing.T) {
	var log syncBuffer
	s, address := serve(t, Options{Models: folder(t, "a"), Token: "secret", Log: log.logger()})
	c := newRawClient(t, address)
	for range maxDenials {
		c.half(c.stream("wrong"), int(s.message), 1000)
	}
	denied := 0
	for code := range c.statuses { // until the connection ends
		if code != fmt.Sprint(int(codes.Unauthenticated)) {
			t.Errorf("status %s", code)
		}
		denied++
	}
	if denied != maxDenials {
		t.Errorf("%d refusals, want %d", denied, maxDenials)
	}
	if peak := s.budget.peak.Load(); peak != 0 {
		t.Errorf("%d bytes of the budget were taken", peak)
	}
	until(t, "the log has the refusals", func() bool { return strings.Contains(log.String(), "authentication failed") })
	if n := refused(s, byCredentials); n != maxDenials {
		t.Errorf("%d requests without valid credentials are counted, want %d", n, maxDenials)
	}
	if n := refused(s, byDenials); n != 1 {
		t.Errorf("%d connections with too many of them are counted, want 1", n)
	}
	until(t, "the log has the end", func() bool { return strings.Contains(log.String(), "without valid credentials") })
}

func TestEchoesThatAreResetLeaveNothing(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a")})
	c := dial(t, address)
	client := oip.NewGRPCInferenceServiceClient(c)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				ctx, cancel := context.WithCancel(context.Background())
				go cancel()
				_, err := client.ModelInfer(ctx, echo())
				cancel()
				switch status.Code(err) {
				case codes.OK, codes.Canceled, codes.ResourceExhausted:
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	until(t, "the budget comes back", func() bool {
		runtime.GC() // which collects what grpc dropped unwritten
		return s.budget.used.Load() == 0
	})
	if peak := s.budget.peak.Load(); peak > s.budget.limit {
		t.Errorf("peak %d of %d bytes", peak, s.budget.limit)
	}
}

// echo is a request for as many bytes as the echo may have.
func echo() *oip.ModelInferRequest {
	return &oip.ModelInferRequest{
		ModelName: oip.EchoModel, Parameters: map[string]*oip.InferParameter{oip.EchoBytes: oip.Int64(oip.EchoLimit)},
	}
}

func TestAnswersThatAreNotReadCloseTheirConnection(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a"), Limits: Limits{Answer: 200 * time.Millisecond}})
	c := newRawClient(t, address, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	message, err := proto.Marshal(echo())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		id := c.stream("")
		data := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
		c.mu.Lock()
		err = c.framer.WriteData(id, true, data)
		c.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the connection ends", func() bool {
		select {
		case _, open := <-c.statuses:
			return !open
		default:
			return false
		}
	})
	until(t, "the budget comes back", func() bool { return s.budget.used.Load() == 0 })
	if n := refused(s, byUnread); n != 1 {
		t.Errorf("%d connections with unread answers are counted, want 1", n)
	}
}

func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a"), Limits: Limits{PerAddress: 20, Connections: 30}})
	open := oip.NewGRPCInferenceServiceClient(dial(t, address))
	if _, err := open.ModelInfer(context.Background(), request("a")); err != nil {
		t.Fatal(err)
	}
	for range 400 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	fresh, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	for name, c := range map[string]oip.GRPCInferenceServiceClient{
		"open": open, "new": oip.NewGRPCInferenceServiceClient(fresh),
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if _, err := c.ModelInfer(ctx, request("a")); err != nil {
			t.Errorf("over the %s connection: %v", name, err)
		}
		cancel()
	}
	if n := refused(s, byRoom); n < 380 {
		t.Errorf("%d closed connections are counted, want 380 at least", n)
	}
	if n := s.listener.count(); n > 20 {
		t.Errorf("%d connections from one address; at most 20", n)
	}
}

func TestConnectionsThatDoNotBeginAreClosed(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a"), Limits: Limits{Handshake: 50 * time.Millisecond}})
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for buffer := make([]byte, 100); err == nil; {
		_, err = c.Read(buffer)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
	until(t, "it is not counted any more", func() bool { return s.listener.count() == 0 })
	if n := refused(s, byHandshake); n != 1 {
		t.Errorf("%d failed handshakes are counted, want 1", n)
	}
}
