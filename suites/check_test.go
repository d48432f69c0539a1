package suites

import (
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/suite"
)

// wholeBlock is a block that carries all that a result consists of.
func wholeBlock(c names.Combination) results.Block {
	sample := func(p results.Phase, at time.Duration) results.Sample {
		s := results.Sample{Phase: p, At: at, Total: 20, Exec: 10}
		if !c.Backend.IsLocal() {
			s.Network, s.Sent, s.Received = 5, 3000, 100
		}
		return s
	}
	return results.Block{
		Combination: c, Start: time.Unix(1, 0), Open: 1,
		Warmup: results.Warmup{Runs: 1, Time: 20, Settled: true, Reason: "settled"},
		Samples: []results.Sample{
			sample(results.PhaseFirst, 1), sample(results.PhaseWarmup, 30),
			sample(results.PhaseSteady, 60), sample(results.PhaseSteady, 90),
		},
	}
}

func TestSpecSaysWhatABlockLacks(t *testing.T) {
	local := names.Combination{Variant: "model=tiny", Backend: "cpu1", Link: names.LinkNone}
	away := names.Combination{Variant: "model=tiny", Backend: "offload-self", Link: "direct"}
	for _, c := range []names.Combination{local, away} {
		b := wholeBlock(c)
		if lacks := missing(&b, c); len(lacks) > 0 {
			t.Errorf("a whole block of %s lacks %v", c.Name(), lacks)
		}
	}
	type block = results.Block
	for _, tc := range []struct {
		name  string
		of    names.Combination
		spoil func(*block)
		want  string
	}{
		{
			"another combination", local, func(b *block) { b.Combination.Backend = "cpu2" },
			"it is of model=tiny/backend=cpu2",
		},
		{"no start", local, func(b *block) { b.Start = time.Time{} }, "the time it began"},
		{"no opening", local, func(b *block) { b.Open = 0 }, "opening"},
		{"no word on the warm-up", local, func(b *block) { b.Warmup.Reason = "" }, "warm-up"},
		{"a lost warm-up", local, func(b *block) { b.Warmup.Runs = 7 }, "its 7 inferences of warm-up: there are 1"},
		{"no first inference", local, func(b *block) { b.Samples = b.Samples[1:] }, "one first inference: there are 0"},
		{"no steady part", local, func(b *block) { b.Samples = b.Samples[:2] }, "steady inferences"},
		{"samples out of order", local, func(b *block) { slices.Reverse(b.Samples) }, "order: sample 1"},
		{"no execution time", local, func(b *block) { b.Samples[2].Exec = 0 }, "a time above 0: sample 2"},
		{"more execution than time", local, func(b *block) { b.Samples[3].Exec = 21 }, "a time above 0: sample 3"},
		{"bytes sent by a local backend", local, func(b *block) { b.Samples[2].Sent = 1 }, "tx-B/op"},
		{"nothing sent", away, func(b *block) { b.Samples[2].Sent, b.Samples[3].Sent = 0, 0 }, "tx-B/op"},
		{"nothing received", away, func(b *block) { b.Samples[2].Received, b.Samples[3].Received = 0, 0 }, "rx-B/op"},
		{
			"no time on the way", away,
			func(b *block) { b.Samples[2].Network, b.Samples[3].Network = 0, 0 }, "net-sec/op",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := wholeBlock(tc.of)
			tc.spoil(&b)
			if lacks := strings.Join(missing(&b, tc.of), "; "); !strings.Contains(lacks, tc.want) {
				t.Errorf("it lacks %q, want %q", lacks, tc.want)
			}
		})
	}
}

// floats is an answer of one float32 output.
func floats(values ...float32) answer {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	scores := fixtures.Tensor{Name: "scores", Type: "float32", Shape: []int{1, len(values)}}
	return answer{tensors: []fixtures.Tensor{scores}, data: [][]byte{data}}
}

func TestAnswerIsComparedWithAnother(t *testing.T) {
	want := floats(1, 2, 3)
	for _, tc := range []struct {
		name         string
		got          answer
		finite, same bool
		near         bool
	}{
		{"the same", floats(1, 2, 3), true, true, true},
		{"a last bit", floats(1, 2, math.Nextafter32(3, 4)), true, false, true},
		{"coarse arithmetic", floats(1.05, 1.95, 3.02), true, false, true},
		{"another order", floats(3, 2, 1), true, false, false},
		{"all zero", floats(0, 0, 0), true, false, false},
		{"no number", floats(1, float32(math.NaN()), 3), false, false, false},
		{"infinite", floats(1, float32(math.Inf(1)), 3), false, false, false},
		{"another size", floats(1, 2), true, false, false},
		{"no output", answer{}, true, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, check := range []struct {
				what string
				err  error
				want bool
			}{
				{"finite", tc.got.finite(), tc.finite},
				{"same bits", tc.got.sameBits(want), tc.same},
				{"near", tc.got.near(want), tc.near},
			} {
				if (check.err == nil) != check.want {
					t.Errorf("%s: %v, want %v", check.what, check.err, check.want)
				}
			}
		})
	}
	boxes := []fixtures.Tensor{{Name: "box", Type: "int64", Shape: []int{1}}}
	strange := answer{tensors: boxes, data: [][]byte{{0, 0, 0, 0, 0, 0, 0, 0}}}
	other := answer{tensors: boxes, data: [][]byte{{1, 0, 0, 0, 0, 0, 0, 0}}}
	if err := strange.near(other); err == nil {
		t.Error("no tolerance is known for int64, yet different answers pass")
	}
	if err := sameShapes(want.tensors, floats(1, 2).tensors, "another"); err == nil {
		t.Error("[1 3] passes for [1 2]")
	}
}

func TestSpecLabelsOfAnyFileNameWorkInGinkgo(t *testing.T) {
	dir := t.TempDir()
	files := []string{
		"a & b | c, (d)!.tflite", "{x: y}.tflite", ":.tflite", "ünï.TFLITE", " .tflite", "%41.tflite", "A.tflite",
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := suite.New(job.Job{Setup: job.Setup{Files: declared.Files{Grid: "tiny", Models: dir}}}, suite.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	byModel := map[string]names.Combination{}
	for _, c := range s.Work {
		for _, l := range labels(c) {
			clean, err := types.ValidateAndCleanupLabel(l, types.CodeLocation{})
			if err != nil || clean != l {
				t.Errorf("%s: label %q: %v", c.Name(), l, err)
			}
		}
		model := labels(c)[0]
		byModel[model] = c
		filter, err := types.ParseLabelFilter("model: consistsOf " + strings.TrimPrefix(model, "model: "))
		if err != nil || !filter(labels(c)) {
			t.Errorf("%q cannot be chosen by its label: %v", model, err)
		}
	}
	if len(byModel) != len(files) {
		t.Errorf("%d files have the labels %v", len(files), slices.Collect(maps.Keys(byModel)))
	}
}
