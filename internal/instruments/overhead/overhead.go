// Package overhead measures the software overhead of offloading: the client's time for an inference
// minus the execution time that the server reports, back to back, over bare loopback.
//
//  1. Run starts the embedded host, a standalone one, and a gRPC echo that gives the embedded host's
//     answer to everything, each in a process of its own (echo.go, peer.go).
//  2. It asks each server in each round, in another order, with the same model, image and client. A
//     plain TCP echo of as many bytes is the lower bound of all.
//  3. Markdown has the table, and Judge applies the bounds. The host is compared with the gRPC echo
//     within each round, since a machine's pace changes between rounds: the median of the rounds'
//     ratios counts.
package overhead

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
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
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/internal/stats"
)

// Bound is the p50 that our own host may have. Its p50 times Factor must not exceed the p50 of any
// other server.
const (
	Bound  = 150 * time.Microsecond
	Factor = 5
	// EchoRatio is the most by which a host's p50 may exceed that of a gRPC echo of the same
	// messages: what is the host's own is validating, queueing, the interpreter's tensors.
	EchoRatio = 1.3
)

// The names of the rows that Run makes itself, in their order.
const (
	tcpEcho    = "TCP echo"
	grpcEcho   = "gRPC echo"
	embedded   = "crossover host"
	standalone = "standalone host"
)

// A Config says what to measure and for how long. Its tags make flags of it.
type Config struct {
	Others  []offload.Host   `kong:"-"` // servers beside our own
	Variant fixtures.Variant `kong:"-"`
	Log     io.Writer        `kong:"-"` // receives the embedded host's log; nil drops it
	// Standalone is the command of a host that serves Variant, prints its address, and ends when it is
	// interrupted; empty leaves that row out.
	Standalone []string `kong:"-"`

	Rounds   int    `default:"5" help:"Rounds, each with the servers in another order."`
	Requests int    `default:"500" help:"Requests of each server in each round."`
	Threads  int    `default:"1" help:"Threads of the embedded host's interpreter."`
	Seed     uint64 `default:"1" help:"Seed of the order and the image."`
}

// warmup is the number of requests before those that count.
const warmup = 50

// A Row holds one server's figures, in seconds. The echo has no execution.
type Row struct {
	Name                string
	N                   int
	P50, P90, P99       float64 // latency minus execution
	Exec                float64 // p50
	Sent, Received      int64   // bytes on the link, of the last inference
	Allocations, Memory float64 // at the client, of one inference: objects, bytes
	Lost                int     // requests

	times, execs []float64 // latencies minus execution, and executions
	rounds       []float64 // the p50 of each round
}

// ratio returns the median of the rounds' ratios r / to, 0 without rounds.
func (r *Row) ratio(to *Row) float64 {
	n := min(len(r.rounds), len(to.rounds))
	if n == 0 {
		return 0
	}
	ratios := make([]float64, n)
	for i := range ratios {
		ratios[i] = r.rounds[i] / to.rounds[i]
	}
	return stats.Median(ratios)
}

// Run returns a row for the TCP echo, the gRPC echo, the embedded host, the standalone host if there
// is one, and each other server. The program's main must begin with host.ChildMain and EchoMain.
func Run(ctx context.Context, c Config) (_ []Row, err error) {
	if c.Rounds < 1 || c.Requests < 2 {
		return nil, exit.Errorf(exit.Usage, "--rounds wants 1 or more, --requests 2 or more")
	}
	self, err := offload.StartSelf(ctx, host.ChildConfig{Threads: c.Threads, Models: host.Serve(c.Variant)}, c.Log)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, self.Close()) }()
	own := self.Host()
	own.Name = embedded
	echo, err := c.startEcho(ctx, own)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, echo.Close()) }()
	servers := []offload.Host{echo.host, own}
	if len(c.Standalone) > 0 {
		alone, err := startPeer(ctx, standalone, c.Standalone, nil, nil)
		if err != nil {
			return nil, err
		}
		defer func() { err = cmp.Or(err, alone.Close()) }()
		servers = append(servers, alone.host)
	}
	return c.measure(ctx, append(servers, c.Others...))
}

// startEcho starts this binary as the gRPC echo of what the host answers.
func (c Config) startEcho(ctx context.Context, own offload.Host) (*peer, error) {
	answers, err := record(ctx, own, host.ModelName(c.Variant), fixtures.SyntheticImage(*c.Variant.Image, c.Seed))
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(answers)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startPeer(ctx, grpcEcho, []string{self}, []string{echoEnv + "=1"}, input)
}

// measure returns a row for the TCP echo, then one for each server in their order.
func (c Config) measure(ctx context.Context, servers []offload.Host) ([]Row, error) {
	rows := make([]Row, len(servers)+1)
	rows[0].Name = tcpEcho
	in := [][]byte{fixtures.SyntheticImage(*c.Variant.Image, c.Seed)}
	random := rand.New(rand.NewPCG(c.Seed, 0))
	size := 0
	for range c.Rounds {
		for _, i := range random.Perm(len(servers)) {
			row := &rows[i+1]
			before := len(row.times)
			n, err := c.ask(ctx, servers[i], in, row)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", servers[i].Name, err)
			}
			row.rounds = append(row.rounds, stats.Median(row.times[before:]))
			size = n
		}
		// The TCP echo comes last, because it returns as many bytes as the servers.
		times, err := echo(len(in[0]), size, c.Requests)
		if err != nil {
			return nil, fmt.Errorf("echo: %w", err)
		}
		rows[0].times = append(rows[0].times, times...)
		rows[0].rounds = append(rows[0].rounds, stats.Median(times))
	}
	rows[0].Sent, rows[0].Received = int64(len(in[0])), int64(size)
	for i := range rows {
		r := &rows[i]
		slices.Sort(r.times)
		slices.Sort(r.execs)
		r.N = len(r.times)
		r.P50, r.P90, r.P99 = stats.Quantile(r.times, 0.5), stats.Quantile(r.times, 0.9), stats.Quantile(r.times, 0.99)
		if len(r.execs) > 0 {
			r.Exec = stats.Quantile(r.execs, 0.5)
		}
	}
	return rows, nil
}

// ask runs one round with one server and returns the size of its outputs.
func (c Config) ask(ctx context.Context, server offload.Host, in [][]byte, row *Row) (size int, err error) {
	s, err := offload.New(server, link.Shape{Name: names.LinkDirect}).Open(ctx, c.Variant)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	out := backends.Buffers(s.Outputs())
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
		row.times = append(row.times, (t.Total - t.Exec).Seconds())
		row.execs = append(row.execs, t.Exec.Seconds())
		row.Sent, row.Received = t.Sent, t.Received
	}
	return len(slices.Concat(out...)), nil
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
		for err == nil {
			if _, err = io.ReadFull(c, request); err == nil {
				_, err = c.Write(answer)
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

// Markdown returns the rows as a table.
func Markdown(rows []Row) string {
	integer := func(f float64) string { return fmt.Sprintf("%.0f", f) }
	served := func(r Row, f float64) string {
		if r.Exec == 0 {
			return "" // the echo has none
		}
		return integer(f)
	}
	var t sheet.Table[Row]
	t.Left("server", func(r Row) any { return r.Name })
	t.Right("n", func(r Row) any { return r.N })
	t.Right("p50 (µs)", func(r Row) any { return integer(r.P50 * 1e6) })
	t.Right("p90 (µs)", func(r Row) any { return integer(r.P90 * 1e6) })
	t.Right("p99 (µs)", func(r Row) any { return integer(r.P99 * 1e6) })
	t.Right("execution p50 (µs)", func(r Row) any { return served(r, r.Exec*1e6) })
	t.Right("sent (B)", func(r Row) any { return r.Sent })
	t.Right("received (B)", func(r Row) any { return r.Received })
	t.Right("client allocations", func(r Row) any { return served(r, r.Allocations) })
	t.Right("bytes", func(r Row) any { return served(r, r.Memory) })
	text := t.Markdown(rows)
	if reference := find(rows, grpcEcho); reference != nil {
		text += "\nEach host's p50 as a multiple of the gRPC echo's in the same round, median over the rounds:"
		for i := range rows {
			if r := &rows[i]; i > 0 && r != reference {
				text += fmt.Sprintf(" %s %.2f;", r.Name, r.ratio(reference))
			}
		}
		text = strings.TrimSuffix(text, ";") + ".\n"
	}
	for _, r := range rows {
		if r.Lost > 0 {
			text += fmt.Sprintf("\n%s lost %d requests; their inferences are not counted.\n", r.Name, r.Lost)
		}
	}
	return text
}

// find returns the row of that name, nil if there is none.
func find(rows []Row, name string) *Row {
	if i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == name }); i >= 0 {
		return &rows[i]
	}
	return nil
}

// Judge returns an error, with the exit code of a failed threshold, that names every bound that is
// exceeded. rows are Run's.
func Judge(rows []Row) error {
	own, reference := find(rows, embedded), find(rows, grpcEcho)
	if own == nil {
		return exit.Errorf(exit.NoData, "there is no row of the %s", embedded)
	}
	var errs []error
	if !(own.P50 <= Bound.Seconds()) {
		errs = append(errs, fmt.Errorf("%s: p50 of latency minus execution is %.0f µs, the bound is %.0f µs",
			own.Name, own.P50*1e6, Bound.Seconds()*1e6))
	}
	for i := range rows {
		switch r := &rows[i]; r.Name {
		case tcpEcho, grpcEcho:
		case embedded, standalone:
			if reference == nil {
				continue
			}
			if ratio := r.ratio(reference); !(ratio <= EchoRatio) {
				errs = append(errs, fmt.Errorf("%s: its p50 is %.2f times that of a gRPC echo of the same messages, "+
					"the bound is %.1f", r.Name, ratio, EchoRatio))
			}
		default:
			if !(own.P50*Factor <= r.P50) {
				errs = append(errs, fmt.Errorf("%s: %.0f µs is more than a fifth of %s's %.0f µs",
					own.Name, own.P50*1e6, r.Name, r.P50*1e6))
			}
		}
	}
	if errs == nil {
		return nil
	}
	return exit.Errorf(exit.Threshold, "%w", errors.Join(errs...))
}
