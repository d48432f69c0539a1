package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestInferReportsItsTimes(t *testing.T) {
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Total: 5 * time.Millisecond, Exec: 3 * time.Millisecond, Fill: time.Millisecond}, nil
	})
	c, _ := start(t, Options{Models: folder(t, "a"), Backend: b})
	r, err := c.ModelInfer(context.Background(), request("a"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Id != "7" || r.ModelName != "a" || len(r.Outputs) != 1 || r.Outputs[0].Name != "scores" ||
		len(r.RawOutputContents[0]) != backendtest.Classes {
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

func TestInferTakesTypedAndRawInput(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "a")})
	raw := request("a")
	for i := range raw.RawInputContents[0] {
		raw.RawInputContents[0][i] = byte(i)
	}
	typed, elements := request("a"), new(oip.InferTensorContents)
	for b := raw.RawInputContents[0]; len(b) > 0; b = b[4:] {
		elements.Fp32Contents = append(elements.Fp32Contents, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	typed.Inputs[0].Contents, typed.RawInputContents = elements, nil
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

func TestInferRefusesWrongRequestsWithTheRemedy(t *testing.T) {
	c, _ := start(t, Options{Models: folder(t, "mobilenet")})
	for _, test := range []struct {
		name, want string
		code       codes.Code
		change     func(*oip.ModelInferRequest)
	}{
		{
			"unknown model", `did you mean "mobilenet"?`, codes.NotFound,
			func(r *oip.ModelInferRequest) { r.ModelName = "mobilnet" },
		},
		{
			"unknown version", "leave the version out", codes.NotFound,
			func(r *oip.ModelInferRequest) { r.ModelVersion = "9" },
		},
		{
			"unknown input", `want "input"`, codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.Inputs[0].Name = "x" },
		},
		{
			"missing input", `"input" is missing`, codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.Inputs, r.RawInputContents = nil, nil },
		},
		{"input twice", "given twice", codes.InvalidArgument, func(r *oip.ModelInferRequest) {
			r.Inputs, r.RawInputContents = append(r.Inputs, r.Inputs[0]), append(r.RawInputContents, r.RawInputContents[0])
		}},
		{
			"wrong datatype", "want FP32 [1 16]", codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.Inputs[0].Datatype = "INT8" },
		},
		{
			"wrong shape", "want FP32 [1 16]", codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.Inputs[0].Shape = []int64{16} },
		},
		{
			"short tensor", "want 64", codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.RawInputContents[0] = make([]byte, 63) },
		},
		{
			"no contents", "has no contents", codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.RawInputContents = nil },
		},
		{"raw and typed", "send one of the two", codes.InvalidArgument, func(r *oip.ModelInferRequest) {
			r.Inputs[0].Contents = &oip.InferTensorContents{Fp32Contents: make([]float32, 16)}
		}},
		{
			"raw too many", "one per input", codes.InvalidArgument,
			func(r *oip.ModelInferRequest) { r.RawInputContents = append(r.RawInputContents, nil) },
		},
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

func TestQueueRefusesAtOnceWhenFullAndReportsWaiting(t *testing.T) {
	entered, release := make(chan struct{}, 8), make(chan struct{})
	b := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		entered <- struct{}{}
		<-release
		return backends.Timing{}, nil
	})
	models := folder(t, "a")
	o := Options{Models: models, Backend: b, Queue: 1}
	s, address := serve(t, o)
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	results := make(chan *oip.ModelInferResponse, 2)
	var wg sync.WaitGroup
	send := func() {
		defer wg.Done()
		r, err := c.ModelInfer(context.Background(), request("a"))
		for status.Code(err) == codes.ResourceExhausted { // the third was in the queue for a moment
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
	for full := false; !full; {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err := c.ModelInfer(ctx, request("a"))
		cancel()
		switch status.Code(err) {
		case codes.ResourceExhausted:
			full = true
			if !strings.Contains(err.Error(), "queue is full") {
				t.Errorf("refused with %v", err)
			}
		case codes.DeadlineExceeded:
		default:
			t.Fatalf("the third request: %v", err)
		}
	}
	if refused(s, byQueue) == 0 {
		t.Error("no request is counted that found the queue full")
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

func TestEchoReturnsTheRequestedBytes(t *testing.T) {
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

func TestWitnessStampsBracketTheRequest(t *testing.T) {
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
