package steps

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model/profiles"
)

// world is a machine on which every inference of a combination takes its
// median with 3 % noise, in rounds that differ by 1 %.
type world struct {
	medians map[names.Combination]time.Duration
	rng     *rand.Rand
	rounds  map[names.Combination]int
	blocks  []results.Block
	skipped map[names.Combination]string
	extras  accept.Extras
	calls   [][]names.Combination
	looks   []accept.Looks
	clock   time.Time
	// inferences is the number of samples a block holds.
	inferences int
	reference  float64 // the reference network's time, in seconds
}

func combo(variant names.Variant, backend names.Backend, link names.Link) names.Combination {
	return names.Combination{Variant: variant, Backend: backend, Link: link}
}

const (
	pq32   names.Variant = "model=mobilenet/input=32/compression=pq"
	pq75   names.Variant = "model=mobilenet/input=75/compression=pq"
	none32 names.Variant = "model=mobilenet/input=32/compression=none"
	pwq32  names.Variant = "model=mobilenet/input=32/compression=pwq"
)

// onCPU begins the sentences of a scenario.
const onCPU = "Given the variant \"Mobilenet PQ 32\"\nAnd the backend \"cpu1\"\n"

func newWorld() *world {
	return &world{
		medians: map[names.Combination]time.Duration{
			combo(pq32, "cpu1", "none"):                 10 * time.Millisecond,
			combo(pq75, "cpu1", "none"):                 40 * time.Millisecond,
			combo(none32, "cpu1", "none"):               12 * time.Millisecond,
			combo(pwq32, "cpu1", "none"):                10 * time.Millisecond,
			combo(pq32, "offload-desk", "ethernet"):     23 * time.Millisecond,
			combo(pq75, "offload-desk", "ethernet"):     27 * time.Millisecond,
			combo(pq32, "offload-self", "ethernet"):     23 * time.Millisecond,
			combo(pq32, "offload-desk", "direct"):       2 * time.Millisecond,
			combo(none32, "offload-desk", "ethernet"):   23 * time.Millisecond,
			combo(pwq32, "offload-desk", "ethernet"):    23 * time.Millisecond,
			combo(pq32, "offload-desk", "radio-tables"): 62 * time.Millisecond,
		},
		skipped:    map[names.Combination]string{combo(pq32, "npu", "none"): "no NPU delegate is installed"},
		rng:        rand.New(rand.NewPCG(1, 2)),
		rounds:     map[names.Combination]int{},
		clock:      time.Unix(0, 0),
		inferences: 60,
	}
}

// Measure implements accept.Measurer. A round of one combination takes a second.
func (w *world) Measure(_ context.Context, cs []names.Combination, rounds int) (*accept.Data, error) {
	w.calls = append(w.calls, cs)
	for _, c := range cs {
		if median, ok := w.medians[c]; ok {
			for range rounds {
				w.block(c, median)
			}
		}
	}
	w.clock = w.clock.Add(time.Duration(rounds*len(cs)) * time.Second)
	return w.data(), nil
}

// Looked implements accept.Measurer.
func (w *world) Looked(l accept.Looks) error {
	w.extras.Looks = &l
	w.looks = append(w.looks, l)
	return nil
}

func (w *world) block(c names.Combination, median time.Duration) {
	shared := math.Exp(0.01 * w.rng.NormFloat64())
	b := results.Block{Combination: c, Round: w.rounds[c], Open: 30 * time.Millisecond, MemoryBytes: 5e6}
	b.Reference = w.reference
	for i := range w.inferences {
		s := results.Sample{Phase: results.PhaseSteady}
		s.Total = time.Duration(float64(median) * shared * math.Exp(0.03*w.rng.NormFloat64()))
		s.Exec = s.Total
		if c.Link != names.LinkNone {
			s.Exec = s.Total / 20
			s.Network = s.Total - s.Exec
			s.Sent, s.Received = 3072, 100
		}
		if i == 0 {
			s.Phase = results.PhaseFirst
		}
		b.Samples = append(b.Samples, s)
	}
	w.rounds[c]++
	w.blocks = append(w.blocks, b)
}

func (w *world) data() *accept.Data {
	d, err := accept.NewData("a run", w.blocks)
	if err != nil {
		panic(err)
	}
	d.Interleaved = true
	d.Skipped = w.skipped
	d.Extras = w.extras
	return d
}

// recorded returns a run of eight rounds of every combination.
func (w *world) recorded() *accept.Data {
	// In a fixed order, so that the noise is the same every time.
	byName := func(a, b names.Combination) int { return strings.Compare(a.Name(), b.Name()) }
	for _, c := range slices.SortedFunc(maps.Keys(w.medians), byName) {
		for range 8 {
			w.block(c, w.medians[c])
		}
	}
	return w.data()
}

func vocabulary() Vocabulary {
	v := Vocabulary{Profiles: profiles.BuiltIn(), Cores: 2}
	for _, n := range []names.Variant{none32, pq32, pwq32, pq75} {
		v.Variants = append(v.Variants, accept.KnownVariant{Name: n, Title: n.Title()})
	}
	return v
}

// write puts a feature into a folder and returns the file.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some.feature")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// options are what tests vary.
type options struct {
	data    *accept.Data
	tags    string
	require []names.Backend
}

// judge judges a scenario's sentences on a recorded run of eight rounds.
func judge(t *testing.T, sentences string, with ...func(*options)) *accept.Report {
	t.Helper()
	r, err := tryJudge(t, feature("", sentences), with...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// feature returns one with a scenario S of these sentences.
func feature(tag, sentences string) string {
	return "Feature: F\n" + tag + "  Scenario: S\n    " + strings.ReplaceAll(sentences, "\n", "\n    ") + "\n"
}

func tryJudge(t *testing.T, feature string, with ...func(*options)) (*accept.Report, error) {
	t.Helper()
	o := options{data: newWorld().recorded()}
	for _, w := range with {
		w(&o)
	}
	f, err := Read(write(t, feature), o.tags, vocabulary())
	if err != nil {
		return nil, err
	}
	return accept.Run(context.Background(), accept.Options{Features: f, Data: o.data, Require: o.require})
}

// read reads a feature that is right.
func read(t *testing.T, file string) *accept.Features {
	t.Helper()
	f, err := Read(file, "", vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Wrong(); err != nil {
		t.Fatal(err)
	}
	return f
}

func pretty(t *testing.T, r *accept.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Pretty(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
