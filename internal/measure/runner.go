// Package measure takes the samples of one block: a variant on a backend, from opening to closing.
// It knows backends and results, but no runtime.
//
//  1. [Begin] opens the variant, fills the input with seeded random values, runs the first
//     inference and warms up until the latency has settled; [Settle] says when that is. It returns
//     a [Runner].
//  2. [Runner.Sample] runs one steady inference, [Runner.Run] runs them for a time or a count. The
//     machine's state is read between samples; mark.go says which samples are marked as disturbed.
//  3. [Runner.End] closes the session and returns the [results.Block] with every inference, the
//     first and the warm-up included.
//
// A benchmark and a spec measure in the same way:
//
//	r, err := measure.Begin(ctx, backend, variant, measure.Config{Seed: 1})
//	...
//	for b.Loop() {
//		if err := r.Sample(); err != nil { ... }
//	}
//	block, err := r.End()
package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Config says how a block is taken. Its zero value measures with the defaults and without a probe.
type Config struct {
	Link   names.Link // the combination's link; empty means names.LinkNone
	Round  int        // from 0
	Seed   uint64     // of the random input; the same for every backend of a variant
	Settle Settle
	Probe  machine.Probe        // reads the machine's state between samples; nil for none
	Clock  func() time.Duration // monotonic time since an arbitrary moment; nil means the system's

	// SteadyTime is roughly how long the steady part will take, and SteadyRuns how many samples it
	// will have at least. Storage for them is reserved in advance. A SteadyTime of zero means a second.
	SteadyTime time.Duration
	SteadyRuns int
	// Thermometer returns the hottest temperature in degrees Celsius, false if none can be read; nil
	// means that the machine has none.
	Thermometer func() (celsius float64, ok bool)
}

// A Runner takes the samples of one block. It is not safe for concurrent use.
type Runner struct {
	ctx     context.Context
	cfg     Config
	session backends.Session
	in, out [][]byte
	start   time.Duration
	block   results.Block

	level  int           // index of the first sample that the warm-up found level
	readAt time.Duration // when the machine was last read
	window window        // the present one
	before window        // the one before; the zero value if there is none
}

// Begin opens variant v on b, runs the first inference and warms up. The Runner is then ready for
// its first steady sample, and its End must be called. If Begin fails, nothing is left open; the
// error is, or wraps, a *backends.UnavailableError if the combination cannot run here.
func Begin(ctx context.Context, b backends.Backend, v fixtures.Variant, cfg Config) (*Runner, error) {
	cfg.Settle = cfg.Settle.withDefaults()
	if err := cfg.Settle.check(); err != nil {
		return nil, err
	}
	cfg.Link = cmp.Or(cfg.Link, names.LinkNone)
	cfg.SteadyTime = cmp.Or(max(0, cfg.SteadyTime), time.Second)
	if cfg.Clock == nil {
		base := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(base) }
	}
	r := &Runner{ctx: ctx, cfg: cfg}
	r.block = results.Block{
		Combination: names.Combination{Variant: v.Name, Backend: names.Backend(b.Name()), Link: cfg.Link},
		Round:       cfg.Round,
		Start:       time.Now().UTC(),
	}
	r.start = r.cfg.Clock()
	session, err := b.Open(ctx, v)
	if err != nil {
		return nil, r.failed("open", err)
	}
	r.session = session
	if c, ok := session.(backends.Computed); ok && c.Computed() {
		r.block.Origin = names.Computed
	}
	r.block.Open = r.cfg.Clock() - r.start
	if d, ok := session.(backends.Detailed); ok && d.Details() != (backends.Details{}) {
		r.block.Details = new(results.Details(d.Details()))
	}
	err = r.failed("prepare the input", r.prepare(v))
	if err == nil {
		err = r.failed("warm-up", r.warmUp())
	}
	if err == nil {
		err = r.watch()
	}
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return r, nil
}

func (r *Runner) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", r.block.Combination.Name(), doing, err)
}

// prepare fills the input with random values and makes room for the output.
func (r *Runner) prepare(v fixtures.Variant) (err error) {
	r.out = backends.Buffers(r.session.Outputs())
	r.in, err = Input(r.session.Inputs(), v, r.cfg.Seed)
	return err
}

// warmUp runs the first inference and then others until the latency has settled or a bound is
// reached. It then reserves the storage for the steady part.
func (r *Runner) warmUp() error {
	if err := r.inferAt(r.cfg.Clock(), results.PhaseFirst); err != nil {
		return err
	}
	s := settling{Settle: r.cfg.Settle, steady: r.steadyTime}
	w := &r.block.Warmup
	begin, busy, first := r.cfg.Clock(), time.Duration(0), len(r.block.Samples)
	for w.Reason == "" {
		if err := r.inferAt(r.cfg.Clock(), results.PhaseWarmup); err != nil {
			return err
		}
		total := r.block.Samples[len(r.block.Samples)-1].Total
		w.Runs++
		busy += total
		// A session that only says how long an inference took, such as a simulated one, does not
		// advance the clock.
		w.Time = max(busy, r.cfg.Clock()-begin)
		if s.add(total) {
			w.Settled, w.Reason = true, "settled"
		} else {
			w.Reason = s.over(w.Time)
		}
	}
	r.level = first + s.level
	// Reserve half as many again as the warm-up's pace suggests, since the steady part may be
	// faster. slices.Grow would leave spare room, which would blur the block's memory.
	pace := max(w.Time/time.Duration(w.Runs), 100*time.Nanosecond)
	more := min(int(r.steadyTime(pace)/pace)*3/2+1024, maxReserve)
	reserved := append(make([]results.Sample, 0, len(r.block.Samples)+more), r.block.Samples...)
	clear(reserved[len(reserved):cap(reserved)]) // or its page faults fall into the steady part
	r.block.Samples = reserved
	return nil
}

// steadyTime returns how long the steady part will take if each inference takes this long.
func (r *Runner) steadyTime(each time.Duration) time.Duration {
	return max(r.cfg.SteadyTime, each*time.Duration(r.cfg.SteadyRuns))
}

// maxReserve is the most samples for which storage is reserved: about 90 MB.
const maxReserve = 1 << 20

// Sample runs one steady inference and keeps it. It allocates nothing until SteadyTime is over, and
// takes less than a microsecond besides the inference. About every tenth of a second it also reads
// the machine's state, between two samples.
func (r *Runner) Sample() error {
	now := r.cfg.Clock()
	if r.cfg.Probe != nil && now-r.readAt >= readEvery {
		if err := r.readMachine(); err != nil {
			return err
		}
		now = r.cfg.Clock()
	}
	if err := r.inferAt(now, results.PhaseSteady); err != nil {
		return fmt.Errorf("%s: %w", r.block.Combination.Name(), err)
	}
	return nil
}

// inferAt runs an inference that is due now: in a closed loop a request is due as soon as the one
// before has returned and is kept. The session measures the latency from the call, which follows at
// once.
func (r *Runner) inferAt(now time.Duration, phase results.Phase) error {
	t, err := r.session.Infer(r.ctx, r.in, r.out)
	if err != nil {
		return fmt.Errorf("inference %d: %w", len(r.block.Samples)+1, err)
	}
	var mark results.Mark
	if t.Lost > 0 {
		mark |= results.MarkLost
	}
	if t.Lateness > latenessTime && float64(t.Lateness) > latenessShare*float64(t.Total) {
		mark |= results.MarkLateLink
	}
	r.block.Samples = append(r.block.Samples, results.Sample{
		Phase: phase, Mark: mark, Lost: uint16(min(t.Lost, math.MaxUint16)), At: now - r.start,
		Total: t.Total, Fill: t.Fill, Exec: t.Exec, Network: t.Network, Queue: t.Queue,
		Lateness: t.Lateness, Sent: t.Sent, Received: t.Received,
	})
	return nil
}

// Tensors returns what every inference is given and what the last one returned, one slice for each
// tensor, and describes the outputs. The next inference overwrites out.
func (r *Runner) Tensors() (in, out [][]byte, outputs []fixtures.Tensor) {
	return r.in, r.out, r.session.Outputs()
}

// Computed reports whether the session runs nothing and only says what an inference would cost. Its
// latencies then do not pass on the clock.
func (r *Runner) Computed() bool { return r.block.Origin == names.Computed }

// Run takes samples until d has passed and count samples were taken, whichever is later, but at
// least one sample. With a d of 0 the count alone decides, with a count of 0 the time. It stops
// early if the context ends or an inference fails.
func (r *Runner) Run(d time.Duration, count int) error {
	begin, busy := r.cfg.Clock(), time.Duration(0)
	for n := 1; ; n++ {
		if err := r.ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", r.block.Combination.Name(), context.Cause(r.ctx))
		}
		if err := r.Sample(); err != nil {
			return err
		}
		busy += r.block.Samples[len(r.block.Samples)-1].Total
		if n >= count && max(busy, r.cfg.Clock()-begin) >= d {
			return nil
		}
	}
}

// Reach takes further samples until the block has count steady ones, or until the time since the
// first of them has reached longest. It returns how many it took. It stops early as Run does.
func (r *Runner) Reach(count int, longest time.Duration) (took int, err error) {
	first := slices.IndexFunc(r.block.Samples, func(s results.Sample) bool { return s.Phase == results.PhaseSteady })
	begin, have := r.cfg.Clock(), 0
	if first >= 0 {
		begin, have = r.start+r.block.Samples[first].At, len(r.block.Samples)-first
	}
	for ; have+took < count && r.cfg.Clock()-begin < longest; took++ {
		if err := r.Run(0, 1); err != nil {
			return took, err
		}
	}
	return took, nil
}

// End closes the session and returns the block with the samples taken so far. The block is valid
// even if closing fails.
func (r *Runner) End() (results.Block, error) {
	if r.cfg.Thermometer != nil {
		if celsius, ok := r.cfg.Thermometer(); ok {
			r.block.Celsius = &celsius
		}
	}
	err := errors.Join(r.unwatch(), r.failed("close", r.session.Close()))
	r.block.Drift = driftOf(totals(r.block.Samples[r.level:]))
	return r.block, err
}
