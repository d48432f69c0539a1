// Package validate compares the emulated links with the cost model. For each pair of link and
// variant, Run measures in rounds of shuffled order, with an embedded host,
//
//  1. the latency and the host's execution time over the link;
//  2. the same over "direct", with a pause between requests as long as the link would have taken.
//     The latency less the execution is then the software overhead of waking processors and
//     threads, which is not the link's.
//
// It compares the measured mean with the prediction: execution time + equation 2.2 + that overhead.
// The raw error leaves the overhead out. The remaining error is split into the framing, which the
// payload does not count, the emulator's lateness by its own account, and the rest. A witness at
// the host's end stamps arrivals and departures as an independent check of the emulator.
//
// Markdown has the tables, and Judge applies the bounds.
package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
	"github.com/crossover-bench/crossover/model/profiles"
)

// A Config says what to validate and for how long. Its tags make flags of it.
type Config struct {
	Links    []link.Shape       `kong:"-"`
	Variants []fixtures.Variant `kong:"-"`
	Log      io.Writer          `kong:"-"` // receives progress and, concurrently, the host's log; nil drops both

	Rounds   int    `default:"5" help:"Rounds, each with the pairs in another order."`
	Requests int    `default:"40" help:"Requests of each pair in each round, over the link and over direct."`
	Threads  int    `default:"1" help:"Threads of the embedded host's interpreter; 1 leaves a core to the client."`
	Seed     uint64 `default:"1" help:"Seed of the order."`
}

// warmup is the number of requests before those that count.
const warmup = 5

// Find adds the named links of the built-in profiles and variants of the built-in catalog in the
// folder models. Errors have exit codes.
func (c *Config) Find(links, variants []string, models string) error {
	for _, name := range links {
		l, err := profiles.Link(name)
		if err != nil {
			return exit.Errorf(exit.Usage, "--links: %w", err)
		}
		shape, err := link.FromModel(l, c.Seed)
		if err != nil {
			return exit.Errorf(exit.Usage, "--links: %w", err)
		}
		c.Links = append(c.Links, shape)
	}
	for _, name := range variants {
		v, err := fixtures.Default().Variant(name, models)
		if err != nil {
			return exit.Errorf(exit.NoData, "--variants: %w", err)
		}
		c.Variants = append(c.Variants, v)
	}
	return nil
}

// A Pair is what was measured for a link and a variant. Times are in seconds, and means unless
// stated otherwise.
type Pair struct {
	Link    names.Link
	RTT     time.Duration // of the link, without the emulator's lateness
	Variant string        // its title
	N       int           // requests over the link

	Measured  float64 // latency over the link
	Exec      float64 // execution at the host during that
	Equation  float64 // equation 2.2 with the payload
	Overhead  float64 // latency less execution over direct, with the same pauses
	Predicted float64 // Exec + Equation + Overhead

	Error    float64 // Measured/Predicted - 1
	RawError float64 // Measured/(Exec + Equation) - 1

	// The parts of Measured - Predicted: the bytes of headers and framing, the emulator's lateness
	// by its own account, and the rest.
	Framing, Lateness, Rest float64

	LatenessP50, LatenessP99 float64 // by the emulator's own account, of a whole inference
	// By the witness: how much later than equation 2.2 the last bytes came, both ways together,
	// over the link and over direct. The difference of the two is the emulator's.
	WitnessP50, WitnessP99             float64
	WitnessDirectP50, WitnessDirectP99 float64

	Lost int // requests that failed; their inferences are not counted
}

// sample is one inference.
type sample struct {
	timing backends.Timing
	// excess is how much longer than the equation both ways took, by the witness, which reports it
	// for all but the last inference.
	excess  time.Duration
	witness bool
}

// cell is a link and a variant, over the link or over direct.
type cell struct {
	link    link.Shape
	variant fixtures.Variant
	direct  bool
	samples []sample
	network time.Duration // equation 2.2 with the size of the tensors
}

// Run starts the embedded host, for which the program's main must begin with host.ChildMain,
// measures all pairs and returns them by link, then variant.
func Run(ctx context.Context, c Config) (_ []Pair, err error) {
	if len(c.Links) == 0 || len(c.Variants) == 0 {
		return nil, exit.Errorf(exit.Usage, "no links or no variants: nothing to validate")
	}
	if c.Rounds < 1 || c.Requests < 2 {
		return nil, exit.Errorf(exit.Usage, "--rounds wants 1 or more, --requests 2 or more")
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	child := host.ChildConfig{Models: host.Serve(c.Variants...), Threads: c.Threads, Witness: true}
	self, err := offload.StartSelf(ctx, child, c.Log)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, self.Close()) }()
	var cells []*cell
	for _, l := range c.Links {
		for _, v := range c.Variants {
			cells = append(cells, &cell{link: l, variant: v}, &cell{link: l, variant: v, direct: true})
		}
	}
	order := slices.Clone(cells)
	random := rand.New(rand.NewPCG(c.Seed, 0))
	for round := range c.Rounds {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, cell := range order {
			over := string(cell.link.Name)
			if cell.direct {
				over = "direct, paused like " + over
			}
			fmt.Fprintf(c.Log, "round %d of %d: %s over %s\n", round+1, c.Rounds, cell.variant.Title, over)
			if err := cell.block(ctx, self, c.Requests); err != nil {
				return nil, err
			}
		}
	}
	var pairs []Pair
	for i := 0; i < len(cells); i += 2 {
		over, direct := cells[i], cells[i+1]
		p, err := compare(over, direct)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// block adds the samples of one round.
func (c *cell) block(ctx context.Context, self *offload.Self, requests int) (err error) {
	over := c.link
	if c.direct {
		over = link.Shape{Name: names.LinkDirect}
	}
	s, err := self.Backend(over).Open(ctx, c.variant)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, out := backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
	for _, b := range in {
		for i := range b {
			b[i] = byte(i) // a gradient
		}
	}
	witness, _ := s.(interface {
		Passage() (offload.Passage, bool)
	})
	c.network = c.link.Network(int64(len(slices.Concat(in...))), int64(len(slices.Concat(out...))))
	samples := make([]sample, 0, requests)
	var last offload.Passage
	for i := range warmup + requests {
		if c.direct {
			link.Pause(c.network)
		}
		t, err := s.Infer(ctx, in, out)
		if err != nil {
			return err
		}
		var p offload.Passage
		known := false
		if witness != nil {
			p, known = witness.Passage()
		}
		if known && len(samples) > 0 {
			// This answer carries the departure of the previous one.
			before := &samples[len(samples)-1]
			up := time.Duration(last.Arrived - last.Sent)
			down := time.Duration(last.Returned - p.Departed)
			before.excess = up + down - over.Network(before.timing.Sent, before.timing.Received)
			before.witness = last.Arrived != 0
		}
		if last = p; i >= warmup {
			samples = append(samples, sample{timing: t})
		}
	}
	c.samples = append(c.samples, samples...)
	return nil
}

// compare compares what was measured over a link with the prediction from direct.
func compare(overLink, overDirect *cell) (Pair, error) {
	shape := overLink.link
	p := Pair{Link: shape.Name, RTT: shape.RTT(), Variant: overLink.variant.Title}
	clean := func(samples []sample) []sample {
		return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool {
			p.Lost += s.timing.Lost
			return s.timing.Lost > 0
		})
	}
	over, direct := clean(overLink.samples), clean(overDirect.samples)
	if len(over) == 0 || len(direct) == 0 {
		return p, fmt.Errorf("validate: %s over %s: every inference lost requests", p.Variant, p.Link)
	}
	p.N = len(over)
	p.Measured = mean(over, func(s sample) time.Duration { return s.timing.Total })
	p.Exec = mean(over, func(s sample) time.Duration { return s.timing.Exec })
	p.Lateness = mean(over, func(s sample) time.Duration { return s.timing.Lateness })
	p.Overhead = mean(direct, func(s sample) time.Duration { return s.timing.Total - s.timing.Exec })
	framed := mean(over, func(s sample) time.Duration { return shape.Network(s.timing.Sent, s.timing.Received) })
	p.Equation = overLink.network.Seconds()
	p.Predicted = p.Exec + p.Equation + p.Overhead
	p.Error = p.Measured/p.Predicted - 1
	p.RawError = p.Measured/(p.Exec+p.Equation) - 1
	p.Framing = framed - p.Equation
	p.Rest = p.Measured - p.Predicted - p.Framing - p.Lateness
	p.LatenessP50, p.LatenessP99 = quantiles(over, func(s sample) time.Duration { return s.timing.Lateness })
	unseen := func(s sample) bool { return !s.witness }
	over, direct = slices.DeleteFunc(over, unseen), slices.DeleteFunc(direct, unseen)
	if len(over) > 0 && len(direct) > 0 {
		excess := func(s sample) time.Duration { return s.excess }
		p.WitnessP50, p.WitnessP99 = quantiles(over, excess)
		p.WitnessDirectP50, p.WitnessDirectP99 = quantiles(direct, excess)
	}
	return p, nil
}

// mean returns the mean of f in seconds.
func mean(samples []sample, f func(sample) time.Duration) float64 {
	var sum time.Duration
	for _, s := range samples {
		sum += f(s)
	}
	return sum.Seconds() / float64(len(samples))
}

// quantiles returns the p50 and p99 of f in seconds.
func quantiles(samples []sample, f func(sample) time.Duration) (p50, p99 float64) {
	var values []float64
	for _, s := range samples {
		values = append(values, f(s).Seconds())
	}
	slices.Sort(values)
	return stats.Quantile(values, 0.5), stats.Quantile(values, 0.99)
}
