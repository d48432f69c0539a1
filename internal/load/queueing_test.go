package load_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/load"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// service is the constant service time of the queueing experiment. It sleeps, so that it needs no
// processor, and wakes by the kernel's clock, since the Go runtime's timers are up to 1.6 ms late.
const service = 5 * time.Millisecond

func sleepingService(fixtures.Variant, int) (backends.Timing, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := link.Monotonic()
	link.SleepUntil(start + int64(service))
	took := time.Duration(link.Monotonic() - start)
	return backends.Timing{Total: took, Exec: took}, nil
}

// A waitRow is the mean wait at one load of one host: what the model predicts beside what was
// measured. Times are in seconds, means over the requests. Going through the columns in order tells
// the causes of an error apart.
type waitRow struct {
	workers  int
	capacity float64 // share of it that was asked for: 0.7
	requests int
	exec     float64 // service, as the host reports it
	model    float64 // the wait by model.MGk for that service and its variance
	ideal    float64 // of a queue without overhead that serves this run's arrivals: its chance
	replay   float64 // the same with each request's own service, from when it was really sent
	wait     float64 // measured at the host
	outside  float64 // the rest of the latency: network, gRPC, threads that wake
	late     float64 // p99 of the generator's lateness
}

// error returns the measured wait less the predicted one, as a share of the service time.
func (w waitRow) error() float64 { return (w.wait - w.model) / w.exec }

// The full form measures several hosts at once, which the processors hardly notice since the service
// sleeps, and lets several hosts share a load's requests, so that none is asked for longer than
// longest.
const (
	atOnce  = 6
	longest = 600 * time.Second
)

// TestQueueingFollowsTheModel measures the mean wait at a host with one and two workers beside the
// cost model's. CROSSOVER_QUEUEING=40000 takes so many requests at each load, from 10 to 90 % of
// the capacity, as make queueing does, and then holds the model to 15 % of a service time up to
// 70 % load. By default it takes few requests at two loads, for which chance alone moves the mean
// that far, and compares with the ideal queue of the same requests, with room for a busy machine.
func TestQueueingFollowsTheModel(t *testing.T) {
	full := os.Getenv("CROSSOVER_QUEUEING")
	if full == "" {
		for _, r := range measureWaits(t, []float64{0.3, 0.6}, 150, 1) {
			t.Logf("%+v", r)
			if math.Abs(r.wait-r.replay) > r.exec+r.replay/2 {
				t.Errorf("%d workers at %.0f %%: waited %.3g s, an ideal queue of the same requests %.3g s",
					r.workers, 100*r.capacity, r.wait, r.replay)
			}
		}
		return
	}
	requests, err := strconv.Atoi(full)
	if err != nil || requests < 1000 {
		t.Fatalf("CROSSOVER_QUEUEING=%s: want a number of requests, at least 1000", full)
	}
	rows := measureWaits(t, []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}, requests, atOnce)
	t.Logf("\n%s", waitTable(rows))
	sum, n := 0.0, 0
	for _, r := range rows {
		if r.capacity <= 0.7+1e-9 {
			sum, n = sum+math.Abs(r.error()), n+1
		}
	}
	mean := sum / float64(n)
	t.Logf("mean absolute error up to 70 %% load: %.1f %% of a service time", 100*mean)
	if mean > 0.15 {
		t.Errorf("the mean wait is off by %.1f %% of a service time; the bound is 15 %%", 100*mean)
	}
}

// measureWaits returns a row for each load, with one worker and then with two.
func measureWaits(t *testing.T, capacities []float64, requests, atOnce int) []waitRow {
	t.Helper()
	type job struct {
		row    int
		rate   float64
		config load.Config
		part   waitRow
	}
	var jobs []*job
	var rows []waitRow
	for _, workers := range []int{1, 2} {
		for _, capacity := range capacities {
			rate := capacity * float64(workers) / service.Seconds()
			length := time.Duration(float64(requests) / rate * float64(time.Second))
			hosts := int(length/longest) + 1
			for range hosts {
				h := serveScript(t, sleepingService, workers, 1_000_000, "m")
				c := config(t, h, "m")
				c.Rates, c.Rounds, c.Connections, c.Seed = []float64{rate}, 1, 4, uint64(len(jobs)+1)
				c.Warmup, c.Duration, c.Timeout = time.Second, length/time.Duration(hosts), time.Minute
				c.Outstanding = 1_000_000
				if atOnce == 1 {
					c.Warmup = 100 * time.Millisecond
				}
				jobs = append(jobs, &job{row: len(rows), rate: rate, config: c, part: waitRow{workers: workers}})
			}
			rows = append(rows, waitRow{workers: workers, capacity: capacity})
		}
	}
	slices.SortStableFunc(jobs, func(a, b *job) int { return int(b.config.Duration - a.config.Duration) })
	var all errgroup.Group
	all.SetLimit(atOnce)
	for _, j := range jobs {
		all.Go(func() error {
			report, err := load.Run(context.Background(), j.config)
			if err != nil {
				return err
			}
			run, err := results.Open(report.Dir)
			if err != nil {
				return err
			}
			j.part = waits(run.Blocks[0].Samples, j.rate, j.part.workers)
			j.part.late = report.Figures[0].LateP99
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		r := &rows[j.row]
		into, part := r.means(), j.part.means()
		for i, x := range into {
			*x = (*x*float64(r.requests) + *part[i]*float64(j.part.requests)) / float64(r.requests+j.part.requests)
		}
		r.requests += j.part.requests
	}
	return rows
}

// means returns the figures that are means over the requests.
func (w *waitRow) means() []*float64 {
	return []*float64{&w.exec, &w.model, &w.ideal, &w.replay, &w.wait, &w.outside, &w.late}
}

// waits returns the means of the steady samples.
func waits(samples []results.Sample, rate float64, workers int) waitRow {
	mean, square := 0.0, 0.0
	for _, s := range samples {
		mean += s.Exec.Seconds() / float64(len(samples))
		square += s.Exec.Seconds() * s.Exec.Seconds() / float64(len(samples))
	}
	ideal, replay := make(fifo, workers), make(fifo, workers)
	row := waitRow{exec: mean}
	for _, s := range samples { // the warm-up fills the queues, too
		inIdeal := ideal.wait(s.At.Seconds(), mean)
		inReplay := replay.wait((s.At + s.Lateness).Seconds(), s.Exec.Seconds())
		if s.Phase != results.PhaseSteady {
			continue
		}
		row.requests++
		row.ideal += inIdeal
		row.replay += inReplay
		row.wait += s.Queue.Seconds()
		row.outside += (s.Total - s.Exec - s.Queue).Seconds()
	}
	for _, sum := range []*float64{&row.ideal, &row.replay, &row.wait, &row.outside} {
		*sum /= float64(row.requests)
	}
	predicted, err := model.MGk(model.PerSecond(rate), model.Seconds(mean), max(0, square/mean/mean-1), workers)
	if err != nil {
		predicted = model.Seconds(math.Inf(1)) // the service was so slow that the queue has no mean
	}
	row.model = float64(predicted)
	return row
}

// A fifo is an ideal queue, first come, first served: when each of its workers is free.
type fifo []float64

// wait returns how long a request waits that comes at a time and is served for a time.
func (q fifo) wait(at, service float64) float64 {
	slices.Sort(q)
	begin := max(at, q[0])
	q[0] = begin + service
	return begin - at
}

func waitTable(rows []waitRow) string {
	milli := func(x float64) string { return fmt.Sprintf("%.3f", 1e3*x) }
	var t sheet.Table[waitRow]
	t.Right("workers", func(w waitRow) any { return w.workers })
	t.Right("load (%)", func(w waitRow) any { return math.Round(100 * w.capacity) })
	t.Right("requests", func(w waitRow) any { return w.requests })
	t.Right("service (ms)", func(w waitRow) any { return milli(w.exec) })
	t.Right("wait, model (ms)", func(w waitRow) any { return milli(w.model) })
	t.Right("ideal queue, same arrivals (ms)", func(w waitRow) any { return milli(w.ideal) })
	t.Right("the same requests (ms)", func(w waitRow) any { return milli(w.replay) })
	t.Right("wait, measured (ms)", func(w waitRow) any { return milli(w.wait) })
	t.Right("error (% of a service)", func(w waitRow) any { return fmt.Sprintf("%.1f", 100*w.error()) })
	t.Right("outside queue and service (ms)", func(w waitRow) any { return milli(w.outside) })
	t.Right("generator late p99 (ms)", func(w waitRow) any { return milli(w.late) })
	return t.Markdown(rows)
}
