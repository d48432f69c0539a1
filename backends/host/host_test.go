package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// folder holds files of 100 bytes that stand for models.
func folder(t testing.TB, names ...string) []Model {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(dir, n+".tflite"), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	models, err := Folder(dir, fixtures.Default())
	if err != nil {
		t.Fatal(err)
	}
	return models
}

// start serves on loopback and returns a client and where it listens.
func start(t testing.TB, o Options) (oip.GRPCInferenceServiceClient, *grpc.ClientConn) {
	t.Helper()
	if o.Backend == nil {
		o.Backend = backendtest.New("cpu1", nil)
	}
	if o.resident == nil {
		o.resident = func() int64 { return 0 }
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if b, ok := o.Backend.(*backendtest.Backend); ok {
			if _, open := b.Opened(); open != 0 {
				t.Errorf("%d sessions are open after the host stopped", open)
			}
		}
	})
	return oip.NewGRPCInferenceServiceClient(c), c
}

// request is an inference of a model of the fake backend: 16 float32.
func request(model string) *oip.ModelInferRequest {
	return &oip.ModelInferRequest{
		ModelName: model, Id: "7",
		Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Name: "input", Datatype: "FP32", Shape: []int64{1, 16}}},
		RawInputContents: [][]byte{make([]byte, 64)},
	}
}

func TestAnswersSayWhatTheRequestCost(t *testing.T) {
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Total: 5 * time.Millisecond, Exec: 3 * time.Millisecond, Fill: time.Millisecond}, nil
	})
	c, _ := start(t, Options{Models: folder(t, "a"), Backend: b})
	r, err := c.ModelInfer(context.Background(), request("a"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Id != "7" || r.ModelName != "a" || len(r.Outputs) != 1 || r.Outputs[0].Name != "scores" || len(r.RawOutputContents[0]) != backendtest.Classes {
		t.Errorf("answer: %v", r)
	}
	got := func(name string) time.Duration {
		p, ok := r.Parameters[name]
		if !ok {
			t.Errorf("there is no parameter %s", name)
		}
		return time.Duration(p.GetInt64Param())
	}
	if got(oip.ParamExec) != 3*time.Millisecond || got(oip.ParamFill) != time.Millisecond {
		t.Errorf("exec %v and fill %v, want the backend's", got(oip.ParamExec), got(oip.ParamFill))
	}
	if total := got(oip.ParamTotal); total <= 0 || got(oip.ParamQueue) < 0 || got(oip.ParamQueue) > total {
		t.Errorf("queue %v of total %v", got(oip.ParamQueue), total)
	}
}

func TestTypedInputEqualsRawInput(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "a")})
	raw := request("a")
	for i := range raw.RawInputContents[0] {
		raw.RawInputContents[0][i] = byte(i)
	}
	typed := request("a")
	var err error
	if typed.Inputs[0].Contents, err = oip.Typed(raw.RawInputContents[0], "FP32"); err != nil {
		t.Fatal(err)
	}
	typed.RawInputContents = nil
	a, err := c.ModelInfer(context.Background(), raw)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.ModelInfer(context.Background(), typed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.RawOutputContents[0], b.RawOutputContents[0]) {
		t.Errorf("raw %x, typed %x", a.RawOutputContents[0], b.RawOutputContents[0])
	}
}

func TestRequestsAgainstTheProtocolAreRefusedWithTheRemedy(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "mobilenet")})
	for _, test := range []struct {
		name, want string
		code       codes.Code
		change     func(*oip.ModelInferRequest)
	}{
		{"unknown model", `did you mean "mobilenet"?`, codes.NotFound, func(r *oip.ModelInferRequest) { r.ModelName = "mobilnet" }},
		{"unknown version", "leave the version out", codes.NotFound, func(r *oip.ModelInferRequest) { r.ModelVersion = "9" }},
		{"unknown input", `want "input"`, codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.Inputs[0].Name = "x" }},
		{"missing input", `"input" is missing`, codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.Inputs, r.RawInputContents = nil, nil }},
		{"input twice", "given twice", codes.InvalidArgument, func(r *oip.ModelInferRequest) {
			r.Inputs, r.RawInputContents = append(r.Inputs, r.Inputs[0]), append(r.RawInputContents, r.RawInputContents[0])
		}},
		{"wrong datatype", "want FP32 [1 16]", codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.Inputs[0].Datatype = "INT8" }},
		{"wrong shape", "want FP32 [1 16]", codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.Inputs[0].Shape = []int64{16} }},
		{"short tensor", "want 64", codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.RawInputContents[0] = make([]byte, 63) }},
		{"no contents", "has no contents", codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.RawInputContents = nil }},
		{"raw and typed", "send one of the two", codes.InvalidArgument, func(r *oip.ModelInferRequest) {
			r.Inputs[0].Contents = &oip.InferTensorContents{Fp32Contents: make([]float32, 16)}
		}},
		{"raw too many", "one an input", codes.InvalidArgument, func(r *oip.ModelInferRequest) { r.RawInputContents = append(r.RawInputContents, nil) }},
		{"unknown output", `there is "scores"`, codes.InvalidArgument, func(r *oip.ModelInferRequest) {
			r.Outputs = []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: "x"}}
		}},
	} {
		r := request("mobilenet")
		test.change(r)
		_, err := c.ModelInfer(context.Background(), r)
		if status.Code(err) != test.code || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %v with %q", test.name, err, test.code, test.want)
		}
	}
}

func TestFullQueueRefusesAtOnceAndWaitingShowsAsQueue(t *testing.T) {
	entered, release := make(chan struct{}, 8), make(chan struct{})
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		entered <- struct{}{}
		<-release
		return backends.Timing{}, nil
	})
	models := folder(t, "a")
	o := Options{Models: models, Backend: b, Queue: 1}
	c, _ := start(t, o)
	results := make(chan *oip.ModelInferResponse, 2)
	var wg sync.WaitGroup
	send := func() {
		defer wg.Done()
		r, err := c.ModelInfer(context.Background(), request("a"))
		for status.Code(err) == codes.ResourceExhausted { // the third took the place for a moment
			r, err = c.ModelInfer(context.Background(), request("a"))
		}
		if err != nil {
			t.Error(err)
		}
		results <- r
	}
	wg.Add(1)
	go send()
	<-entered
	wg.Add(1)
	go send() // waits
	// A third is refused as soon as the second waits; until then it would wait
	// itself, for which its deadline ends it.
	for refused := false; !refused; {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err := c.ModelInfer(ctx, request("a"))
		cancel()
		switch status.Code(err) {
		case codes.ResourceExhausted:
			refused = true
			if !strings.Contains(err.Error(), "queue is full") {
				t.Errorf("refused with %v", err)
			}
		case codes.DeadlineExceeded:
		default:
			t.Fatalf("the third request: %v", err)
		}
	}
	close(release)
	wg.Wait()
	var queued time.Duration
	for range 2 {
		queued = max(queued, time.Duration((<-results).Parameters[oip.ParamQueue].GetInt64Param()))
	}
	if queued == 0 {
		t.Error("the request that waited shows no queue time")
	}
}

func TestLeastRecentlyUsedModelIsClosedUnderTheLimit(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	c, _ := start(t, Options{Models: folder(t, "a", "b", "c"), Backend: b, Memory: 250})
	ready := func() string {
		i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var loaded []string
		for _, m := range i.Models {
			if m.Reason == "" {
				loaded = append(loaded, m.Name)
			}
		}
		return strings.Join(loaded, " ")
	}
	for _, step := range []struct{ use, loaded string }{{"a", "a"}, {"b", "a b"}, {"a", "a b"}, {"c", "a c"}, {"b", "b c"}} {
		if _, err := c.ModelInfer(context.Background(), request(step.use)); err != nil {
			t.Fatal(err)
		}
		if got := ready(); got != step.loaded {
			t.Errorf("after %s: loaded %q, want %q", step.use, got, step.loaded)
		}
	}
}

func TestModelAboveTheLimitIsRefused(t *testing.T) {
	grown := int64(0)
	for name, o := range map[string]Options{
		"by its file":    {Memory: 99},
		"once it loaded": {Memory: 500, resident: func() int64 { grown += 1000; return grown }},
	} {
		b := backendtest.New("cpu1", nil)
		o.Models, o.Backend = folder(t, "a"), b
		c, _ := start(t, o)
		_, err := c.ModelInfer(context.Background(), request("a"))
		if err == nil || !strings.Contains(err.Error(), "memory limit") {
			t.Errorf("%s: %v", name, err)
		}
		r, err := c.ModelReady(context.Background(), &oip.ModelReadyRequest{Name: "a"})
		if err != nil || r.Ready {
			t.Errorf("%s: the model is ready: %v, %v", name, r, err)
		}
	}
}

func TestModelThatCannotLoadSaysWhyAndIsTriedAgain(t *testing.T) {
	broken := true
	b := backendtest.New("cpu1", nil)
	b.OpenErr = func(fixtures.Variant) error {
		if broken {
			return &backends.UnavailableError{Backend: "cpu1", Missing: "the plug-in"}
		}
		return nil
	}
	c, _ := start(t, Options{Models: folder(t, "a"), Backend: b})
	_, err := c.ModelInfer(context.Background(), request("a"))
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "the plug-in") {
		t.Errorf("error: %v", err)
	}
	i, err := c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{})
	if err != nil || i.Models[0].State != "UNAVAILABLE" || !strings.Contains(i.Models[0].Reason, "the plug-in") {
		t.Errorf("index: %v, %v", i, err)
	}
	if i, err = c.RepositoryIndex(context.Background(), &oip.RepositoryIndexRequest{Ready: true}); err != nil || len(i.Models) != 0 {
		t.Errorf("index of the ready ones: %v, %v", i, err)
	}
	broken = false
	if _, err := c.ModelInfer(context.Background(), request("a")); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}

func TestManyClientsShareTheInterpreters(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	c, _ := start(t, Options{Models: folder(t, "a", "b"), Backend: b, Interpreters: 2, Memory: 150})
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for i := range 25 {
				_, err := c.ModelInfer(context.Background(), request([]string{"a", "b"}[(k+i)%2]))
				// With room for one of the two, a busy one can't be closed.
				if err != nil && status.Code(err) != codes.ResourceExhausted {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestPreloadLoadsEverythingOrFails(t *testing.T) {
	b := backendtest.New("cpu1", nil)
	start(t, Options{Models: folder(t, "a", "b"), Backend: b, Preload: true})
	if n, _ := b.Opened(); n != 2 {
		t.Errorf("%d of 2 models are loaded", n)
	}
	bad := backendtest.New("cpu1", nil)
	bad.OpenErr = func(v fixtures.Variant) error {
		if strings.HasSuffix(v.Path, "b.tflite") {
			return errors.New("broken file")
		}
		return nil
	}
	_, err := New(context.Background(), Options{Models: folder(t, "a", "b"), Backend: bad, Preload: true})
	if err == nil || !strings.Contains(err.Error(), `model "b": broken file`) {
		t.Errorf("error: %v", err)
	}
	if _, open := bad.Opened(); open != 0 {
		t.Errorf("%d sessions stay open after a failed start", open)
	}
}

func TestHealthMetadataAndReflectionAnswer(t *testing.T) {
	c, conn := start(t, Options{Models: folder(t, "a"), Version: "v1"})
	ctx := context.Background()
	if r, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); err != nil || !r.Live {
		t.Errorf("live: %v, %v", r, err)
	}
	if r, err := c.ServerReady(ctx, &oip.ServerReadyRequest{}); err != nil || !r.Ready {
		t.Errorf("ready: %v, %v", r, err)
	}
	if r, err := c.ModelReady(ctx, &oip.ModelReadyRequest{Name: "a"}); err != nil || !r.Ready {
		t.Errorf("model ready: %v, %v", r, err)
	}
	if r, err := c.ServerMetadata(ctx, &oip.ServerMetadataRequest{}); err != nil || r.Name != "crossover" || r.Version != "v1" {
		t.Errorf("server: %v, %v", r, err)
	}
	var header metadata.MD
	r, err := c.ModelMetadata(ctx, &oip.ModelMetadataRequest{Name: "a"}, grpc.Header(&header))
	if err != nil || len(r.Inputs) != 1 || r.Inputs[0].Datatype != "FP32" || r.Outputs[0].Datatype != "INT8" || fmt.Sprint(r.Outputs[0].Shape) != "[1 10]" {
		t.Errorf("model: %v, %v", r, err)
	}
	if d := header.Get(oip.MetadataDetails); len(d) != 1 || !strings.Contains(d[0], `"zero_point":-128`) {
		t.Errorf("details: %v", d)
	}
	h := healthpb.NewHealthClient(conn)
	for _, service := range []string{"", "inference.GRPCInferenceService"} {
		if r, err := h.Check(ctx, &healthpb.HealthCheckRequest{Service: service}); err != nil || r.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", service, r, err)
		}
	}
	s, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recv(); err != nil || !strings.Contains(r.String(), "inference.GRPCInferenceService") {
		t.Errorf("reflection: %v, %v", r, err)
	}
}

func TestEchoReturnsAsManyBytesAsAsked(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "a")})
	r, err := c.ModelInfer(context.Background(), &oip.ModelInferRequest{
		ModelName:        oip.EchoModel,
		Parameters:       map[string]*oip.InferParameter{oip.EchoBytes: oip.Int64(12345)},
		Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Name: "upload", Datatype: "UINT8", Shape: []int64{3}}},
		RawInputContents: [][]byte{{1, 2, 3}},
	})
	if err != nil || len(r.RawOutputContents[0]) != 12345 {
		t.Errorf("%d bytes, %v", len(r.GetRawOutputContents()), err)
	}
	if _, err := c.ModelInfer(context.Background(), &oip.ModelInferRequest{
		ModelName: oip.EchoModel, Parameters: map[string]*oip.InferParameter{oip.EchoBytes: oip.Int64(-1)},
	}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("-1 bytes: %v", err)
	}
}

func TestTokenIsWantedOfEveryCall(t *testing.T) {
	c, conn := start(t, Options{Models: folder(t, "a"), Token: "secret"})
	if _, err := c.ServerLive(context.Background(), &oip.ServerLiveRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer wrong")
	if _, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with a wrong token: %v", err)
	}
	ctx = metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer secret")
	if _, err := c.ServerLive(ctx, &oip.ServerLiveRequest{}); err != nil {
		t.Errorf("with the token: %v", err)
	}
	s, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(context.Background())
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection without a token: %v", err)
	}
}

// everywhere is a listener whose address claims to reach beyond the machine.
type everywhere struct{ net.Listener }

func (everywhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8001} }

func TestListeningBeyondTheMachineIsWarnedOf(t *testing.T) {
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := New(ctx, Options{Backend: backendtest.New("cpu1", nil), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ctx, everywhere{l}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "listening beyond this machine") {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestFolderWithoutModelsIsAnError(t *testing.T) {
	if _, err := Folder(t.TempDir(), fixtures.Default()); err == nil {
		t.Error("an empty folder gave models")
	}
	if _, err := Folder(filepath.Join(t.TempDir(), "nowhere"), fixtures.Default()); err == nil {
		t.Error("a missing folder gave models")
	}
}

func TestStampsOfTheWitnessBracketTheRequest(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "a"), Witness: true})
	var departed int64
	for range 3 {
		before := time.Now()
		r, err := c.ModelInfer(context.Background(), request("a"))
		took := time.Since(before)
		if err != nil {
			t.Fatal(err)
		}
		arrived := r.Parameters[oip.ParamArrived].GetInt64Param()
		if last := r.Parameters[oip.ParamDeparted].GetInt64Param(); last < departed || arrived <= last {
			t.Errorf("arrived at %d, the answer before departed at %d", arrived, last)
		}
		if departed != 0 && arrived-departed > int64(time.Minute) {
			t.Errorf("%v between two requests, the last of which took %v", time.Duration(arrived-departed), took)
		}
		departed = r.Parameters[oip.ParamDeparted].GetInt64Param()
	}
}
