package overhead

import (
	"context"
	"os"
	"path/filepath"
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
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0].Name != "TCP echo" || rows[1].Name != "crossover host" || rows[2].Name != "other" {
		t.Fatalf("rows %+v", rows)
	}
	for _, r := range rows {
		if r.N != 20 || r.P50 <= 0 || r.P99 < r.P50 || r.Sent < 3072 || r.Received < backendtest.Classes || r.Lost != 0 {
			t.Errorf("row %+v", r)
		}
	}
	if rows[1].Allocations <= 0 || rows[1].Exec <= 0 {
		t.Errorf("row %+v", rows[1])
	}
	if table := Markdown(rows); strings.Count(table, "\n| ") != 4 {
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
		err := Judge([]Row{row("TCP echo", 14), row("own", c.own), row("other", c.other)})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v beside %v: %v", c.own, c.other, err)
		}
	}
}

func TestRunOfNothingIsAnError(t *testing.T) {
	if _, err := Run(context.Background(), Config{Rounds: 1, Requests: 1}); err == nil {
		t.Error("an overhead of nothing was measured")
	}
}
