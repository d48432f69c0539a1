package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
)

// The files of a run folder.
const (
	samplesFile = "samples.csv.gz"
	benchFile   = "bench.txt"
	recordFile  = "run.json"
	latestLink  = "latest"
)

// configKeys are the keys of bench.txt's file configuration, in their order:
// the machine's fingerprint and what makes two results incomparable.
var configKeys = []string{"machine", "cpu", "tflite", "meter", "weights", "interleaved"}

// Meta is what a run says about itself.
type Meta struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"` // zero while it runs, and after a crash
	Command []string  `json:"command,omitempty"`
	Commit  string    `json:"commit,omitempty"` // of the tree that was built; "-dirty" appended when changed
	Seed    uint64    `json:"seed"`
	Grid    Grid      `json:"grid"`
	// Procs is the test binary's GOMAXPROCS, the suffix of Go's benchmark
	// names; 0 or 1 for none.
	Procs int `json:"procs,omitempty"`
	// Sustained says that the machine was soaked first, so that throttled
	// samples are judged, too.
	Sustained bool `json:"sustained,omitempty"`
	// Config is bench.txt's file configuration; its keys are machine, cpu,
	// tflite, meter, weights and interleaved.
	Config map[string]string `json:"config"`
	// Method says what else two parts of one run must have in common: flags of the
	// test binary, its hash and those of declarations, the length of a block.
	Method   map[string]string `json:"method,omitempty"`
	Versions map[string]string `json:"versions,omitempty"` // by component: "go", "tflite"
	Hashes   map[string]string `json:"hashes,omitempty"`   // SHA-256 by variant or library
	Titles   map[string]string `json:"titles,omitempty"`   // the variants' names for people, by variant
	Before   *machine.Snapshot `json:"machine_before,omitempty"`
	After    *machine.Snapshot `json:"machine_after,omitempty"`
	Soak     *machine.Soak     `json:"soak,omitempty"`
	// Resumed are the later parts of a run that was interrupted.
	Resumed []Part `json:"resumed,omitempty"`
	// Extra keeps what one verb writes for itself, by the verb's name.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// A Part is how a run went on after an interrupt.
type Part struct {
	Started time.Time         `json:"started"`
	Command []string          `json:"command,omitempty"`
	Before  *machine.Snapshot `json:"machine_before,omitempty"`
}

// Grid says which grid a run measured.
type Grid struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// A Ledger accounts for every declared combination.
type Ledger struct {
	Rounds   int                `json:"rounds"` // planned
	Declared []grid.Combination `json:"declared"`
	Planned  []Planned          `json:"planned,omitempty"` // of what can run here
	Run      []Tally            `json:"run"`               // kept by the Writer
	Skipped  []Outcome          `json:"skipped,omitempty"`
	Failed   []Outcome          `json:"failed,omitempty"`
	// Mended failed before the run was interrupted, and were measured when it
	// went on.
	Mended []Outcome `json:"mended,omitempty"`
	// Imprecise are those that the budget ended before their medians were known
	// as well as asked for.
	Imprecise []Imprecise `json:"imprecise,omitempty"`
	// Complete says that the run came to its planned end.
	Complete bool `json:"complete"`
}

// Planned is what a run is going to measure of a combination.
type Planned struct {
	Combination grid.Combination `json:"combination"`
	Rounds      int              `json:"rounds"`
	Block       time.Duration    `json:"block_ns"` // steady time of each block
	// Open is the time that opening took in the probe, with what the first
	// inference took beyond another; where that was dear, Cold the first time and
	// Open the second, which may have found a cache.
	Open time.Duration `json:"open_ns"`
	Cold time.Duration `json:"cold_open_ns,omitempty"`
}

// A Tally counts a combination's blocks.
type Tally struct {
	Combination grid.Combination `json:"combination"`
	Blocks      int              `json:"blocks"`
}

// ProbeRound is the round of what is run to plan a run, and not kept.
const ProbeRound = -1

// An Outcome says why a combination gave no block, in one round or at all.
type Outcome struct {
	Combination grid.Combination `json:"combination"`
	Round       int              `json:"round"` // ProbeRound for the probe
	Reason      string           `json:"reason"`
}

// Imprecise is a combination whose median is known less well than asked for.
// Both widths are those of the median's 95 % interval, relative to it.
type Imprecise struct {
	Combination grid.Combination `json:"combination"`
	Reached     *float64         `json:"reached,omitempty"` // nil where the interval has no bounds
	Wanted      float64          `json:"wanted"`
}

// record is run.json.
type record struct {
	Meta   Meta   `json:"meta"`
	Ledger Ledger `json:"ledger"`
}

// A Run is a recorded run.
type Run struct {
	Dir    string // with symbolic links resolved
	Meta   Meta
	Ledger Ledger
	Blocks []Block  // in the order taken
	Notes  []string // what an interruption left behind, and how it was read
}

// Has reports whether the run holds the combination's block of the round.
func (r *Run) Has(c grid.Combination, round int) bool {
	return slices.ContainsFunc(r.Blocks, func(b Block) bool { return b.Combination == c && b.Round == round })
}

// Missing returns the declared combinations that have no block and were not
// skipped.
func (r *Run) Missing() []grid.Combination {
	var missing []grid.Combination
	for _, c := range r.Ledger.Declared {
		if !slices.ContainsFunc(r.Blocks, func(b Block) bool { return b.Combination == c }) &&
			!slices.ContainsFunc(r.Ledger.Skipped, func(o Outcome) bool { return o.Combination == c }) {
			missing = append(missing, c)
		}
	}
	return missing
}

// Same reports whether m and o say of themselves that they measure the same thing
// in the same way, so that one can go on where the other ended.
func (m *Meta) Same(o *Meta) bool {
	return m.Commit == o.Commit && m.Grid == o.Grid && m.Procs == o.Procs && m.Sustained == o.Sustained &&
		maps.Equal(m.Config, o.Config) && maps.Equal(m.Method, o.Method) && maps.Equal(m.Hashes, o.Hashes)
}

// Newest returns the newest run folder in dir whose meta and ledger are wanted,
// or none when there is none. It reads no samples.
func Newest(dir string, wanted func(*Meta, *Ledger) bool) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range slices.Backward(entries) { // their names are times
		if !e.IsDir() { // a link such as latest
			continue
		}
		run := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(filepath.Join(run, recordFile))
		if err != nil {
			continue
		}
		if rec, err := parseRecord(text); err == nil && wanted(&rec.Meta, &rec.Ledger) {
			return run
		}
	}
	return ""
}

// Open reads the run in dir, a run folder or a link to one such as
// results/latest. What an interruption leaves behind is read as far as it is
// whole, and Run.Notes says so; any other damage is an error that names file
// and place.
func Open(dir string) (*Run, error) {
	// First, since the run may be under way: its samples are written before.
	bench, benchErr := os.ReadFile(filepath.Join(dir, benchFile))
	run, _, err := load(dir)
	if err != nil {
		return nil, err
	}
	if benchErr != nil && !errors.Is(benchErr, fs.ErrNotExist) {
		return nil, benchErr
	}
	if err := run.checkBench(bench); err != nil {
		return nil, err
	}
	return run, nil
}

// load reads run.json and the samples; whole is how much of samples.csv.gz
// the whole blocks fill.
func load(dir string) (run *Run, whole int64, err error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("no run at %s: %w", dir, pathCause(err))
	}
	run = &Run{Dir: real}
	path := filepath.Join(real, recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%s is no run folder: it has no %s", dir, recordFile)
	} else if err != nil {
		return nil, 0, err
	}
	rec, err := parseRecord(text)
	if err != nil {
		return nil, 0, fmt.Errorf("%s:%w", path, err)
	}
	run.Meta, run.Ledger = rec.Meta, rec.Ledger

	path = filepath.Join(real, samplesFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && len(run.Ledger.Run) == 0 {
		run.Notes = append(run.Notes, "the run was interrupted before its first block")
		return run, 0, nil
	} else if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	var torn bool
	run.Blocks, whole, torn, err = readSamples(f, path)
	if err != nil {
		return nil, 0, err
	}
	if torn {
		run.Notes = append(run.Notes, fmt.Sprintf("%s: the block after byte %d is cut and left out; the %d blocks before it are whole",
			samplesFile, whole, len(run.Blocks)))
	}
	type key struct {
		grid.Combination
		round int
	}
	seen := make(map[key]bool)
	for i, b := range run.Blocks {
		k := key{b.Combination, b.Round}
		if seen[k] {
			return nil, 0, fmt.Errorf("%s: block %d repeats %s of round %d", path, i+1, b.Combination.Name(), b.Round)
		}
		seen[k] = true
	}
	kept := 0
	for _, t := range run.Ledger.Run {
		kept += t.Blocks
	}
	// run.json is written after the samples, so it may be behind, not ahead.
	if kept > len(run.Blocks) {
		return nil, 0, fmt.Errorf("%s: %d blocks, but %s counts %d: samples were lost", path, len(run.Blocks), recordFile, kept)
	}
	run.Ledger.Run = tally(run.Blocks)
	return run, whole, nil
}

// parseRecord reads run.json; its errors start with the line.
func parseRecord(text []byte) (*record, error) {
	var rec record
	err := json.Unmarshal(text, &rec)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(0)
	switch {
	case err == nil:
		return &rec, nil
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	offset = min(offset, int64(len(text)))
	return nil, fmt.Errorf("%d: %w", 1+bytes.Count(text[:offset], []byte("\n")), err)
}

func tally(blocks []Block) []Tally {
	tallies := []Tally{}
	for _, b := range blocks {
		i := slices.IndexFunc(tallies, func(t Tally) bool { return t.Combination == b.Combination })
		if i < 0 {
			i = len(tallies)
			tallies = append(tallies, Tally{Combination: b.Combination})
		}
		tallies[i].Blocks++
	}
	return tallies
}

// checkBench holds bench.txt against the blocks.
func (r *Run) checkBench(text []byte) error {
	path := filepath.Join(r.Dir, benchFile)
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) {
		r.Notes = append(r.Notes, benchFile+": its last line is cut")
		text = text[:end]
	}
	br := benchfmt.NewReader(bytes.NewReader(text), path)
	lines := 0
	for br.Scan() {
		switch rec := br.Result().(type) {
		case *benchfmt.SyntaxError:
			return rec
		case *benchfmt.Result:
			_, line := rec.Pos()
			if lines == len(r.Blocks) {
				return fmt.Errorf("%s:%d: %s has no block in %s", path, line, rec.Name, samplesFile)
			}
			b := &r.Blocks[lines]
			n, _ := Metrics(b, r.Meta.LeaveOut())
			if want := benchName(b, r.Meta.Procs); string(rec.Name) != want || rec.Iters != n {
				return fmt.Errorf("%s:%d: %s with %d inferences, but block %d of %s is %s with %d",
					path, line, rec.Name, rec.Iters, lines+1, samplesFile, want, n)
			}
			lines++
		}
	}
	if err := br.Err(); err != nil {
		return err
	}
	if behind := len(r.Blocks) - lines; behind > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%s lacks the last %d of %d lines; the samples have them", benchFile, behind, len(r.Blocks)))
	}
	return nil
}

// benchName is a block's name in bench.txt, without the word Benchmark.
func benchName(b *Block, procs int) string {
	name := "Inference/" + b.Combination.Name()
	if procs > 1 {
		name += fmt.Sprintf("-%d", procs)
	}
	return name
}

// benchResult is b's line of bench.txt.
func benchResult(b *Block, meta *Meta) *benchfmt.Result {
	n, metrics := Metrics(b, meta.LeaveOut())
	res := &benchfmt.Result{Name: benchfmt.Name(benchName(b, meta.Procs)), Iters: n}
	for _, key := range configKeys {
		if value := meta.Config[key]; value != "" {
			res.Config = append(res.Config, benchfmt.Config{Key: key, Value: []byte(value), File: true})
		}
	}
	for _, m := range metrics {
		res.Values = append(res.Values, benchfmt.Value{Value: m.Value, Unit: m.Unit})
	}
	return res
}

// checkConfig refuses a configuration that bench.txt can't carry.
func (m *Meta) checkConfig() error {
	for key, value := range m.Config {
		if !slices.Contains(configKeys, key) {
			return fmt.Errorf("%q is no key of %s's configuration; want one of %s", key, benchFile, strings.Join(configKeys, ", "))
		}
		if strings.ContainsAny(value, "\n\r") {
			return fmt.Errorf("the value of %s in %s's configuration has more than one line", key, benchFile)
		}
	}
	return nil
}

// pathCause strips the system call from a path error: its text already names
// the path.
func pathCause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
