// Package overhead measures the software overhead of offloading: the client's time
// for an inference less the execution that the server reports, back to back, over
// bare loopback.
//
//  1. Run starts the embedded host and asks each server in each round, with the same
//     model, image and client. A plain TCP echo of as many bytes is the lower bound.
//  2. WriteMarkdown prints the table, and Judge applies the bounds.
package overhead

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Bound is the p50 that our own host may have. Its p50 times Factor must not exceed
// the p50 of any other server.
const (
	Bound  = 150 * time.Microsecond
	Factor = 5
)

// A Config says what to measure and for how long.
type Config struct {
	Others   []offload.Host // servers beside our own
	Variant  fixtures.Variant
	Rounds   int
	Requests int       // of each server in each round
	Threads  int       // of the embedded host's interpreter; 0 means all cores
	Seed     uint64    // of the order and the image
	Log      io.Writer // receives the embedded host's log; nil drops it
}

// warmup is the number of requests before those that count.
const warmup = 50

// A Row holds one server's figures, in seconds. The echo has no execution.
type Row struct {
	Name                string
	N                   int
	P50, P90, P99       float64 // latency less execution
	Exec                float64 // p50
	Sent, Received      int64   // bytes on the link, of the last inference
	Allocations, Memory float64 // at the client, of one inference: objects, bytes
	Lost                int     // requests
}

// Run returns a row for the echo, one for the embedded host, and one for each other
// server. The program's main must begin with host.ChildMain.
func Run(ctx context.Context, c Config) (_ []Row, err error) {
	if c.Rounds < 1 || c.Requests < 2 {
		return nil, exit.Errorf(exit.Usage, "--rounds wants 1 or more, --requests 2 or more")
	}
	self, err := offload.StartSelf(ctx, host.ChildConfig{Threads: c.Threads, Models: host.Serve(c.Variant)}, c.Log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := self.Close(); err == nil {
			err = cerr
		}
	}()
	own := self.Host()
	own.Name = "crossover host"
	return c.measure(ctx, append([]offload.Host{own}, c.Others...))
}

// measure returns a row for the echo, then one for each server in their order.
func (c Config) measure(ctx context.Context, servers []offload.Host) ([]Row, error) {
	rows := make([]Row, len(servers)+1)
	times, execs := make([][]float64, len(rows)), make([][]float64, len(rows))
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(c.Seed, 0))
	var out int
	for range c.Rounds {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			if i == 0 {
				continue // the echo comes last, because it returns as many bytes as the servers
			}
			s := servers[i-1]
			n, err := c.ask(ctx, s, &rows[i], &times[i], &execs[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			out = n
		}
		rows[0].Name = "TCP echo"
		t, err := echo(c.Variant.Image.Bytes(), out, c.Requests)
		if err != nil {
			return nil, fmt.Errorf("echo: %w", err)
		}
		times[0] = append(times[0], t...)
	}
	for i := range rows {
		slices.Sort(times[i])
		slices.Sort(execs[i])
		r := &rows[i]
		r.N = len(times[i])
		r.P50, r.P90, r.P99 = stats.Quantile(times[i], 0.5), stats.Quantile(times[i], 0.9), stats.Quantile(times[i], 0.99)
		if len(execs[i]) > 0 {
			r.Exec = stats.Quantile(execs[i], 0.5)
		}
	}
	rows[0].Sent, rows[0].Received = int64(c.Variant.Image.Bytes()), int64(out)
	return rows, nil
}

// ask runs one round with one server and returns the size of its outputs.
func (c Config) ask(ctx context.Context, server offload.Host, row *Row, times, execs *[]float64) (
	size int, err error,
) {
	s, err := offload.New(server, link.Shape{Name: names.LinkDirect}).Open(ctx, c.Variant)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in := [][]byte{fixtures.SyntheticImage(*c.Variant.Image, c.Seed)}
	out, err := backends.Buffers(s.Outputs())
	if err != nil {
		return 0, err
	}
	for _, b := range out {
		size += len(b)
	}
	row.Name = server.Name
	var before, after runtime.MemStats
	timings := make([]backends.Timing, 0, c.Requests)
	for i := range warmup + c.Requests {
		if i == warmup {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		t, err := s.Infer(ctx, in, out)
		if err != nil {
			return 0, err
		}
		if i >= warmup {
			timings = append(timings, t)
		}
	}
	runtime.ReadMemStats(&after)
	row.Allocations = float64(after.Mallocs-before.Mallocs) / float64(c.Requests)
	row.Memory = float64(after.TotalAlloc-before.TotalAlloc) / float64(c.Requests)
	for _, t := range timings {
		if t.Lost > 0 {
			row.Lost += t.Lost
			continue
		}
		if t.Exec == 0 {
			return 0, errors.New("the server does not report its execution time: " +
				"it must answer with the parameter " + oip.ParamExec)
		}
		*times, *execs = append(*times, (t.Total-t.Exec).Seconds()), append(*execs, t.Exec.Seconds())
		row.Sent, row.Received = t.Sent, t.Received
	}
	return size, nil
}

// echo times exchanges of in bytes for out bytes over a bare TCP connection.
func echo(in, out, requests int) ([]float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		request, answer := make([]byte, in), make([]byte, out)
		for {
			if _, err := io.ReadFull(c, request); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	request, answer := make([]byte, in), make([]byte, out)
	var times []float64
	for i := range warmup + requests {
		start := time.Now()
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return nil, err
		}
		if i >= warmup {
			times = append(times, time.Since(start).Seconds())
		}
	}
	return times, nil
}

// WriteMarkdown writes the rows as a table.
func WriteMarkdown(w io.Writer, rows []Row) error {
	var b strings.Builder
	b.WriteString("| server | n | p50 (µs) | p90 (µs) | p99 (µs) | execution p50 (µs) | sent (B) | received (B) " +
		"| client allocations | bytes |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for i, r := range rows {
		exec, allocations, memory := "", "", ""
		if i > 0 {
			exec = fmt.Sprintf("%.0f", r.Exec*1e6)
			allocations, memory = fmt.Sprintf("%.0f", r.Allocations), fmt.Sprintf("%.0f", r.Memory)
		}
		fmt.Fprintf(&b, "| %s | %d | %.0f | %.0f | %.0f | %s | %d | %d | %s | %s |\n", r.Name, r.N,
			r.P50*1e6, r.P90*1e6, r.P99*1e6, exec, r.Sent, r.Received, allocations, memory)
		if r.Lost > 0 {
			fmt.Fprintf(&b, "\n%s lost %d requests; their inferences are not counted.\n", r.Name, r.Lost)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Judge returns an error, with the exit code of a failed threshold, that names every
// bound that is exceeded. rows are Run's: the echo, our own host, then others.
func Judge(rows []Row) error {
	own := rows[1]
	var errs []error
	if !(own.P50 <= Bound.Seconds()) {
		errs = append(errs, fmt.Errorf("%s: p50 of latency less execution is %.0f µs, the bound is %.0f µs",
			own.Name, own.P50*1e6, Bound.Seconds()*1e6))
	}
	for _, r := range rows[2:] {
		if !(own.P50*Factor <= r.P50) {
			errs = append(errs, fmt.Errorf("%s: %.0f µs is more than a fifth of %s's %.0f µs",
				own.Name, own.P50*1e6, r.Name, r.P50*1e6))
		}
	}
	if errs == nil {
		return nil
	}
	return exit.Errorf(exit.Threshold, "%w", errors.Join(errs...))
}
