package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/grid"
)

// A Writer is the one writer of a run folder. It is not safe for concurrent
// use. After a write failed it takes nothing more: what was committed before
// stays readable, and Resume goes on once the cause is gone.
type Writer struct {
	dir     string
	rec     record
	have    map[blockKey]bool
	samples file
	bench   file
	fsys    writeFS
	lines   *benchfmt.Writer // into buf
	buf     bytes.Buffer
	failed  error
	notes   []string
}

type blockKey struct {
	grid.Combination
	round int
}

// file is what the Writer needs of an *os.File that it appends to.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// writeFS opens files; tests replace it by a disk that fills up.
type writeFS interface {
	append(path string) (file, error)
	create(path string) (file, error)
}

type osFS struct{}

func (osFS) append(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
}

func (osFS) create(path string) (file, error) { return os.Create(path) }

// timeLayout is how a run folder is named.
const timeLayout = "20060102T150405Z"

// Create makes a new run folder in dir, named after meta.Started in UTC (now
// when it is zero), and returns its Writer. dir/latest will point to it once it
// holds a block.
func Create(dir string, meta Meta) (*Writer, error) { return create(dir, meta, osFS{}) }

func create(dir string, meta Meta, fsys writeFS) (*Writer, error) {
	if meta.Started.IsZero() {
		meta.Started = time.Now()
	}
	meta.Started = meta.Started.UTC()
	if err := meta.checkConfig(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the results folder: %w", err)
	}
	name := meta.Started.Format(timeLayout)
	run := filepath.Join(dir, name)
	for i := 2; ; i++ {
		err := os.Mkdir(run, 0o755)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the run folder: %w", err)
		}
		run = filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
	}
	w := &Writer{
		dir: run, fsys: fsys,
		rec: record{Meta: meta, Ledger: Ledger{Declared: []grid.Combination{}, Run: []Tally{}}},
	}
	if err := w.lock(); err != nil {
		return nil, err
	}
	if err := w.open(nil, 0); err != nil {
		return nil, err
	}
	return w, nil
}

// pointLatest lets dir/latest point to the folder name beside it, without a
// moment in which there is no link.
func pointLatest(dir, name string) error {
	tmp := filepath.Join(dir, fmt.Sprintf(".%s.%d", latestLink, os.Getpid()))
	os.Remove(tmp)
	if err := os.Symlink(name, tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, latestLink)); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}

// Resume opens the run in dir to go on with it, and returns it as it stands
// with its Writer. A cut last block is cut off and bench.txt written anew from
// the samples; Run.Notes says what was found. The blocks that Ledger.Failed
// misses may still be taken: each moves its outcome to Ledger.Mended.
func Resume(dir string) (*Writer, *Run, error) { return resume(dir, osFS{}) }

func resume(dir string, fsys writeFS) (_ *Writer, _ *Run, err error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("no run at %s: %w", dir, pathCause(err))
	}
	if _, err := os.Stat(filepath.Join(real, recordFile)); err != nil {
		return nil, nil, fmt.Errorf("%s is no run folder: %w", dir, err)
	}
	// Locked before it is read: another process may be about to write on.
	w := &Writer{dir: real, fsys: fsys}
	if err := w.lock(); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			w.closeFiles()
		}
	}()
	run, whole, err := load(dir)
	if err != nil {
		return nil, nil, err
	}
	if run.Ledger.Complete {
		return nil, nil, fmt.Errorf("%s is complete: there is nothing to resume", dir)
	}
	w.rec, w.notes = record{Meta: run.Meta, Ledger: run.Ledger}, slices.Clone(run.Notes)
	w.rec.Meta.Ended, w.rec.Meta.After = time.Time{}, nil
	if err := w.open(run.Blocks, whole); err != nil {
		return nil, nil, err
	}
	if len(run.Blocks) > 0 {
		w.pointLatest()
	}
	return w, run, nil
}

// lock opens the samples for appending, for this process alone.
func (w *Writer) lock() (err error) {
	w.samples, err = w.fsys.append(filepath.Join(w.dir, samplesFile))
	if err != nil {
		return fmt.Errorf("open the run folder for writing: %w", err)
	}
	if err := lockFile(w.samples); err != nil {
		w.closeFiles()
		return fmt.Errorf("%s: another process writes this run: %w", w.dir, err)
	}
	return nil
}

// pointLatest lets the link beside the run folder point to it. A file system
// without links costs the shortcut and not the run.
func (w *Writer) pointLatest() {
	dir, name := filepath.Split(w.dir)
	if err := pointLatest(dir, name); err != nil {
		w.notes = append(w.notes, fmt.Sprintf("%s could not be set: %v", filepath.Join(dir, latestLink), err))
	}
}

// open readies the files for a run that holds blocks, which fill the first
// whole bytes of the samples.
func (w *Writer) open(blocks []Block, whole int64) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the run folder for writing: %w", err)
			w.closeFiles()
		}
	}()
	if err := w.samples.Truncate(whole); err != nil {
		return err
	}
	w.have = make(map[blockKey]bool)
	w.lines = benchfmt.NewWriter(&w.buf)
	for _, line := range UnitLines() {
		w.lines.Write(line)
	}
	for i := range blocks {
		b := &blocks[i]
		w.have[blockKey{b.Combination, b.Round}] = true
		w.lines.Write(benchResult(b, &w.rec.Meta))
	}
	path := filepath.Join(w.dir, benchFile)
	if err := w.replace(path, w.buf.Bytes()); err != nil {
		return err
	}
	w.buf.Reset()
	if w.bench, err = w.fsys.append(path); err != nil {
		return err
	}
	return w.writeRecord()
}

// Dir returns the run folder.
func (w *Writer) Dir() string { return w.dir }

// Notes returns what a person should know about the folder, such as what
// Resume repaired.
func (w *Writer) Notes() []string { return w.notes }

// Has reports whether the run holds the combination's block of the round.
func (w *Writer) Has(c grid.Combination, round int) bool { return w.have[blockKey{c, round}] }

// AppendBlock keeps b: its samples are on the disk when it returns nil. It
// refuses a second block of the same combination and round.
func (w *Writer) AppendBlock(b Block) error {
	if w.failed != nil {
		return w.failed
	}
	if err := b.check(); err != nil {
		return fmt.Errorf("keep block: %w", err)
	}
	key := blockKey{b.Combination, b.Round}
	if w.have[key] {
		return fmt.Errorf("keep block: %s of round %d is already there", b.Combination.Name(), b.Round)
	}
	member, err := encodeMember(&b, len(w.have) == 0)
	if err != nil {
		return fmt.Errorf("keep block: %w", err)
	}
	if err := w.grow(w.samples, samplesFile, member, true); err != nil {
		return err
	}
	w.have[key] = true
	if len(w.have) == 1 {
		w.pointLatest()
	}
	w.lines.Write(benchResult(&b, &w.rec.Meta))
	line := slices.Clone(w.buf.Bytes())
	w.buf.Reset()
	if err := w.grow(w.bench, benchFile, line, false); err != nil {
		return err
	}
	return w.Update(func(_ *Meta, l *Ledger) {
		i := slices.IndexFunc(l.Run, func(t Tally) bool { return t.Combination == b.Combination })
		if i < 0 {
			i = len(l.Run)
			l.Run = append(l.Run, Tally{Combination: b.Combination})
		}
		l.Run[i].Blocks++
		l.measured(b.Combination, b.Round)
	})
}

// measured takes back what was said before the run went on, and no longer holds.
func (l *Ledger) measured(c grid.Combination, round int) {
	l.Skipped = slices.DeleteFunc(l.Skipped, func(o Outcome) bool { return o.Combination == c })
	l.Failed = slices.DeleteFunc(l.Failed, func(o Outcome) bool {
		mended := o.Combination == c && (o.Round == round || o.Round == ProbeRound)
		if mended {
			l.Mended = append(l.Mended, o)
		}
		return mended
	})
}

// grow appends data to f by one write, or leaves f as it was.
func (w *Writer) grow(f file, name string, data []byte, sync bool) error {
	info, err := f.Stat()
	if err != nil {
		return w.fail(name, err)
	}
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	if err != nil {
		return w.fail(name, errors.Join(err, f.Truncate(info.Size())))
	}
	return nil
}

// fail records that the folder takes no more.
func (w *Writer) fail(name string, err error) error {
	w.failed = fmt.Errorf("write %s: %w; the %d blocks written before are whole, and the run can be resumed once this is mended",
		filepath.Join(w.dir, name), err, len(w.have))
	return w.failed
}

// Update changes Meta and Ledger and replaces run.json.
func (w *Writer) Update(change func(*Meta, *Ledger)) error {
	if w.failed != nil {
		return w.failed
	}
	change(&w.rec.Meta, &w.rec.Ledger)
	if err := w.writeRecord(); err != nil {
		return w.fail(recordFile, err)
	}
	return nil
}

// Declare says what the run is to measure: every combination, and the rounds
// planned.
func (w *Writer) Declare(combinations []grid.Combination, rounds int) error {
	return w.Update(func(_ *Meta, l *Ledger) { l.Declared, l.Rounds = slices.Clone(combinations), rounds })
}

// Plan records what is going to be measured.
func (w *Writer) Plan(planned []Planned) error {
	return w.Update(func(_ *Meta, l *Ledger) { l.Planned = planned })
}

// Skip records that a combination can't run here, and why; once is enough.
func (w *Writer) Skip(c grid.Combination, reason string) error {
	if slices.ContainsFunc(w.rec.Ledger.Skipped, func(o Outcome) bool { return o.Combination == c }) {
		return w.failed
	}
	return w.Update(func(_ *Meta, l *Ledger) {
		l.Skipped = append(l.Skipped, Outcome{Combination: c, Reason: reason})
	})
}

// Fail records that a combination's block failed in a round, and why; what was
// recorded of it before gives way.
func (w *Writer) Fail(c grid.Combination, round int, reason string) error {
	return w.Update(func(_ *Meta, l *Ledger) {
		l.Skipped = slices.DeleteFunc(l.Skipped, func(o Outcome) bool { return o.Combination == c })
		l.Failed = slices.DeleteFunc(l.Failed, func(o Outcome) bool { return o.Combination == c && o.Round == round })
		l.Failed = append(l.Failed, Outcome{Combination: c, Round: round, Reason: reason})
	})
}

// Ledger returns the account so far. The caller does not change it.
func (w *Writer) Ledger() Ledger { return w.rec.Ledger }

// Meta returns what the run says about itself so far. The caller does not
// change it.
func (w *Writer) Meta() Meta { return w.rec.Meta }

func (w *Writer) writeRecord() error {
	text, err := json.MarshalIndent(&w.rec, "", "  ")
	if err != nil {
		return err
	}
	return w.replace(filepath.Join(w.dir, recordFile), append(text, '\n'))
}

// replace puts a file with this text at path, whole or not at all.
func (w *Writer) replace(path string, text []byte) error {
	tmp := path + ".tmp"
	f, err := w.fsys.create(tmp)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in dir last over a power cut, where the file system
// can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// Discard removes the folder of a run without a block.
func (w *Writer) Discard() error {
	if len(w.have) > 0 {
		return fmt.Errorf("%s holds %d blocks", w.dir, len(w.have))
	}
	return errors.Join(w.Close(), os.RemoveAll(w.dir))
}

// Close releases the folder. It does not say that the run is complete: Finish
// does.
func (w *Writer) Close() error { return w.closeFiles() }

func (w *Writer) closeFiles() error {
	var errs []error
	for _, f := range []*file{&w.samples, &w.bench} {
		if *f != nil {
			errs = append(errs, (*f).Close())
			*f = nil
		}
	}
	return errors.Join(errs...)
}

// Finish records the end of the run, complete or not, and closes the folder.
// Further changes, such as the machine's state afterwards, go through change,
// which may be nil.
func (w *Writer) Finish(complete bool, change func(*Meta, *Ledger)) error {
	err := w.Update(func(m *Meta, l *Ledger) {
		m.Ended = time.Now().UTC()
		l.Complete = complete
		if change != nil {
			change(m, l)
		}
	})
	return errors.Join(err, w.Close())
}
