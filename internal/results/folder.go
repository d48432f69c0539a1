package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/names"
)

// file is what the Writer needs of an *os.File that it appends to.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// openFile creates a file if need be and opens it for writing, with os.O_APPEND or os.O_TRUNC. Tests
// replace it with a disk that fills up.
func openFile(path string, how int) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o644)
}

// timeLayout is the layout of a run folder's name.
const timeLayout = "20060102T150405Z"

// Create makes a new run folder in dir and returns its Writer. The folder is named after
// meta.Started in UTC, or after the present time if that is zero. dir/latest will point to the
// folder once it holds a block.
func Create(dir string, meta Meta) (*Writer, error) { return create(dir, meta, openFile) }

func create(dir string, meta Meta, open func(path string, how int) (file, error)) (*Writer, error) {
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
	ledger := Ledger{Declared: []names.Combination{}, Run: []Tally{}}
	w := &Writer{dir: run, openFile: open, rec: record{Meta: meta, Ledger: ledger}}
	if err := w.lock(); err != nil {
		return nil, err
	}
	if err := w.open(nil, 0); err != nil {
		return nil, err
	}
	return w, nil
}

// Resume opens the run in dir to continue it, and returns its Writer and the run as it stands. It
// cuts off an incomplete last block and rewrites bench.txt from the samples; Run.Notes says what it
// found. The blocks that Ledger.Failed lacks may still be measured: each moves its outcome to
// Ledger.Recovered.
func Resume(dir string) (_ *Writer, _ *Run, err error) {
	folder, err := resolve(dir)
	if err != nil {
		return nil, nil, err
	}
	// Locked before it is read, because another process may be writing to it.
	w := &Writer{dir: folder, openFile: openFile}
	if err := w.lock(); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			w.Close()
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

// lock opens the samples for appending, for this process only.
func (w *Writer) lock() (err error) {
	w.samples, err = w.openFile(filepath.Join(w.dir, samplesFile), os.O_APPEND)
	if err != nil {
		return fmt.Errorf("open the run folder for writing: %w", err)
	}
	if err := lockFile(w.samples); err != nil {
		w.Close()
		return fmt.Errorf("%s: another process is writing this run: %w", w.dir, err)
	}
	return nil
}

// open prepares the files for a run that holds blocks, which fill the first whole bytes of the
// samples.
func (w *Writer) open(blocks []Block, whole int64) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the run folder for writing: %w", err)
			w.Close()
		}
	}()
	if err := w.samples.Truncate(whole); err != nil {
		return err
	}
	w.have = make(map[blockKey]bool)
	w.lines = benchfmt.NewWriter(&w.buf)
	for _, line := range UnitLines() {
		err = errors.Join(err, w.lines.Write(line))
	}
	for i := range blocks {
		b := &blocks[i]
		w.have[blockKey{b.Combination, b.Round}] = true
		if line := benchResult(b, &w.rec.Meta); line != nil {
			err = errors.Join(err, w.lines.Write(line))
		}
	}
	if err != nil {
		return err
	}
	path := filepath.Join(w.dir, benchFile)
	if err := w.replace(path, w.buf.Bytes()); err != nil {
		return err
	}
	w.buf.Reset()
	if w.bench, err = w.openFile(path, os.O_APPEND); err != nil {
		return err
	}
	return w.writeRecord()
}

// pointLatest makes the link beside the run folder point to it, with no moment without a link. On a
// file system without links only the shortcut is lost.
func (w *Writer) pointLatest() {
	dir, name := filepath.Split(w.dir)
	link := filepath.Join(dir, latestLink)
	if err := renameio.Symlink(name, link); err != nil {
		w.notes = append(w.notes, fmt.Sprintf("%s could not be set: %v", link, err))
	}
}

// replace writes a file with this text at path, completely or not at all.
func (w *Writer) replace(path string, text []byte) error {
	tmp := path + ".tmp"
	f, err := w.openFile(tmp, os.O_TRUNC)
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

// syncDir makes a rename in dir survive a power failure, if the file system can.
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
