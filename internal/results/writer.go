package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/names"
)

// A Writer is the only writer of a run folder. It is not safe for concurrent use. After a write
// failed it accepts nothing more: what was committed before stays readable, and Resume continues
// once the cause is fixed.
type Writer struct {
	dir      string
	rec      record
	have     map[blockKey]bool
	samples  file
	bench    file
	openFile func(path string, how int) (file, error)
	lines    *benchfmt.Writer // into buf
	buf      bytes.Buffer
	failed   error
	notes    []string
}

// Dir returns the run folder.
func (w *Writer) Dir() string { return w.dir }

// Notes returns what a person should know about the folder, such as what Resume repaired.
func (w *Writer) Notes() []string { return w.notes }

// Ledger returns the account so far. The caller must not change it.
func (w *Writer) Ledger() Ledger { return w.rec.Ledger }

// AppendBlock records b: its samples are on the disk when it returns nil. It refuses a second block
// of the same combination and round.
func (w *Writer) AppendBlock(b Block) error {
	if w.failed != nil {
		return w.failed
	}
	if err := b.check(); err != nil {
		return fmt.Errorf("append block: %w", err)
	}
	key := blockKey{b.Combination, b.Round}
	if w.have[key] {
		return fmt.Errorf("append block: %s of round %d is already there", b.Combination.Name(), b.Round)
	}
	member, err := encodeMember(&b, len(w.have) == 0)
	if err != nil {
		return fmt.Errorf("append block: %w", err)
	}
	if err := w.grow(w.samples, samplesFile, member, true); err != nil {
		return err
	}
	w.have[key] = true
	if len(w.have) == 1 {
		w.pointLatest()
	}
	if line := benchResult(&b, &w.rec.Meta); line != nil {
		if err := w.lines.Write(line); err != nil {
			return w.fail(benchFile, err)
		}
		text := slices.Clone(w.buf.Bytes())
		w.buf.Reset()
		if err := w.grow(w.bench, benchFile, text, false); err != nil {
			return err
		}
	}
	return w.Update(func(_ *Meta, l *Ledger) {
		l.count(&b)
		l.recover(b.Combination, b.Round)
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

// fail records that the folder accepts no more.
func (w *Writer) fail(name string, err error) error {
	w.failed = fmt.Errorf("write %s: %w; the %d blocks written before are complete,"+
		" and the run can be resumed once this is fixed", filepath.Join(w.dir, name), err, len(w.have))
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

func (w *Writer) writeRecord() error {
	text, err := json.MarshalIndent(&w.rec, "", "  ")
	if err != nil {
		return err
	}
	return w.replace(filepath.Join(w.dir, recordFile), append(text, '\n'))
}

// Declare records every combination that the run is to measure, and the number of rounds planned.
func (w *Writer) Declare(combinations []names.Combination, rounds int) error {
	return w.Update(func(_ *Meta, l *Ledger) { l.Declared, l.Rounds = slices.Clone(combinations), rounds })
}

// Plan records what is going to be measured.
func (w *Writer) Plan(planned []Planned) error {
	return w.Update(func(_ *Meta, l *Ledger) { l.Planned = planned })
}

// Skip records that a combination cannot run here, and why. A second reason is ignored.
func (w *Writer) Skip(c names.Combination, reason string) error {
	if w.rec.Ledger.skipped(c) {
		return w.failed
	}
	return w.Update(func(_ *Meta, l *Ledger) {
		l.Skipped = append(l.Skipped, Outcome{Combination: c, Reason: reason})
	})
}

// Fail records that a combination failed in a round, and why. It replaces what was recorded before:
// that it was skipped, or failed in the same round.
func (w *Writer) Fail(c names.Combination, round int, reason string) error {
	return w.Update(func(_ *Meta, l *Ledger) { l.fail(c, round, reason) })
}

// Discard removes the folder of a run without a block.
func (w *Writer) Discard() error {
	if len(w.have) > 0 {
		return fmt.Errorf("%s holds %d blocks", w.dir, len(w.have))
	}
	return errors.Join(w.Close(), os.RemoveAll(w.dir))
}

// Close releases the folder. It does not say that the run is complete: Finish does.
func (w *Writer) Close() error {
	var errs []error
	for _, f := range []*file{&w.samples, &w.bench} {
		if *f != nil {
			errs = append(errs, (*f).Close())
			*f = nil
		}
	}
	return errors.Join(errs...)
}

// Finish records the end of the run, complete or not, and closes the folder. Further changes, such
// as the machine's state afterwards, go through change, which may be nil.
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
