package load

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
)

// An asker sends one request and waits for its answer. It is safe for concurrent use. An
// *offload.Caller is one.
type asker interface {
	Infer(ctx context.Context) (backends.Timing, error)
}

// An outcome is what became of a request. Times count from the block's start.
type outcome struct {
	tenant int
	due    time.Duration // when it should have been sent
	sent   time.Duration // when it was
	done   time.Duration // when the answer was there, or the failure known
	timing backends.Timing
	lost   string // why there is no answer; "" if there is one
}

// A generator asks the tenants' connections for inferences during one block.
type generator struct {
	askers  [][]asker // by tenant, then connection
	timeout time.Duration
	most    int // requests that may wait for an answer

	start   int64 // of the block, on link.Monotonic's clock
	waiting atomic.Int64
	cancel  context.CancelCauseFunc
}

// full is the reason for a request that was not sent because too many were waiting.
const full = "generator: too many outstanding"

func (g *generator) now() time.Duration { return time.Duration(link.Monotonic() - g.start) }

// begin starts the block's clock, and returns a context that ends when an error makes asking on
// pointless.
func (g *generator) begin(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	g.cancel, g.start = cancel, link.Monotonic()
	return ctx, cancel
}

// open sends each request when it is due, whatever became of those before, and returns the outcomes
// in the order due when all are known.
func (g *generator) open(ctx context.Context, all []arrival) ([]outcome, error) {
	ctx, cancel := g.begin(ctx)
	defer cancel(nil)
	outcomes := make([]outcome, len(all))
	next := make([]int, len(g.askers))
	var answers sync.WaitGroup
	// The timer belongs to a thread, so the loop keeps its own. The thread ends with the loop and
	// does not serve other goroutines with sharp timers: it is never unlocked.
	answers.Go(func() {
		runtime.LockOSThread()
		link.SharpTimers()
		for i, a := range all {
			if g.now() < a.at {
				link.SleepUntil(g.start + int64(a.at))
			}
			if ctx.Err() != nil {
				outcomes = outcomes[:i]
				return
			}
			o := &outcomes[i]
			*o = outcome{tenant: a.tenant, due: a.at, sent: g.now()}
			if g.waiting.Add(1) > int64(g.most) {
				g.waiting.Add(-1)
				o.done, o.lost = o.sent, full
				continue
			}
			askers := g.askers[a.tenant]
			next[a.tenant]++
			to := askers[next[a.tenant]%len(askers)]
			answers.Go(func() {
				defer g.waiting.Add(-1)
				g.ask(ctx, to, o)
			})
		}
	})
	answers.Wait()
	return outcomes, g.ended(ctx)
}

// closed lets n clients of each tenant ask until length has passed, each as soon as it has its
// answer, and returns the outcomes in the order due.
func (g *generator) closed(ctx context.Context, n int, length time.Duration) ([]outcome, error) {
	ctx, cancel := g.begin(ctx)
	defer cancel(nil)
	each := make([][]outcome, n*len(g.askers))
	var clients sync.WaitGroup
	for i := range each {
		tenant := i % len(g.askers)
		askers := g.askers[tenant]
		to := askers[i/len(g.askers)%len(askers)]
		clients.Go(func() {
			pause := retryPause
			for due := g.now(); due < length && ctx.Err() == nil; {
				o := outcome{tenant: tenant, due: due, sent: g.now()}
				g.ask(ctx, to, &o)
				each[i] = append(each[i], o)
				due = o.done
				if o.lost == "" {
					pause = retryPause
				} else if due-o.due < pause {
					// A server that refuses at once must not be asked in a tight loop.
					_ = link.Sleep(ctx, pause)
					due, pause = g.now(), min(2*pause, retryPauseMax)
				}
			}
		})
	}
	clients.Wait()
	outcomes := slices.Concat(each...)
	slices.SortStableFunc(outcomes, func(a, b outcome) int { return cmp.Compare(a.due, b.due) })
	return outcomes, g.ended(ctx)
}

// A client whose request was lost waits this long before it asks again. The pause doubles with each
// further loss.
const (
	retryPause    = 5 * time.Millisecond
	retryPauseMax = 200 * time.Millisecond
)

// ask sends one request, whose time began when it was due.
func (g *generator) ask(ctx context.Context, to asker, o *outcome) {
	bounded, cancel := context.WithTimeout(ctx, g.timeout-(o.sent-o.due))
	defer cancel()
	var err error
	o.timing, err = to.Infer(bounded)
	o.done = g.now()
	if err == nil {
		return
	}
	var final bool
	if o.lost, final = offload.LossReason(err); final && ctx.Err() == nil {
		g.cancel(err)
	}
}

// ended returns why the block ended early, nil if it did not.
func (g *generator) ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
