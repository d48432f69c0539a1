package load_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/load"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// slowModel takes slowService at the fake host, every other model no time.
const (
	slowModel   = "slow"
	slowService = 20 * time.Millisecond
)

// TestRunAsksAsFastAsGhz compares the throughput of closed-loop clients with that of ghz at one host,
// a process of its own. With a model that takes time the host sets the pace, and both must find the
// same. With one that takes none the generators do, and ours must not be slower. It needs
// CROSSOVER_GHZ, the path of ghz; make interop builds it.
func TestRunAsksAsFastAsGhz(t *testing.T) {
	ghz := os.Getenv("CROSSOVER_GHZ")
	if ghz == "" {
		t.Skip("CROSSOVER_GHZ is not set; run make interop")
	}
	image := &fixtures.Image{Height: 32, Width: 32, Preprocessing: "tf"}
	var variants []fixtures.Variant
	for _, m := range []string{slowModel, "fast"} {
		path := filepath.Join(t.TempDir(), m+".tflite")
		if err := os.WriteFile(path, []byte(m), 0o600); err != nil {
			t.Fatal(err)
		}
		variants = append(variants, fixtures.Variant{Name: names.Variant("model=" + m), Path: path, Image: image})
	}
	self, err := offload.StartSelf(context.Background(),
		host.ChildConfig{Models: host.Serve(variants...), Interpreters: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	const rounds, length = 7, 2 * time.Second
	for _, v := range variants {
		model := host.ModelName(v)
		data := ghzRequest(t, self.Host(), v)
		for _, clients := range []int{1, 4} {
			var ratios, ours, theirs []float64
			for range rounds {
				theirs = append(theirs, runGhz(t, ghz, self.Host().Address, data, clients, length))
				c := config(t, self.Host(), model)
				c.Clients, c.Rounds, c.Connections = []int{clients}, 1, clients
				c.Warmup, c.Duration = 200*time.Millisecond, length
				report, err := load.Run(context.Background(), c)
				if err != nil {
					t.Fatal(err)
				}
				ours = append(ours, float64(report.Figures[0].Answered)/report.Figures[0].Seconds)
				ratios = append(ratios, ours[len(ours)-1]/theirs[len(theirs)-1])
			}
			ratio := stats.Median(ratios)
			t.Logf("%s, %d clients: crossover load %.1f/s, ghz %.1f/s; median of %d rounds' ratios %.3f",
				model, clients, stats.Median(ours), stats.Median(theirs), rounds, ratio)
			if ratio < 0.95 || model == slowModel && ratio > 1.05 {
				t.Errorf("%s, %d clients: the throughput is %.3f of ghz's; want it within 5 %%", model, clients, ratio)
			}
		}
	}
}

// ghzRequest writes the request that our client sends, as ghz takes it.
func ghzRequest(t *testing.T, h offload.Host, v fixtures.Variant) string {
	t.Helper()
	c, err := offload.OpenCaller(context.Background(), h, link.Shape{}, v)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	request, err := json.Marshal(map[string]any{
		"model_name": host.ModelName(v),
		"inputs": []map[string]any{
			{"name": c.Inputs()[0].Name, "datatype": "UINT8", "shape": c.Inputs()[0].Shape},
		},
		"raw_input_contents": []string{base64.StdEncoding.EncodeToString(fixtures.SyntheticImage(*v.Image, 1))},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "request.json")
	if err := os.WriteFile(file, request, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runGhz returns ghz's requests per second.
func runGhz(t *testing.T, ghz, address, data string, clients int, length time.Duration) float64 {
	t.Helper()
	out, err := exec.Command(ghz, "--insecure", "--proto", "../../backends/offload/oip/inference.proto",
		"--call", "inference.GRPCInferenceService.ModelInfer", "--data-file", data,
		"--concurrency", fmt.Sprint(clients), "--connections", fmt.Sprint(clients),
		"--duration", length.String(), "--format", "json", address).Output()
	if err != nil {
		t.Fatalf("ghz: %v: %s", err, out)
	}
	var report struct {
		RPS      float64        `json:"rps"`
		Statuses map[string]int `json:"statusCodeDistribution"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if report.Statuses["OK"] == 0 {
		t.Fatalf("ghz: %v", report.Statuses)
	}
	return report.RPS
}
