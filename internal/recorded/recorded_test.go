package recorded

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

const name = "model=mobilenet/input=32/compression=pq"

// record writes a run of one block on cpu4 with executions of 3, 5 and 4 ms that
// count, and others that do not.
func record(t *testing.T) string {
	t.Helper()
	w, err := results.Create(t.TempDir(), results.Meta{
		Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Seed: 1, Procs: 4, Grid: results.Grid{Name: "quick"},
		Config: map[string]string{"machine": "i9"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sample := func(phase results.Phase, mark results.Mark, ms int) results.Sample {
		d := time.Duration(ms) * time.Millisecond
		return results.Sample{Phase: phase, Mark: mark, Total: d + time.Millisecond, Exec: d}
	}
	err = w.AppendBlock(results.Block{
		Combination: names.Combination{Variant: name, Backend: "cpu4", Link: names.LinkNone},
		Start:       time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Warmup:      results.Warmup{Settled: true, Runs: 1, Reason: "settled"},
		Samples: []results.Sample{
			sample(results.PhaseFirst, 0, 90), sample(results.PhaseWarmup, 0, 20), sample(results.PhaseSteady, 0, 3),
			sample(results.PhaseSteady, results.MarkThrottled, 50), sample(results.PhaseSteady, 0, 5),
			sample(results.PhaseSteady, 0, 4),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

// host returns the recorded host over a link.
func host(t *testing.T, shape link.Shape) backends.Backend {
	t.Helper()
	b, err := New(offload.Host{Name: "i9", Recorded: record(t), Backend: "cpu4"}, shape)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// models is a folder whose manifest knows the variant's output: 100 int8.
func models(t *testing.T) fixtures.Variant {
	t.Helper()
	dir := t.TempDir()
	entry := fixtures.Entry{
		Name: name, Title: "Mobilenet PQ 32", File: "m.tflite", SHA256: strings.Repeat("0", 64), Size: 1, GzipSize: 1,
		Model: "mobilenet", Input: 32, Compression: "pq", Parameters: 3516964, KerasLayers: 89, Depth: 105,
		Weights: "random seed 1", Representative: "synthetic seed 1, 32 images", RecipeSHA256: strings.Repeat("0", 64),
		Layers:  []fixtures.Layer{{Name: "a", Kind: "Dense", Parameters: 3516964, Weights: 1, Distinct: 1}},
		Inputs:  []fixtures.Tensor{{Name: "i", Type: "int8", Shape: []int{1, 32, 32, 3}, Scale: 1}},
		Outputs: []fixtures.Tensor{{Name: "o", Type: "int8", Shape: []int{1, 100}, Scale: 1}},
	}
	data, err := json.Marshal(fixtures.Manifest{Schema: fixtures.ManifestSchema, Variants: []fixtures.Entry{entry}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fixtures.ManifestFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return fixtures.Variant{
		Name: name, Title: "Mobilenet PQ 32", Path: filepath.Join(dir, "m.tflite"),
		Image: &fixtures.Image{Height: 32, Width: 32, Preprocessing: "tf"},
	}
}

func TestRunKeepsOnlySteadyUnmarkedExecutions(t *testing.T) {
	got, err := executions(offload.Host{Name: "i9", Recorded: record(t), Backend: "cpu4"})
	if want := []time.Duration{3e6, 5e6, 4e6}; err != nil || !slices.Equal(got[name], want) {
		t.Errorf("executions %v, %v; want %v", got[name], err, want)
	}
	if got["model=vgg16"] != nil {
		t.Error("a variant that was not recorded has executions")
	}
}

func TestNewSaysWhatARunHas(t *testing.T) {
	shape := link.Shape{Name: "ethernet", Latency: time.Millisecond}
	_, err := New(offload.Host{Name: "i9", Recorded: record(t), Backend: "npu"}, shape)
	if err == nil || !strings.Contains(err.Error(), "it has cpu4") {
		t.Errorf("error: %v", err)
	}
	if _, err := New(offload.Host{Name: "i9", Recorded: t.TempDir(), Backend: "cpu4"}, shape); err == nil {
		t.Error("an empty folder was read as a run")
	}
}

func TestNewRefusesTheRunThatIsJudged(t *testing.T) {
	_, err := New(offload.Host{Name: "i9", Recorded: offload.ThisRun, Backend: "cpu-all"}, link.Shape{})
	if no, ok := errors.AsType[*backends.UnavailableError](err); !ok || !strings.Contains(no.Hint, "accept --results") {
		t.Errorf("error: %v", err)
	}
}

func TestExecutionsAreScaledByTheHostsFactor(t *testing.T) {
	got, err := executions(offload.Host{Name: "i9", Recorded: record(t), Backend: "cpu-all", Factor: 0.5})
	if want := []time.Duration{1.5e6, 2.5e6, 2e6}; err != nil || !slices.Equal(got[name], want) {
		t.Errorf("executions %v, %v; want %v", got[name], err, want)
	}
}

func TestInferComputesExecutionPlusEquation(t *testing.T) {
	v := models(t)
	shape := link.Shape{Name: "ethernet", Latency: 10 * time.Millisecond, Up: 3.04e6, Down: 7.13e6}
	s, err := host(t, shape).Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if c, ok := s.(backends.Computed); !ok || !c.Computed() || len(s.Outputs()) != 0 {
		t.Error("the session does not say that it computes and has no scores")
	}
	network := shape.Network(3072, 100)
	for i, exec := range []time.Duration{3e6, 5e6, 4e6, 3e6} {
		got, err := s.Infer(context.Background(), [][]byte{make([]byte, 3072)}, nil)
		want := backends.Timing{Total: exec + network, Exec: exec, Network: network, Sent: 3072, Received: 100}
		if err != nil || got != want {
			t.Errorf("inference %d: %+v, %v; want %+v", i, got, err, want)
		}
	}
	if _, err := s.Infer(context.Background(), [][]byte{make([]byte, 3)}, nil); err == nil {
		t.Error("an image of 3 bytes was accepted")
	}
}

func TestOpenWithoutALinkOrARecordIsUnavailable(t *testing.T) {
	v := models(t)
	other := v
	other.Name = "model=vgg16/input=32/compression=pq"
	own := v
	own.Image = nil
	shape := link.Shape{Name: "ethernet", Latency: time.Millisecond}
	for what, c := range map[string]struct {
		shape link.Shape
		v     fixtures.Variant
	}{
		"direct":       {link.Shape{Name: names.LinkDirect}, v},
		"not recorded": {shape, other},
		"own file":     {shape, own},
	} {
		_, err := host(t, c.shape).Open(context.Background(), c.v)
		if _, ok := errors.AsType[*backends.UnavailableError](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
}
