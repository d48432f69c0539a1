package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
)

// The files of a run folder.
const (
	samplesFile = "samples.csv.gz"
	benchFile   = "bench.txt"
	recordFile  = "run.json"
	latestLink  = "latest"
)

// A Run is a recorded run.
type Run struct {
	Dir    string // with symbolic links resolved
	Meta   Meta
	Ledger Ledger
	Blocks []Block  // in the order taken
	Notes  []string // what an interruption left behind, and how it was read
}

// Missing returns the declared combinations that have no block and were not skipped.
func (r *Run) Missing() []names.Combination {
	var missing []names.Combination
	for _, c := range r.Ledger.Declared {
		measured := slices.ContainsFunc(r.Blocks, func(b Block) bool { return b.Combination == c })
		if !measured && !r.Ledger.skipped(c) {
			missing = append(missing, c)
		}
	}
	return missing
}

// Newest returns the newest run folder in dir whose meta and ledger are wanted, or "" if there is
// none. It reads no samples.
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

// Open reads the run in dir, a run folder or a link to one such as results/latest. It reads what an
// interruption left behind as far as it is complete, and Run.Notes says so; any other damage is an
// error that names the file and the place.
func Open(dir string) (*Run, error) {
	// bench.txt is read first because the run may be in progress: a block's samples are written
	// before its line.
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

// blockKey identifies a block in its run.
type blockKey struct {
	names.Combination
	round int
}

// load reads run.json and the samples. The complete blocks fill the first whole bytes of
// samples.csv.gz.
func load(dir string) (run *Run, whole int64, err error) {
	folder, err := resolve(dir)
	if err != nil {
		return nil, 0, err
	}
	path := filepath.Join(folder, recordFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	rec, err := parseRecord(text)
	if err != nil {
		return nil, 0, fmt.Errorf("%s:%w", path, err)
	}
	run = &Run{Dir: folder, Meta: rec.Meta, Ledger: rec.Ledger}

	path = filepath.Join(folder, samplesFile)
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
		run.Notes = append(run.Notes, fmt.Sprintf(
			"%s: the block after byte %d is incomplete and left out; the %d blocks before it are complete",
			samplesFile, whole, len(run.Blocks)))
	}
	return run, whole, run.account(path)
}

// account counts the blocks in the ledger. It returns an error if one is there twice, or if the
// ledger counted more: some were lost.
func (r *Run) account(path string) error {
	counted := 0
	for _, t := range r.Ledger.Run {
		counted += t.Blocks
	}
	r.Ledger.Run = []Tally{}
	seen := make(map[blockKey]bool)
	for i := range r.Blocks {
		b := &r.Blocks[i]
		key := blockKey{b.Combination, b.Round}
		if seen[key] {
			return fmt.Errorf("%s: block %d repeats %s of round %d", path, i+1, b.Combination.Name(), b.Round)
		}
		seen[key] = true
		r.Ledger.count(b)
	}
	// run.json is written after the samples: it can be behind, but not ahead.
	if counted > len(r.Blocks) {
		return fmt.Errorf("%s: %d blocks, but %s counts %d: samples were lost", path, len(r.Blocks), recordFile, counted)
	}
	return nil
}

// record is run.json.
type record struct {
	Meta   Meta   `json:"meta"`
	Ledger Ledger `json:"ledger"`
}

// parseRecord reads run.json; its errors start with the line.
func parseRecord(text []byte) (*record, error) {
	var read struct {
		Meta   Meta `json:"meta"`
		Ledger struct {
			Ledger
			Mended []Outcome `json:"mended"` // what recovered was called before
		} `json:"ledger"`
	}
	err := json.Unmarshal(text, &read)
	if err == nil {
		ledger := read.Ledger.Ledger
		ledger.Recovered = append(read.Ledger.Mended, ledger.Recovered...)
		return &record{read.Meta, ledger}, nil
	}
	offset := int64(0)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	}
	offset = min(offset, int64(len(text)))
	return nil, fmt.Errorf("%d: %w", 1+bytes.Count(text[:offset], []byte("\n")), err)
}

// resolve returns the run folder that dir is or links to.
func resolve(dir string) (string, error) {
	folder, err := filepath.EvalSymlinks(dir)
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // the message names the path already
	}
	if err != nil {
		return "", fmt.Errorf("no run at %s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(folder, recordFile)); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is not a run folder: it has no %s", dir, recordFile)
	}
	return folder, nil
}
