package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A kill can leave the two growing files cut at any byte. Open reads all complete
// blocks, Resume completes the run, and nothing is there twice.
func TestResumeCompletesARunKilledAtAnyByte(t *testing.T) {
	blocks := threeBlocks()
	dir := writeRun(t, blocks...)
	whole := readRunFiles(t, dir)

	// The folder as it is before the third block.
	before := readRunFiles(t, writeRun(t, blocks[:2]...))
	try := func(name string, samples, bench []byte, record []byte, want int) {
		t.Helper()
		d := t.TempDir()
		writeRunFiles(t, d, map[string][]byte{"samples.csv.gz": samples, "bench.txt": bench, "run.json": record})
		run, err := Open(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(run.Blocks, blocks[:want]) {
			t.Fatalf("%s: %d blocks were read, want the first %d", name, len(run.Blocks), want)
		}
		cut := len(samples) != len(before["samples.csv.gz"]) && want == 2 ||
			len(bench) != len(whole["bench.txt"]) && want == 3
		if cut != (len(run.Notes) > 0) {
			t.Fatalf("%s: notes %q", name, run.Notes)
		}
		w, resumed, err := Resume(d)
		if err != nil {
			t.Fatalf("%s: resume: %v", name, err)
		}
		for _, b := range blocks {
			if !holds(resumed, b) {
				if err := w.AppendBlock(b); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if err := w.Finish(true, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run = mustOpen(t, d)
		if !reflect.DeepEqual(run.Blocks, blocks) || len(run.Notes) != 0 {
			t.Fatalf("%s: after resuming: %d blocks, notes %q", name, len(run.Blocks), run.Notes)
		}
		if names := readBenchFile(t, d); len(names) != 3 {
			t.Fatalf("%s: bench.txt has %d lines after resuming", name, len(names))
		}
	}
	s, b := whole["samples.csv.gz"], whole["bench.txt"]
	for end := len(before["samples.csv.gz"]); end < len(s); end += 13 {
		try(fmt.Sprintf("samples cut at %d", end), s[:end], before["bench.txt"], before["run.json"], 2)
	}
	for end := len(before["bench.txt"]); end <= len(b); end += 31 {
		try(fmt.Sprintf("bench.txt cut at %d", end), s, b[:end], before["run.json"], 3)
	}
	try("run.json behind", s, b, before["run.json"], 3)
}

func writeRunFiles(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readRunFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range []string{"samples.csv.gz", "bench.txt", "run.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}

func TestOpenNamesThePlaceOfDamage(t *testing.T) {
	blocks := []Block{testBlock("none", 0, 8, time.Millisecond), testBlock("pq", 0, 8, time.Millisecond)}
	other, err := encodeMember(&blocks[1], false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		damage func(files map[string][]byte)
		want   []string
	}{
		{"a flipped bit in a block", func(f map[string][]byte) {
			f["samples.csv.gz"][60] ^= 4
		}, []string{"samples.csv.gz", "block 1"}},
		{"something between the blocks", func(f map[string][]byte) {
			f["samples.csv.gz"] = append(f["samples.csv.gz"], "something that is not a gzip member"...)
		}, []string{"samples.csv.gz", "block 3"}},
		{"a block twice", func(f map[string][]byte) {
			f["samples.csv.gz"] = append(f["samples.csv.gz"], other...)
		}, []string{"samples.csv.gz", "block 3", "repeats"}},
		{"no blocks although some were counted", func(f map[string][]byte) {
			f["samples.csv.gz"] = nil
		}, []string{"samples.csv.gz", "lost"}},
		{"a damaged line of bench.txt", func(f map[string][]byte) {
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte(" ns/op"), []byte(""), 1)
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte("-2 7 "), []byte("-2 seven "), 1)
		}, []string{"bench.txt:17", "iteration count"}},
		{"a line of another block", func(f map[string][]byte) {
			f["bench.txt"] = bytes.Replace(f["bench.txt"], []byte("compression=none"), []byte("compression=pwq"), 1)
		}, []string{"bench.txt:17", "compression=pwq", "block 1"}},
		{"a line without a block", func(f map[string][]byte) {
			f["bench.txt"] = append(f["bench.txt"], "BenchmarkInference/x 1 5 ns/op\n"...)
		}, []string{"bench.txt:19", "no block"}},
		{"run.json cut", func(f map[string][]byte) { f["run.json"] = f["run.json"][:40] }, []string{"run.json:"}},
		{"run.json with a wrong type", func(f map[string][]byte) {
			f["run.json"] = bytes.Replace(f["run.json"], []byte(`"seed": 7`), []byte(`"seed": "7"`), 1)
		}, []string{"run.json:4", "seed"}},
	} {
		dir := writeRun(t, blocks...)
		files := readRunFiles(t, dir)
		c.damage(files)
		writeRunFiles(t, dir, files)
		_, err := Open(dir)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.name, err, want)
			}
		}
	}
}

func TestOpenNamesAFolderThatIsNotARun(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "nothing"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("no run.json: %v", err)
	}
}

// fullDisk is a disk with room for a number of bytes.
type fullDisk struct {
	room int
}

type fullFile struct {
	*os.File
	disk *fullDisk
}

func (d *fullDisk) openFile(path string, how int) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o644)
	return &fullFile{f, d}, err
}

func (f *fullFile) Write(p []byte) (int, error) {
	n := min(len(p), f.disk.room)
	f.disk.room -= n
	n, err := f.File.Write(p[:n])
	if err == nil && n < len(p) {
		err = &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

// The disk fills up at many places of a run: the error says so, all committed
// blocks are readable, and the run continues once there is room.
func TestWriterKeepsBlocksWhenTheDiskIsFull(t *testing.T) {
	blocks := threeBlocks()
	finished := false
	for room := 0; !finished; room += 151 {
		disk := &fullDisk{room: room}
		w, err := create(t.TempDir(), testMeta(), disk.openFile)
		if err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("room for %d bytes: %v", room, err)
			}
			continue
		}
		committed := 0
		for _, b := range blocks {
			if err = w.AppendBlock(b); err != nil {
				break
			}
			committed++
		}
		finished = err == nil
		if !finished {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), w.Dir()) ||
				!strings.Contains(err.Error(), "resumed") {
				t.Fatalf("room for %d bytes: error %v", room, err)
			}
			if again := w.AppendBlock(blocks[2]); !errors.Is(again, syscall.ENOSPC) {
				t.Fatalf("room for %d bytes: after the failure: %v", room, again)
			}
		}
		w.Close()
		run := mustOpen(t, w.Dir())
		// A block is complete even if its line or run.json could not be written.
		if n := len(run.Blocks); n < committed || n > committed+1 || n > 0 && !reflect.DeepEqual(run.Blocks, blocks[:n:n]) {
			t.Fatalf("room for %d bytes: %d blocks are readable, %d were committed", room, n, committed)
		}
		w, run, err = Resume(w.Dir())
		if err != nil {
			t.Fatalf("room for %d bytes: resume: %v", room, err)
		}
		for _, b := range blocks[len(run.Blocks):] {
			if err := w.AppendBlock(b); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if run := mustOpen(t, w.Dir()); !reflect.DeepEqual(run.Blocks, blocks) || len(run.Notes) != 0 {
			t.Fatalf("room for %d bytes: after resuming %d blocks, notes %q", room, len(run.Blocks), run.Notes)
		}
	}
}
