package validate

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/backendtest"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model/profiles"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) backends.Backend { return backendtest.New("cpu1", backendtest.Sleep(0)) })
	os.Exit(m.Run())
}

func TestRunMeasuresPairsThatAddUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(path, []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := fixtures.Variant{
		Name: "model=m", Title: "M", Path: path, Image: &fixtures.Image{Height: 8, Width: 8, Preprocessing: "tf"},
	}
	shape := link.Shape{Name: "near", Latency: 2 * time.Millisecond, Up: 1e6, Down: 1e6}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	pairs, err := Run(context.Background(), Config{
		Links: []link.Shape{shape}, Variants: []fixtures.Variant{v}, Rounds: 2, Requests: 5, Seed: 1, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	logged, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	announced := regexp.MustCompile("round [12] of 2: M over (near|direct, paused like near)\n")
	said := announced.FindAllString(string(logged), -1)
	if len(pairs) != 1 || len(said) != 4 {
		t.Fatalf("%d pairs, %d announcements", len(pairs), len(said))
	}
	p := pairs[0]
	if p.N != 10 || p.Link != "near" || p.RTT != 4*time.Millisecond || p.Variant != "M" || p.Lost != 0 {
		t.Errorf("pair %+v", p)
	}
	if want := shape.Network(192, backendtest.Classes).Seconds(); p.Equation != want {
		t.Errorf("equation 2.2 gives %v s, want %v", p.Equation, want)
	}
	if p.Exec <= 0 || p.Exec > 1e-3 { // the fake takes no time
		t.Errorf("execution %v s", p.Exec)
	}
	if sum := p.Predicted + p.Framing + p.Lateness + p.Rest; math.Abs(sum-p.Measured) > 1e-9 {
		t.Errorf("the parts sum to %v s, measured %v s", sum, p.Measured)
	}
	if p.Measured < p.Equation || p.Framing <= 0 {
		t.Errorf("measured %v s over a link of %v s, framing %v s", p.Measured, p.Equation, p.Framing)
	}
	if p.WitnessP50 <= 0 || p.WitnessP99 < p.WitnessP50 || p.WitnessDirectP50 <= 0 || p.WitnessP99 > p.Measured*20 {
		t.Errorf("the witness saw %v and %v s over the link, %v s over direct",
			p.WitnessP50, p.WitnessP99, p.WitnessDirectP50)
	}
	if table := Markdown(pairs); !strings.Contains(table, "| near | M | 10 |") {
		t.Errorf("table:\n%s", table)
	}
}

func TestAccuracyIsTheMeanAbsoluteErrorOfALink(t *testing.T) {
	const far, near = 20 * time.Millisecond, 2 * time.Millisecond
	pairs := []Pair{
		{Link: "ethernet", RTT: far, Error: 0.03},
		{Link: "ethernet", RTT: far, Error: -0.01},
		{Link: "ethernet", RTT: far, Error: 0.01},
		{Link: "radio", RTT: far, Error: 0.03},
		{Link: "radio", RTT: far, Error: -0.02},
		{Link: "5g", RTT: near, Error: 0.049},
		{Link: "nothing", RTT: far, Error: math.NaN()},
	}
	got := accuracies(pairs)
	want := []struct {
		link  names.Link
		bound float64
		pass  bool
	}{{"ethernet", 0.02, true}, {"radio", 0.02, false}, {"5g", 0.05, true}, {"nothing", 0.02, false}}
	if len(got) != len(want) {
		t.Fatalf("accuracies: %+v", got)
	}
	for i, w := range want {
		if got[i].Link != w.link || got[i].Bound != w.bound || got[i].Pass != w.pass {
			t.Errorf("accuracy %+v, want %+v", got[i], w)
		}
	}
	if err := Judge(pairs); exit.CodeOf(err) != exit.Threshold || !strings.Contains(err.Error(), "link radio: ") {
		t.Errorf("judged: %v", err)
	}
	if err := Judge(pairs[:3]); err != nil {
		t.Errorf("ethernet alone: %v", err)
	}
}

func TestBoundIsWiderForAShortRoundTrip(t *testing.T) {
	for name, want := range map[string]float64{
		"ethernet": 0.02, "ethernet-tables": 0.02, "radio": 0.02, "radio-tables": 0.02, "5g": 0.05,
	} {
		l, err := profiles.Link(name)
		if err != nil {
			t.Fatal(err)
		}
		shape, err := link.FromModel(l, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := bound(shape.RTT()); got != want {
			t.Errorf("%s: bound %v, want %v", name, got, want)
		}
	}
}

func TestRunOfNothingIsAnError(t *testing.T) {
	if _, err := Run(context.Background(), Config{Rounds: 1, Requests: 5}); err == nil {
		t.Error("a validation of nothing passed")
	}
}
