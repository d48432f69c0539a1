package load_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/load"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) backends.Backend {
		return backendtest.New("cpu1", func(v fixtures.Variant, i int) (backends.Timing, error) {
			if host.ModelName(v) == slowModel {
				return backendtest.Sleep(slowService)(v, i)
			}
			return backendtest.Sleep(0)(v, i)
		})
	})
	os.Exit(m.Run())
}

// serve starts a host whose models take service, and returns how to reach it.
func serve(t *testing.T, service time.Duration, queue int, models ...string) offload.Host {
	t.Helper()
	return serveScript(t, backendtest.Sleep(service), 1, queue, models...)
}

func serveScript(t *testing.T, script backendtest.Script, workers, queue int, models ...string) offload.Host {
	t.Helper()
	var variants []fixtures.Variant
	for _, m := range models {
		path := filepath.Join(t.TempDir(), m+".tflite")
		if err := os.WriteFile(path, []byte(m), 0o600); err != nil {
			t.Fatal(err)
		}
		variants = append(variants, fixtures.Variant{Name: names.Variant("model=" + m), Path: path})
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := host.New(ctx, host.Options{
		Models: host.Serve(variants...), Backend: backendtest.New("cpu1", script),
		Interpreters: workers, Queue: queue,
	})
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, func(l net.Listener) error { return s.Serve(ctx, l) }, cancel)
}

func listen(t *testing.T, serve func(net.Listener) error, stop func()) offload.Host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		if err := serve(l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		served.Wait()
	})
	return offload.Host{Name: "lab", Address: l.Addr().String()}
}

// config returns a short run.
func config(t *testing.T, h offload.Host, models ...string) load.Config {
	c := load.Config{
		Hosts: []offload.Host{h}, Arrivals: "poisson", Rounds: 2,
		Duration: 200 * time.Millisecond, Warmup: 50 * time.Millisecond,
		Connections: 2, Timeout: 5 * time.Second, Outstanding: 1000, Seed: 1, Results: t.TempDir(),
	}
	for _, m := range models {
		c.Tenants = append(c.Tenants, load.Tenant{Name: m, Model: m, Share: 1})
	}
	return c
}

func TestRunWritesARunThatOthersRead(t *testing.T) {
	c := config(t, serve(t, time.Millisecond, 64, "a", "b"), "a", "b")
	c.Rates, c.Clients = []float64{100, 200}, []int{2}
	report, err := load.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(report.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Blocks) != 12 || !run.Ledger.Complete || len(run.Missing()) > 0 || len(run.Notes) > 0 {
		t.Errorf("%d blocks of 12, missing %v, notes %q", len(run.Blocks), run.Missing(), run.Notes)
	}
	data, err := accept.FromRun("run", run)
	if err != nil || !data.Interleaved {
		t.Errorf("accept reads %+v, %v", data, err)
	}
	seen := map[names.Combination]int{}
	for _, s := range summary.Summarize(run) {
		seen[s.Combination] = s.Samples
		if s.Median == nil || *s.Median < 1e-3 {
			t.Errorf("%s has a median below its service", s.Combination.Name())
		}
	}
	for _, l := range []names.Load{
		{Rate: "100", Tenant: "a"}, {Rate: "200", Tenant: "b"}, {Clients: "2", Tenant: "a"},
	} {
		want := names.Combination{
			Variant: names.Variant("model=" + l.Tenant), Backend: "offload-lab", Link: "direct", Load: l,
		}
		if seen[want] == 0 {
			t.Errorf("no sample of %s in %v", want.Name(), seen)
		}
	}
	for _, f := range report.Figures {
		if f.Answered == 0 || f.Losses() != 0 || f.LateMax < f.LateP99 {
			t.Errorf("%+v", f)
		}
	}
}

func TestRunCountsWhatAFullQueueRefuses(t *testing.T) {
	c := config(t, serve(t, 20*time.Millisecond, 1, "m"), "m")
	c.Rates = []float64{300}
	report, err := load.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	f := report.Figures[0]
	if f.Lost["ResourceExhausted"] == 0 || f.Answered == 0 || f.P90 == nil || *f.P90 < c.Timeout.Seconds() {
		t.Errorf("%+v; want most refused, each counted as the timeout", f)
	}
	if text := report.Text(); !strings.Contains(text, "ResourceExhausted") {
		t.Errorf("the report does not say why requests were lost:\n%s", text)
	}
}

func TestRunFindsTheHighestRate(t *testing.T) {
	c := config(t, serve(t, 4*time.Millisecond, 100, "m"), "m")
	c.Rates, c.Rounds, c.Duration = []float64{60, 600}, 7, 200*time.Millisecond
	c.SLO = &load.SLO{Percentile: 0.5, Limit: 150 * time.Millisecond}
	report, err := load.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Capacity; got == nil || got.Passes == nil || *got.Passes != 60 {
		t.Errorf("%s; a quarter of the capacity should pass", report.Text())
	}
}

func TestRunLooksForRatesByItself(t *testing.T) {
	c := config(t, serve(t, 4*time.Millisecond, 100, "m"), "m")
	c.Rounds = 1
	c.SLO = &load.SLO{Percentile: 0.5, Limit: 25 * time.Millisecond}
	report, err := load.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	// One worker with 4 ms and more serves at most 250 requests a second.
	rates := report.Capacity.Rates
	if len(rates) < 5 || rates[0].Rate < 10 || rates[0].Rate > 400 {
		t.Errorf("rates %+v", rates)
	}
}

func TestRunRefusesWhatCannotBeMeasured(t *testing.T) {
	h := serve(t, 0, 1, "m")
	one := []int{1}
	gone := h
	gone.Address, gone.Timeout = "127.0.0.1:1", 200*time.Millisecond
	for name, c := range map[string]struct {
		change func(*load.Config)
		code   exit.Code
		want   string
	}{
		"no point": {func(*load.Config) {}, exit.Usage, "--rate"},
		"no model": {func(c *load.Config) { c.Tenants = nil; c.Rates = []float64{1} }, exit.Usage, "--model"},
		"two hosts": {
			func(c *load.Config) { c.Hosts = append(c.Hosts, c.Hosts...); c.Clients = one }, exit.Usage, "twice",
		},
		"no client":   {func(c *load.Config) { c.Clients = []int{0} }, exit.Usage, "--clients 0"},
		"too many":    {func(c *load.Config) { c.Rates, c.Duration = []float64{1e9}, time.Hour }, exit.Usage, "at most"},
		"nothing due": {func(c *load.Config) { c.Rates = []float64{0.5} }, exit.Usage, "raise --duration"},
		"a tenant twice": {
			func(c *load.Config) { c.Tenants = append(c.Tenants, c.Tenants...); c.Clients = one }, exit.Usage, "twice",
		},
		"an unknown":      {func(c *load.Config) { c.Tenants[0].Model = "n"; c.Clients = one }, exit.NoData, `no model "n"`},
		"no host":         {func(c *load.Config) { c.Hosts[0] = gone; c.Clients = one }, exit.NoData, "does not answer"},
		"clients and slo": {func(c *load.Config) { c.SLO = &load.SLO{}; c.Clients = one }, exit.Usage, "--slo"},
	} {
		t.Run(name, func(t *testing.T) {
			config := config(t, h, "m")
			c.change(&config)
			_, err := load.Run(context.Background(), config)
			if err == nil || exit.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, code %d; want %q and %d", err, exit.CodeOf(err), c.want, c.code)
			}
			if runs, _ := os.ReadDir(config.Results); len(runs) > 0 {
				t.Errorf("it left %v", runs)
			}
		})
	}
}

// liar answers every request with another's id.
type liar struct {
	oip.UnimplementedGRPCInferenceServiceServer
}

func (liar) ModelMetadata(_ context.Context, r *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	tensors := []*oip.ModelMetadataResponse_TensorMetadata{{Name: "x", Datatype: "UINT8", Shape: []int64{1, 4}}}
	return &oip.ModelMetadataResponse{Name: r.Name, Inputs: tensors, Outputs: tensors}, nil
}

func (liar) ModelInfer(_ context.Context, r *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	return &oip.ModelInferResponse{ModelName: r.ModelName, Id: "another"}, nil
}

func TestRunEndsTheCombinationOfAHostThatLies(t *testing.T) {
	s := grpc.NewServer()
	oip.RegisterGRPCInferenceServiceServer(s, liar{})
	c := config(t, listen(t, s.Serve, s.Stop), "m")
	c.Rates, c.Clients = []float64{100}, []int{1}
	_, err := load.Run(context.Background(), c)
	if exit.CodeOf(err) != exit.NoData || !strings.Contains(err.Error(), `it has the id "another"`) {
		t.Errorf("%v", err)
	}
	dirs, err := os.ReadDir(c.Results)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%v, %v", dirs, err)
	}
	run, err := results.Open(filepath.Join(c.Results, dirs[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Blocks) != 0 || len(run.Ledger.Failed) != 2 ||
		!strings.Contains(run.Ledger.Failed[0].Reason, "cannot be true") {
		t.Errorf("%d blocks, failed %+v", len(run.Blocks), run.Ledger.Failed)
	}
}
