package study_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/study"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

func TestCompareGivesThePrintedEnergiesAtThePrintedLatencies(t *testing.T) {
	tables, err := study.Compare(profiles.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	if len(tables.Thresholds) != 4 || len(tables.LayerFit) != 11 {
		t.Fatalf("%d platforms and %d rows of layer fit, want 4 and 11", len(tables.Thresholds), len(tables.LayerFit))
	}
	for _, p := range tables.Thresholds {
		if apart := p.Modelled.HighEnergy.Mean - p.Printed.HighEnergy.Mean; math.Abs(apart) > 1.6e-3 {
			t.Errorf("%s: the mean energies are %v J apart", p.Platform, apart)
		}
	}
}

// The two rows of a host agree on its execution times: 5.8 to 6.2 ms on average and about 21.6 ms
// at most on the CPU host, 1.8 to 2.2 ms and about 5.1 ms on the GPU host.
func TestRowsOfOneHostAgreeOnItsExecutionTimes(t *testing.T) {
	tables, err := study.Compare(profiles.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]float64{
		"CPU mean, by latency": {5.8, 6.2}, "CPU longest of 128x128": {21.1, 22.1},
		"GPU mean, by latency": {1.8, 2.2}, "GPU longest of 128x128": {5.1, 5.6},
	}
	for _, h := range tables.Hosts {
		for _, f := range h.Implied {
			if f.Both == nil {
				t.Errorf("%s host: the rows do not agree on the %s: %v", h.Name, f.Figure, f.Rows)
				continue
			}
			w, ok := want[h.Name+" "+f.Figure]
			if ok && (math.Abs(float64(f.Both.Lo)*1e3-w[0]) > 0.05 || math.Abs(float64(f.Both.Hi)*1e3-w[1]) > 0.05) {
				t.Errorf("%s host, %s: %v to %v, want %v ms", h.Name, f.Figure, f.Both.Lo, f.Both.Hi, w)
			}
			delete(want, h.Name+" "+f.Figure)
		}
	}
	if len(want) > 0 {
		t.Errorf("not implied: %v", want)
	}
}

// Upload and download exchanged was once taken for what the tables say.
func TestWrongLinkShowsAsRowsThatDisagree(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	const exchanged = `links:
  - {name: ethernet-tables, latency: 10ms, up: 7.13MB/s, down: 3.04MB/s, source: x}
  - {name: radio-tables, latency: 29ms, up: 3.53MB/s, down: 1MB/s, source: x}
`
	if err := os.WriteFile(file, []byte(exchanged), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := profiles.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := study.Compare(set)
	if err != nil {
		t.Fatal(err)
	}
	const want = "no longest execution time on the GPU host fits the rows radio GPU and Ethernet GPU"
	if !slices.ContainsFunc(tables.Notes, func(n string) bool { return strings.Contains(n, want) }) {
		t.Errorf("no note says %q: %q", want, tables.Notes)
	}
	if !strings.Contains(tables.Text(), "none") {
		t.Errorf("the table shows no empty range:\n%s", tables.Text())
	}
}

// All sixteen printed latencies follow from the -tables links and one set of execution times for
// each host. The study rounds, and truncates at least one figure.
func TestTablesLinksFitAllSixteenLatencies(t *testing.T) {
	tables, err := study.Compare(profiles.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]names.Backend{"CPU": study.CPUHost, "GPU": study.GPUHost}
	truncated := 0
	for _, p := range tables.Thresholds {
		host := hosts[p.Platform[strings.Index(p.Platform, " ")+1:]]
		link, err := profiles.Link(p.Modelled.Link)
		if err != nil {
			t.Fatal(err)
		}
		var exec, latency []float64
		for _, id := range fixtures.Default().Variants() {
			x := study.SyntheticTime(id.Name(), host)
			payload := model.Bytes(id.Input.Size * id.Input.Size * 3)
			exec = append(exec, x)
			latency = append(latency, x+1e3*float64(link.NetworkTime(payload, 100)))
		}
		mean, slowest := stat.Mean(exec, nil), slices.Max(exec)
		within := [4]float64{5.8, 6.2, 21.1, 22.1}
		if host == study.GPUHost {
			within = [4]float64{1.8, 2.2, 5.1, 5.6}
		}
		if mean < within[0] || mean > within[1] || slowest < within[2] || slowest > within[3] {
			t.Errorf("%s: mean execution %.2f ms and slowest %.2f ms, want %v", p.Platform, mean, slowest, within)
		}
		figures := [4]float64{mean, 0, 0, 0}
		figures[0], figures[1] = stat.MeanStdDev(latency, nil)
		figures[2], figures[3] = slices.Max(latency), slices.Min(latency)
		l := p.Printed.Latency
		for i, printed := range [4]float64{l.Mean, l.SD, l.Max, l.Min} {
			switch want := math.Round(printed * 1e3); {
			case math.Round(figures[i]) == want:
			case math.Floor(figures[i]) == want:
				truncated++
			default:
				t.Errorf("%s: figure %d is %.3f ms, printed %v", p.Platform, i, figures[i], want)
			}
		}
	}
	if truncated > 1 {
		t.Errorf("%d figures fit only as truncated, want at most the maximum of radio GPU", truncated)
	}
}

func ExampleSyntheticTime() {
	fmt.Println(study.SyntheticTime("model=vgg16/input=128/compression=pq", study.GPUHost), "ms, invented")
	// Output: 5.1 ms, invented
}
