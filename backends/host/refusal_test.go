package host

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// metric returns what /metrics says of a series, -1 if there is none.
func metric(s *Server, series string) int {
	w := httptest.NewRecorder()
	s.Observation().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err == nil {
				return n
			}
		}
	}
	return -1
}

// refused returns how many refusals for a reason are counted.
func refused(s *Server, why reason) int {
	return metric(s, `crossover_host_refused_total{reason="`+string(why)+`"}`)
}

func TestEveryReasonHasASeriesFromTheStart(t *testing.T) {
	s, _ := serve(t, Options{Models: folder(t, "a")})
	for _, why := range reasons {
		if n := refused(s, why); n != 0 {
			t.Errorf("the series of %s is %d, want 0", why, n)
		}
	}
}

func TestConnectionsBeyondTheLimitAreRefusedAndCounted(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a"), Limits: Limits{Connections: 1}})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	if _, err := c.ModelInfer(context.Background(), request("a")); err != nil {
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	until(t, "the second is refused", func() bool { return refused(s, byConnections) == 1 })
	if _, err := c.ModelInfer(context.Background(), request("a")); err != nil {
		t.Errorf("over the first connection: %v", err)
	}
}

func TestRequestsAreRefusedAndCountedWhenTheHostStops(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a")})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	s.stopping.Store(true)
	if _, err := c.ModelInfer(context.Background(), request("a")); status.Code(err) != codes.Unavailable {
		t.Errorf("a new request: %v", err)
	}
	if n := refused(s, byStopping); n != 1 {
		t.Errorf("%d are counted, want 1", n)
	}
}

func TestOutputsBeyondTheBudgetAreRefusedAndCounted(t *testing.T) {
	s, address := serve(t, Options{Models: folder(t, "a")})
	c := oip.NewGRPCInferenceServiceClient(dial(t, address))
	if _, err := c.ModelInfer(context.Background(), request("a")); err != nil {
		t.Fatal(err)
	}
	held := new(client)
	s.budget.share = s.budget.limit
	rest := s.budget.limit - s.budget.used.Load() - s.message
	if !s.budget.take(held, rest) { // the tap finds room, the handler does not
		t.Fatal("the budget has less than it should")
	}
	defer s.budget.give(held, rest)
	if _, err := c.ModelInfer(context.Background(), echo()); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("an echo: %v", err)
	}
	if n := refused(s, byBudget); n != 1 {
		t.Errorf("%d are counted, want 1", n)
	}
}
