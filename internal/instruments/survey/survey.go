// Package survey measures a real link to a host of Crossover, through the protocol and the
// connection that inferences use, and makes a profile of the cost model from it.
//
//  1. Round trips of one byte, back to back. Their minimum is the propagation both ways, and their
//     mean above that is the jitter.
//  2. Transfers that grow until they take long enough, each way. Bytes over the time beyond a round
//     trip give the rate.
//  3. Round trips and transfers after a pause, which show sleeping radios and TCP's slow start
//     after idle.
//  4. Survey.Link is the profile. Survey.Report has the figures for people.
//
// The host's own time is subtracted from each figure. The client's software overhead is not
// separated from the link. Path says what the link runs over.
package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model"
)

// Options say how much a survey measures. Their tags make flags of them.
type Options struct {
	Long       time.Duration `kong:"-"` // that a transfer must take; 0 means 300 ms
	RoundTrips int           `default:"300" help:"Round trips back to back."`
	Transfers  int           `default:"9" help:"Transfers each way."`
	Pause      time.Duration `default:"1s" help:"Pause before an exchange after a pause."`
	AfterPause int           `default:"10" help:"Exchanges after a pause."`
}

// burst is the size of a transfer after a pause: more than TCP's initial window of ten segments.
const burst = 64 << 10

// A Distribution describes times in seconds.
type Distribution struct {
	N                             int
	Min, Mean, P50, P90, P99, Max float64
}

// A Survey holds what was measured. Rates are in bytes per second.
type Survey struct {
	Path       Path
	RoundTrip  Distribution // of one byte each way, back to back
	Jitter     float64      // mean of RoundTrip minus its minimum, in seconds
	Up, Down   float64
	UpBytes    int // of a transfer
	DownBytes  int
	AfterPause Distribution // of the round trip
	Pause      time.Duration
	// Burst is a transfer of 64 KiB up, back to back; BurstAfterPause is the same after a pause.
	Burst, BurstAfterPause Distribution
}

// Run surveys the real link to h, which must be a host of Crossover. Errors have exit codes.
func Run(ctx context.Context, h offload.Host, o Options) (Survey, error) {
	if o.RoundTrips < 2 || o.Transfers < 1 || o.Pause <= 0 || o.AfterPause < 1 {
		return Survey{}, exit.Errorf(exit.Usage,
			"--round-trips wants 2 or more, --transfers and --after-pause 1 or more, --pause more than 0")
	}
	path, err := PathTo(h.Address)
	if err != nil {
		return Survey{}, exit.Errorf(exit.NoData, "%w", err)
	}
	conn, err := offload.Dial(h, &link.Dialer{})
	if err != nil {
		return Survey{}, exit.Errorf(exit.NoData, "%w", err)
	}
	defer conn.Close()
	reach, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := oip.NewGRPCInferenceServiceClient(conn).ServerLive(reach, &oip.ServerLiveRequest{}); err != nil {
		return Survey{}, exit.Errorf(exit.NoData, "host %s at %s does not answer: %w", h.Name, h.Address, err)
	}
	s, err := measure(ctx, conn, o)
	s.Path = path
	return s, err
}

// measure surveys the link that conn runs over, without its Path.
func measure(ctx context.Context, conn *grpc.ClientConn, o Options) (Survey, error) {
	p := &prober{client: oip.NewGRPCInferenceServiceClient(conn)}
	o.Long = cmp.Or(o.Long, 300*time.Millisecond)
	s := Survey{Pause: o.Pause}
	if _, err := p.exchange(ctx, 1, 1); err != nil {
		if status.Code(err) == codes.NotFound {
			return s, errors.New("the host has no model " + oip.EchoModel +
				": only a host of Crossover can be measured; start crossover host there")
		}
		return s, err
	}
	var err error
	if s.RoundTrip, err = p.repeat(ctx, o.RoundTrips, 0, 1); err != nil {
		return s, err
	}
	s.Jitter = s.RoundTrip.Mean - s.RoundTrip.Min
	up := func(n int) (float64, error) { return p.exchange(ctx, n, 1) }
	if s.Up, s.UpBytes, err = rate(o, s.RoundTrip.Min, up); err != nil {
		return s, err
	}
	down := func(n int) (float64, error) { return p.exchange(ctx, 1, n) }
	if s.Down, s.DownBytes, err = rate(o, s.RoundTrip.Min, down); err != nil {
		return s, err
	}
	if s.Burst, err = p.repeat(ctx, o.AfterPause, 0, burst); err != nil {
		return s, err
	}
	if s.AfterPause, err = p.repeat(ctx, o.AfterPause, o.Pause, 1); err != nil {
		return s, err
	}
	s.BurstAfterPause, err = p.repeat(ctx, o.AfterPause, o.Pause, burst)
	return s, err
}

// Link returns the survey as a link of the cost model. The jitter has an exponential distribution
// with the measured mean.
func (s Survey) Link(name, source string) (model.Link, error) {
	l := model.Link{
		Name: name, OneWay: model.Seconds(s.RoundTrip.Min / 2),
		Up: model.BytesPerSecond(s.Up), Down: model.BytesPerSecond(s.Down), Source: source,
	}
	if s.Jitter > 0 {
		l.Jitter = &model.Jitter{Distribution: model.Exponential, Mean: model.Seconds(s.Jitter / 2)}
	}
	return l, l.Validate()
}

// A prober exchanges bytes with the host.
type prober struct {
	client  oip.GRPCInferenceServiceClient
	payload []byte
}

// exchange sends up bytes, gets down bytes back, and returns how long that took beyond the host's
// own time, in seconds.
func (p *prober) exchange(ctx context.Context, up, down int) (float64, error) {
	if len(p.payload) < up {
		p.payload = make([]byte, up)
	}
	req := &oip.ModelInferRequest{
		ModelName:  oip.EchoModel,
		Parameters: map[string]*oip.InferParameter{oip.EchoBytes: oip.Int64(int64(down))},
		Inputs: []*oip.ModelInferRequest_InferInputTensor{
			{Name: "upload", Datatype: "UINT8", Shape: []int64{int64(up)}},
		},
		RawInputContents: [][]byte{p.payload[:up]},
	}
	start := time.Now()
	r, err := p.client.ModelInfer(ctx, req, grpc.WaitForReady(true))
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	if len(r.RawOutputContents) != 1 || len(r.RawOutputContents[0]) != down {
		return 0, fmt.Errorf("model %s answered with other than %d bytes", oip.EchoModel, down)
	}
	return (took - time.Duration(r.Parameters[oip.ParamTotal].GetInt64Param())).Seconds(), nil
}

// repeat sends up bytes n times, each time after a pause.
func (p *prober) repeat(ctx context.Context, n int, pause time.Duration, up int) (Distribution, error) {
	var times []float64
	for range n {
		if err := link.Sleep(ctx, pause); err != nil {
			return Distribution{}, err
		}
		t, err := p.exchange(ctx, up, 1)
		if err != nil {
			return Distribution{}, err
		}
		times = append(times, t)
	}
	return distribution(times), nil
}

// largest bounds a transfer by what a host's echo accepts.
const largest = oip.EchoLimit

// rate finds a transfer of n bytes that takes long enough and returns the median rate of several:
// bytes over the time beyond a round trip.
func rate(o Options, roundTrip float64, transfer func(n int) (float64, error)) (rate float64, n int, err error) {
	for n = burst; ; n *= 2 {
		t, err := transfer(n)
		if err != nil {
			return 0, n, err
		}
		if n == largest || t-roundTrip >= o.Long.Seconds() {
			break
		}
	}
	var rates []float64
	for range o.Transfers {
		t, err := transfer(n)
		if err != nil {
			return 0, n, err
		}
		if t > roundTrip {
			rates = append(rates, float64(n)/(t-roundTrip))
		}
	}
	if len(rates) == 0 {
		return 0, n, errors.New("transfers take no longer than a round trip: " +
			"the link is too fast to measure this way")
	}
	return stats.Median(rates), n, nil
}

func distribution(times []float64) Distribution {
	slices.Sort(times)
	return Distribution{
		N: len(times), Min: times[0], Max: times[len(times)-1], Mean: stat.Mean(times, nil),
		P50: stats.Quantile(times, 0.5), P90: stats.Quantile(times, 0.9), P99: stats.Quantile(times, 0.99),
	}
}
