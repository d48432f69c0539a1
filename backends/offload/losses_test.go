package offload_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// losing is a server that holds the first attempt of every 20th inference and then loses it. It
// notes when each inference came and when it was answered.
type losing struct {
	foreign
	hold time.Duration
	lose func(attempt int) bool // which attempts of a lost inference

	mu        sync.Mutex
	inference int
	attempt   int // of the present inference, from 0
	came      time.Time
	waits     []time.Duration // from its first attempt to its answer, by inference
}

func (f *losing) ModelInfer(ctx context.Context, req *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.attempt == 0 {
		f.came = time.Now()
	}
	attempt := f.attempt
	f.attempt++
	if f.inference%20 == 19 && f.lose(attempt) {
		if err := link.Sleep(ctx, f.hold); err != nil {
			return nil, err
		}
		return nil, status.Error(codes.Unavailable, "lost")
	}
	f.inference++
	f.attempt = 0
	f.waits = append(f.waits, time.Since(f.came))
	return f.foreign.ModelInfer(ctx, req)
}

// A host that loses 5 % of the requests and answers them 20 ms later: the time of every attempt and
// pause counts, as the host saw it too.
func TestSessionTotalCoversEveryAttemptOfALostRequest(t *testing.T) {
	const hold, n = 20 * time.Millisecond, 60
	for name, attempts := range map[string]int{"lost once": 1, "lost three times": 3} {
		t.Run(name, func(t *testing.T) {
			f := &losing{
				foreign: foreign{datatype: "UINT8"}, hold: hold, lose: func(a int) bool { return a < attempts },
			}
			v := variant(t)
			s, err := lab(serveForeign(t, f), link.Shape{}).Open(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var sum, waited time.Duration
			for i := range n {
				begin := time.Now()
				out := [][]byte{make([]byte, 3), make([]byte, 8)}
				timing, err := s.Infer(context.Background(), [][]byte{image(v)}, out)
				took := time.Since(begin)
				if err != nil {
					t.Fatal(err)
				}
				want := 0
				if i%20 == 19 {
					want = attempts
				}
				if timing.Lost != want || timing.Total < f.waits[i] || timing.Total > took {
					t.Errorf("inference %d: %d lost in %v; want %d, and between %v (what the host saw) and %v",
						i, timing.Lost, timing.Total, want, f.waits[i], took)
				}
				sum += timing.Total
				if want > 0 {
					waited += timing.Total
				}
			}
			// Each attempt was held, and the pauses after them double from 5 ms on.
			pauses := 5 * time.Millisecond * time.Duration(1<<attempts-1)
			if least := n / 20 * (time.Duration(attempts)*hold + pauses); waited < least || sum < waited {
				t.Errorf("the lost inferences took %v together, want %v at least", waited, least)
			}
		})
	}
}

// The answer comes over a fresh connection, after the one that held the request has died.
func TestSessionTotalCoversAConnectionThatDied(t *testing.T) {
	const held = 20 * time.Millisecond
	v := variant(t)
	hold, release := make(chan struct{}), make(chan struct{})
	stuck := backendtest.New("cpu1", func(fixtures.Variant, int) (backends.Timing, error) {
		close(hold)
		<-release
		return backends.Timing{}, context.Canceled
	})
	s, relay := relayed(t, v, stuck)
	fresh, _ := serve(t, "127.0.0.1:0", host.Options{Models: host.Serve(v)})
	go func() {
		<-hold
		_ = link.Sleep(context.Background(), held)
		relay.to(fresh)
		relay.cut()
		close(release)
	}()
	timing, err := s.Infer(context.Background(), [][]byte{image(v)}, [][]byte{make([]byte, backendtest.Classes)})
	if err != nil || timing.Lost != 1 || timing.Total < held+5*time.Millisecond {
		t.Errorf("%d lost, total %v, %v; want one, and %v before the connection died and 5 ms of pause",
			timing.Lost, timing.Total, err, held)
	}
}
