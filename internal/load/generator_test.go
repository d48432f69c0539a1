package load

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload"
)

// askFunc is an asker made of a function.
type askFunc func(ctx context.Context) error

func (f askFunc) Infer(ctx context.Context) (backends.Timing, error) {
	return backends.Timing{}, f(ctx)
}

// one returns a generator with one tenant and one connection.
func one(f askFunc) *generator {
	return &generator{askers: [][]asker{{f}}, timeout: 5 * time.Second, most: 100}
}

func TestArrivalsAreInOrderAndWithinTheBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.1, 1000).Draw(t, "rate")
		shares := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 4).Draw(t, "shares")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		all := arrivals(rate, rapid.Bool().Draw(t, "poisson"), time.Second, shares, rng)
		if !slices.IsSortedFunc(all, func(a, b arrival) int { return int(a.at - b.at) }) {
			t.Fatal("out of order")
		}
		for _, a := range all {
			if a.at < 0 || a.at >= time.Second || a.tenant < 0 || a.tenant >= len(shares) {
				t.Fatalf("%+v", a)
			}
		}
	})
}

func TestArrivalsHaveTheirRateGapsAndShares(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rate, length = 100.0, 400 * time.Second
	all := arrivals(rate, true, length, []int{3, 1}, rng)
	n := float64(len(all))
	if want := rate * length.Seconds(); math.Abs(n-want) > 4*math.Sqrt(want) {
		t.Errorf("%v arrivals, want %v to within four standard deviations", n, want)
	}
	var gaps, squares, first float64
	for i, a := range all {
		gap := a.at.Seconds()
		if i > 0 {
			gap -= all[i-1].at.Seconds()
		}
		gaps, squares = gaps+gap, squares+gap*gap
		if a.tenant == 0 {
			first++
		}
	}
	mean := gaps / n
	if scv := squares/n/mean/mean - 1; math.Abs(scv-1) > 0.05 {
		t.Errorf("squared coefficient of variation of the gaps is %v; exponential ones have 1", scv)
	}
	if share := first / n; math.Abs(share-0.75) > 0.01 {
		t.Errorf("the first tenant has a share of %v, want 0.75", share)
	}
	constant := arrivals(rate, false, time.Second, []int{1}, rng)
	if len(constant) != 100 || constant[1].at != 10*time.Millisecond || constant[99].at != 990*time.Millisecond {
		t.Errorf("%d constant arrivals: %v", len(constant), constant[:2])
	}
}

// A server that stalls makes every request wait that was due meanwhile. A generator that waits for
// answers before it asks again would see one slow request.
func TestOpenLoopCountsFromTheMomentARequestWasDue(t *testing.T) {
	var server sync.Mutex
	asked := make(chan struct{})
	stall := sync.OnceFunc(func() {
		server.Lock()
		close(asked)
		go func() {
			time.Sleep(100 * time.Millisecond)
			server.Unlock()
		}()
	})
	g := one(func(context.Context) error {
		stall()
		server.Lock()
		defer server.Unlock()
		return nil
	})
	all := arrivals(100, false, 80*time.Millisecond, []int{1}, nil1())
	outcomes, err := g.open(context.Background(), all)
	if err != nil || len(outcomes) != 8 {
		t.Fatalf("%d outcomes, %v", len(outcomes), err)
	}
	<-asked
	for i, o := range outcomes {
		if waited, least := o.done-o.due, 100*time.Millisecond-all[i].at; waited < least-5*time.Millisecond {
			t.Errorf("request %d, due at %v, took %v; the server stalled for %v longer", i, o.due, waited, least)
		}
		if o.sent < o.due {
			t.Errorf("request %d was sent at %v, before it was due at %v", i, o.sent, o.due)
		}
	}
}

func nil1() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }

func TestOpenLoopLosesWhatIsTooMuchOrTooLate(t *testing.T) {
	g := one(func(ctx context.Context) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	})
	g.most, g.timeout = 2, 50*time.Millisecond
	outcomes, err := g.open(context.Background(), arrivals(1000, false, 5*time.Millisecond, []int{1}, nil1()))
	if err != nil {
		t.Fatal(err)
	}
	lost := map[string]int{}
	for _, o := range outcomes {
		lost[o.lost]++
	}
	if lost["DeadlineExceeded"] != 2 || lost[full] != 3 {
		t.Errorf("lost %v; want two at their deadline and three that were too many", lost)
	}
	w := window{measured: 5 * time.Millisecond}
	_, f := block(names1, 0, outcomes, w, g.timeout)
	if f.Requests != 4 || f.Answered != 0 { // the first is a phase of its own
		t.Errorf("%+v", f)
	}
	for _, l := range f.latencies {
		if l < g.timeout.Seconds() {
			t.Errorf("a lost request counts %v s, less than the timeout", l)
		}
	}
}

func TestGeneratorStopsWhereAskingOnHasNoPoint(t *testing.T) {
	for name, err := range map[string]error{
		"an impossible answer": &offload.ImpossibleError{Reason: "it has the id 7"},
		"an unknown model":     status.Error(codes.NotFound, "no such model"),
		"a wrong token":        status.Error(codes.Unauthenticated, "no token"),
	} {
		asked := 0
		g := one(func(context.Context) error { asked++; return err })
		_, got := g.closed(context.Background(), 1, time.Hour)
		if !errors.Is(got, err) || asked != 1 {
			t.Errorf("%s: %d requests, %v", name, asked, got)
		}
	}
}

func TestClosedLoopAsksAgainWhenItHasItsAnswer(t *testing.T) {
	var mu sync.Mutex
	at, most := 0, 0
	g := one(func(context.Context) error {
		mu.Lock()
		at++
		most = max(most, at)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		at--
		mu.Unlock()
		return nil
	})
	g.askers = append(g.askers, g.askers[0]) // two tenants
	outcomes, err := g.closed(context.Background(), 3, 60*time.Millisecond)
	if err != nil || most != 6 {
		t.Errorf("%d requests at once, %v; want three clients for each of two tenants", most, err)
	}
	byTenant := map[int]int{}
	for i, o := range outcomes {
		byTenant[o.tenant]++
		if i > 0 && o.due < outcomes[i-1].due {
			t.Fatal("out of order")
		}
	}
	if byTenant[0] == 0 || byTenant[1] == 0 {
		t.Errorf("requests by tenant: %v", byTenant)
	}
}

func TestClosedLoopDoesNotHammerAHostThatRefuses(t *testing.T) {
	asked := 0
	g := one(func(context.Context) error { asked++; return status.Error(codes.ResourceExhausted, "full") })
	outcomes, err := g.closed(context.Background(), 1, 100*time.Millisecond)
	// After 5, 10, 20, 40, 80 ms.
	if err != nil || asked > 6 || len(outcomes) != asked {
		t.Errorf("%d requests, %d outcomes, %v", asked, len(outcomes), err)
	}
}

func TestOpenLoopEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	g := one(func(context.Context) error { cancel(); return nil })
	if _, err := g.open(ctx, arrivals(1000, false, time.Hour/1000, []int{1}, nil1())); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
