package validate_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/link/validate"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) (backends.Backend, error) { return backendtest.New("cpu1", nil), nil })
	os.Exit(m.Run())
}

func TestPairsOfAWitnessedHostAddUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(path, []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := fixtures.Variant{Name: "model=m", Title: "M", Path: path, Image: &fixtures.Image{Height: 8, Width: 8, Preprocessing: "tf"}}
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: []host.Model{{Name: "m", Variant: v}}, Witness: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	shape := link.Shape{Name: "near", Latency: 2 * time.Millisecond, Up: 1e6, Down: 1e6}
	var said []string
	pairs, err := validate.Run(context.Background(), validate.Config{
		Links: []link.Shape{shape}, Variants: []fixtures.Variant{v}, Rounds: 2, Requests: 5, Warmup: 1, Seed: 1,
		Open: func(ctx context.Context, v fixtures.Variant, s link.Shape) (backends.Session, error) {
			return self.Backend(s).Open(ctx, v)
		},
		Progress: func(_ int, what string) { said = append(said, what) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) != 1 || len(said) != 4 {
		t.Fatalf("%d pairs, %d announcements", len(pairs), len(said))
	}
	p := pairs[0]
	if p.N != 10 || p.Link != "near" || p.Variant != "M" || p.Lost != 0 {
		t.Errorf("pair %+v", p)
	}
	if want := shape.Network(192, backendtest.Classes).Seconds(); p.Equation != want {
		t.Errorf("equation 2.2 gives %v s, want %v", p.Equation, want)
	}
	if p.Exec != 1e-3 { // the fake says so, though no time passes
		t.Errorf("execution %v s", p.Exec)
	}
	if sum := p.Predicted + p.Framing + p.Lateness + p.Rest; math.Abs(sum-p.Measured) > 1e-9 {
		t.Errorf("the parts sum to %v s, measured %v s", sum, p.Measured)
	}
	if p.Measured < p.Equation || p.Framing <= 0 {
		t.Errorf("measured %v s over a link of %v s, framing %v s", p.Measured, p.Equation, p.Framing)
	}
	if p.WitnessP50 <= 0 || p.WitnessP99 < p.WitnessP50 || p.WitnessDirectP50 <= 0 || p.WitnessP99 > p.Measured*20 {
		t.Errorf("the witness saw %v and %v s over the link, %v s over direct", p.WitnessP50, p.WitnessP99, p.WitnessDirectP50)
	}
	var table strings.Builder
	if err := validate.WriteMarkdown(&table, pairs); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "| near | M | 10 |") {
		t.Errorf("table:\n%s", table.String())
	}
}

func TestVerdictIsTheMeanAbsoluteErrorOfALink(t *testing.T) {
	got := validate.Judge([]validate.Pair{
		{Link: "ethernet", Error: 0.03},
		{Link: "ethernet", Error: -0.01},
		{Link: "ethernet", Error: 0.01},
		{Link: "radio", Error: 0.03},
		{Link: "radio", Error: -0.02},
		{Link: "5g", Error: 0.049},
		{Link: "nothing", Error: math.NaN()},
	})
	want := []struct {
		link  string
		bound float64
		pass  bool
	}{{"ethernet", 0.02, true}, {"radio", 0.02, false}, {"5g", 0.05, true}, {"nothing", 0.02, false}}
	if len(got) != len(want) {
		t.Fatalf("verdicts: %+v", got)
	}
	for i, w := range want {
		if got[i].Link != w.link || got[i].Bound != w.bound || got[i].Pass != w.pass {
			t.Errorf("verdict %+v, want %+v", got[i], w)
		}
	}
}

func TestNothingToValidateIsAnError(t *testing.T) {
	if _, err := validate.Run(context.Background(), validate.Config{Rounds: 1, Requests: 5}); err == nil {
		t.Error("a validation of nothing passed")
	}
}
