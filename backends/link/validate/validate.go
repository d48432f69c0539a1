// Package validate holds the emulated links against the cost model. For each
// pair of link and variant it measures, in rounds of shuffled order,
//
//  1. the latency and the host's execution time over the link, and
//  2. the same over "direct", with a pause between requests as long as the link
//     would have taken: what is left of the latency there is what the software
//     costs when processors and threads must wake, which no link is to blame for;
//
// and compares the measured mean with the prediction: execution time + equation
// 2.2 + that overhead. Beside it stands the raw error, against execution time and
// equation alone, and what the remaining error is made of: the framing that the
// payload does not count, the emulator's lateness by its own account, and the
// rest. A witness at the host's end stamps arrivals and departures, so that the
// emulator does not judge itself alone.
package validate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Config says what is validated and how long.
type Config struct {
	Links    []link.Shape
	Variants []fixtures.Variant
	Rounds   int
	Requests int // of each pair in each round, over the link and over direct
	Warmup   int // requests before those, not counted
	Seed     uint64

	// Open returns a session on a host on this machine that runs as a witness.
	Open func(ctx context.Context, v fixtures.Variant, shape link.Shape) (backends.Session, error)
	// Progress, when it is not nil, is told what comes next.
	Progress func(round int, what string)
}

// A Pair is what was found for a link and a variant. Times are in seconds, means
// unless said otherwise.
type Pair struct {
	Link, Variant string
	N             int // requests over the link

	Measured  float64 // latency over the link
	Exec      float64 // execution at the host meanwhile
	Equation  float64 // equation 2.2 with the payload
	Overhead  float64 // latency less execution over direct, with the same pauses
	Predicted float64 // Exec + Equation + Overhead

	Error    float64 // Measured/Predicted - 1
	RawError float64 // Measured/(Exec + Equation) - 1

	// What makes Measured - Predicted: the bytes of headers and framing, the
	// emulator's lateness by its own account, and what neither explains.
	Framing, Lateness, Rest float64

	LatenessP50, LatenessP99 float64 // by the emulator's own account, of a whole inference
	// By the witness: how much later than the equations' terms for that way the
	// last bytes came, over the link and over direct, both ways together. What
	// the link has more is the emulator's.
	WitnessP50, WitnessP99             float64
	WitnessDirectP50, WitnessDirectP99 float64

	Lost int // requests that failed; their inferences are not counted
}

// sample is one inference.
type sample struct {
	timing backends.Timing
	// excess is how much longer both ways took than the equation says, by the
	// witness; it is known of all but the last inference.
	excess  time.Duration
	witness bool
}

// Run measures all pairs and returns them by link, then variant.
func Run(ctx context.Context, c Config) ([]Pair, error) {
	if len(c.Links) == 0 || len(c.Variants) == 0 || c.Rounds < 1 || c.Requests < 2 {
		return nil, fmt.Errorf("validate: %d links, %d variants, %d rounds, %d requests: nothing to validate", len(c.Links), len(c.Variants), c.Rounds, c.Requests)
	}
	type cell struct {
		link    link.Shape
		variant fixtures.Variant
		direct  bool
		samples []sample
		payload payload
	}
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
			if c.Progress != nil {
				what := cell.variant.Title + " over " + cell.link.Name
				if cell.direct {
					what = cell.variant.Title + " over direct, paused like " + cell.link.Name
				}
				c.Progress(round, what)
			}
			samples, payload, err := c.block(ctx, cell.variant, cell.link, cell.direct)
			if err != nil {
				return nil, err
			}
			cell.payload = payload
			cell.samples = append(cell.samples, samples...)
		}
	}
	var pairs []Pair
	for i := 0; i < len(cells); i += 2 {
		over, direct := cells[i], cells[i+1]
		p, err := judge(over.link, over.variant, over.payload, over.samples, direct.samples)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// block runs the requests of one pair in one round.
func (c Config) block(ctx context.Context, v fixtures.Variant, shape link.Shape, direct bool) (samples []sample, sizes payload, err error) {
	over := shape
	if direct {
		over = link.Shape{Name: link.Direct}
	}
	s, err := c.Open(ctx, v, over)
	if err != nil {
		return nil, sizes, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, out, err := buffers(s)
	if err != nil {
		return nil, sizes, err
	}
	witness, _ := s.(interface {
		Passage() (offload.Passage, bool)
	})
	sizes = payload{size(in), size(out)}
	pause := shape.Network(sizes.in, sizes.out)
	var last offload.Passage
	for i := range c.Warmup + c.Requests {
		if direct {
			link.Pause(pause)
		}
		t, err := s.Infer(ctx, in, out)
		if err != nil {
			return nil, sizes, err
		}
		var p offload.Passage
		known := false
		if witness != nil {
			p, known = witness.Passage()
		}
		if known && len(samples) > 0 {
			// Only now the departure of the answer before is told.
			before := &samples[len(samples)-1]
			up := time.Duration(last.Arrived - last.Sent)
			down := time.Duration(last.Returned - p.Departed)
			before.excess = up + down - over.Network(before.timing.Sent, before.timing.Received)
			before.witness = last.Arrived != 0
		}
		if last = p; i >= c.Warmup {
			samples = append(samples, sample{timing: t})
		}
	}
	return samples, sizes, nil
}

// buffers returns slices for the session's tensors; the input is a gradient.
func buffers(s backends.Session) (in, out [][]byte, err error) {
	for _, t := range s.Inputs() {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return nil, nil, err
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i)
		}
		in = append(in, b)
	}
	for _, t := range s.Outputs() {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, make([]byte, n))
	}
	return in, out, nil
}

// payload is the bytes of an inference's tensors, which equation 2.2 counts.
type payload struct{ in, out int64 }

func size(tensors [][]byte) (n int64) {
	for _, b := range tensors {
		n += int64(len(b))
	}
	return n
}

// judge compares what was measured over a link with the prediction.
func judge(shape link.Shape, v fixtures.Variant, sizes payload, over, direct []sample) (Pair, error) {
	p := Pair{Link: shape.Name, Variant: v.Title}
	clean := func(samples []sample) []sample {
		return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { p.Lost += s.timing.Lost; return s.timing.Lost > 0 })
	}
	over, direct = clean(over), clean(direct)
	if len(over) == 0 || len(direct) == 0 {
		return p, fmt.Errorf("validate: %s over %s: every inference lost requests", v.Title, shape.Name)
	}
	p.N = len(over)
	p.Measured = mean(over, func(s sample) time.Duration { return s.timing.Total })
	p.Exec = mean(over, func(s sample) time.Duration { return s.timing.Exec })
	p.Lateness = mean(over, func(s sample) time.Duration { return s.timing.Lateness })
	p.Overhead = mean(direct, func(s sample) time.Duration { return s.timing.Total - s.timing.Exec })
	wire := mean(over, func(s sample) time.Duration { return shape.Network(s.timing.Sent, s.timing.Received) })
	p.Equation = shape.Network(sizes.in, sizes.out).Seconds()
	p.Predicted = p.Exec + p.Equation + p.Overhead
	p.Error = p.Measured/p.Predicted - 1
	p.RawError = p.Measured/(p.Exec+p.Equation) - 1
	p.Framing = wire - p.Equation
	p.Rest = p.Measured - p.Predicted - p.Framing - p.Lateness
	late := column(over, func(s sample) (time.Duration, bool) { return s.timing.Lateness, true })
	p.LatenessP50, p.LatenessP99 = stats.Quantile(late, 0.5), stats.Quantile(late, 0.99)
	seen := func(s sample) (time.Duration, bool) { return s.excess, s.witness }
	if w, d := column(over, seen), column(direct, seen); len(w) > 0 && len(d) > 0 {
		p.WitnessP50, p.WitnessP99 = stats.Quantile(w, 0.5), stats.Quantile(w, 0.99)
		p.WitnessDirectP50, p.WitnessDirectP99 = stats.Quantile(d, 0.5), stats.Quantile(d, 0.99)
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

// column returns f in seconds, sorted, of the samples that have it.
func column(samples []sample, f func(sample) (time.Duration, bool)) []float64 {
	var out []float64
	for _, s := range samples {
		if d, ok := f(s); ok {
			out = append(out, d.Seconds())
		}
	}
	slices.Sort(out)
	return out
}
