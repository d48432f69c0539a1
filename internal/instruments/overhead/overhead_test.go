package overhead

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestMain(m *testing.M) {
	EchoMain()
	host.ChildMain(func(int) backends.Backend {
		return backendtest.New("cpu1", backendtest.Constant(time.Nanosecond))
	})
	os.Exit(m.Run())
}

func TestRunReturnsARowForTheEchoAndEachServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(path, []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := fixtures.Variant{
		Name: "model=m", Title: "M", Path: path, Image: &fixtures.Image{Height: 32, Width: 32, Preprocessing: "tf"},
	}
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: host.Serve(v)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	other := self.Host()
	other.Name = "other"
	rows, err := Run(context.Background(), Config{
		Others: []offload.Host{other}, Variant: v, Rounds: 2, Requests: 10,
		Standalone: []string{"sh", "-c", "echo serving on " + other.Address + "; read end"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, r.Name)
	}
	if got := strings.Join(all, ", "); got != "TCP echo, gRPC echo, crossover host, standalone host, other" {
		t.Fatalf("rows %s", got)
	}
	// The echo gives the host's answer: as many bytes, but for the digits of the times and what HTTP/2
	// adds now and then.
	e, h := rows[1], rows[2]
	if max(e.Sent-h.Sent, h.Sent-e.Sent) > 40 || max(e.Received-h.Received, h.Received-e.Received) > 40 {
		t.Errorf("the echo got %d and sent %d bytes, the host %d and %d", e.Sent, e.Received, h.Sent, h.Received)
	}
	for _, r := range rows {
		if r.N != 20 || r.P50 <= 0 || r.P99 < r.P50 || r.Sent < 3072 || r.Received < backendtest.Classes || r.Lost != 0 {
			t.Errorf("row %+v", r)
		}
	}
	if rows[2].Allocations <= 0 || rows[2].Exec <= 0 {
		t.Errorf("row %+v", rows[2])
	}
	if table := Markdown(rows); strings.Count(table, "\n| ") != 6 ||
		!regexp.MustCompile(`: crossover host \d+\.\d\d; standalone host \d+\.\d\d; other`).MatchString(table) {
		t.Errorf("table:\n%s", table)
	}
}

func TestJudgeBoundsOurP50ByAConstantAndAFifthOfTheOthers(t *testing.T) {
	row := func(name string, us float64) Row { return Row{Name: name, P50: us / 1e6} }
	for _, c := range []struct {
		own, other float64
		want       string
	}{
		{100, 500, ""},
		{100, 499, "more than a fifth of other's"},
		{151, 900, "the bound is 150"},
	} {
		err := Judge([]Row{row("TCP echo", 14), row("crossover host", c.own), row("other", c.other)})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v beside %v: %v", c.own, c.other, err)
		}
	}
}

func TestJudgeComparesWithTheEchoWithinRounds(t *testing.T) {
	row := func(name string, rounds ...float64) Row { return Row{Name: name, P50: 1e-4, rounds: rounds} }
	// The second round ran on a machine at half its pace: the ratios do not notice.
	echo := row("gRPC echo", 100, 200, 100)
	if err := Judge([]Row{row("TCP echo"), echo, row("crossover host", 120, 240, 120)}); err != nil {
		t.Error(err)
	}
	err := Judge([]Row{row("TCP echo"), echo, row("crossover host", 120, 240, 120), row("standalone host", 140, 290, 150)})
	if err == nil || !strings.Contains(err.Error(), "standalone host: its p50 is 1.45 times") {
		t.Error(err)
	}
}

func TestRunSaysWhyAServerDidNotStart(t *testing.T) {
	command := []string{"sh", "-c", "echo no models >&2; exit 5"}
	_, err := startPeer(context.Background(), "standalone host", command, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "standalone host: it did not start") ||
		!strings.Contains(err.Error(), "no models") {
		t.Error(err)
	}
}

func TestRunOfNothingIsAnError(t *testing.T) {
	if _, err := Run(context.Background(), Config{Rounds: 1, Requests: 1}); err == nil {
		t.Error("an overhead of nothing was measured")
	}
}
