//go:build cgo && linux

package tflite_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
)

// hashed returns a file as a variant with its hash, as the manifest has it.
func hashed(t *testing.T, path string) fixtures.Variant {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, sum := own(path), sha256.Sum256(data)
	v.SHA256 = hex.EncodeToString(sum[:])
	return v
}

// capture returns what f, and what it calls in C, writes to the process's
// standard output and standard error.
func capture(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, fd := range []int{1, 2} {
		saved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err == nil {
			err = unix.Dup3(int(file.Fd()), fd, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := unix.Dup3(saved, fd, 0); err != nil {
				t.Error(err)
			}
			unix.Close(saved)
		}()
	}
	f()
	tflite.FlushStdio()
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOpenErrorsOfBrokenFilesNameFileAndCause(t *testing.T) {
	valid, pointer := doubling.bytes(), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
	custom := graph{shape: []int32{1, 4}, ops: []int32{opCustom}, custom: "NoSuchOp"}
	for name, tt := range map[string]struct {
		path string
		want string // in the library's words if it gives any
	}{
		"missing":         {"/nowhere/model.tflite", "no such file"},
		"folder":          {t.TempDir(), "not a regular file"},
		"empty":           {write(t, nil), "empty"},
		"text":            {write(t, []byte(pointer)), "not a valid Flatbuffer"},
		"two bytes":       {write(t, []byte("hi")), "not a valid Flatbuffer"},
		"header only":     {write(t, valid[:8]), "not a valid Flatbuffer"},
		"half":            {write(t, valid[:len(valid)/2]), "not a valid Flatbuffer"},
		"last byte gone":  {write(t, valid[:len(valid)-1]), "not a valid Flatbuffer"},
		"custom operator": {custom.file(t), "unresolved custom op: NoSuchOp"},
		"newer operator":  {graph{shape: []int32{1, 4}, ops: []int32{250}}.file(t), "builtin_code out of range: 250"},
		"text tensors":    {graph{shape: []int32{1, 4}, ops: []int32{opRelu}, typ: 5}.file(t), `"string"`},
		"negative shape":  {graph{shape: []int32{1, -4, 4}, ops: []int32{opRelu}}.file(t), "overflowed"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []fixtures.Variant{own(tt.path), tryHash(tt.path)} {
				_, err := tflite.New(1).Open(t.Context(), v)
				if err == nil {
					t.Fatal("it was opened")
				}
				if !strings.HasPrefix(err.Error(), tt.path+": ") || !strings.Contains(err.Error(), tt.want) ||
					strings.Contains(err.Error(), "\n") {
					t.Errorf("error %q; want one line that begins with the path and has %q", err, tt.want)
				}
			}
		})
	}
	if _, err := tflite.New(1).Open(t.Context(), own("/nowhere/model.tflite")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

// tryHash returns a file with its hash if it can be read, so that it is loaded
// without a trial.
func tryHash(path string) fixtures.Variant {
	v := own(path)
	if data, err := os.ReadFile(path); err == nil {
		sum := sha256.Sum256(data)
		v.SHA256 = hex.EncodeToString(sum[:])
	}
	return v
}

func TestMapFileSaysWhyItFails(t *testing.T) {
	path := write(t, []byte("no model"))
	_, err := tflite.MapFile(path)
	if err == nil || !strings.HasPrefix(err.Error(), path+": not a TensorFlow Lite model: ") {
		t.Errorf("error %v", err)
	}
	unmap, err := tflite.MapFile(doubling.file(t))
	if err != nil {
		t.Fatal(err)
	}
	unmap()
	unmap()
}

func TestOpenRefusesAFileThatChangedSinceItsManifest(t *testing.T) {
	path := doubling.file(t)
	v := hashed(t, path)
	open(t, tflite.New(1), v)
	data := doubling.bytes()
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	// Two writes within one tick of the file system's clock are not distinguishable.
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := tflite.New(1).Open(t.Context(), v)
	for _, want := range []string{path, v.SHA256, "make fixtures"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
}

// corrupt returns a model with the word at offset changed to value. It may pass the
// library's verification and then crash the process.
func corrupt(offset int, value uint32) []byte {
	data := doubling.bytes()
	binary.LittleEndian.PutUint32(data[offset:], value)
	return data
}

func TestTrialTurnsACrashIntoAnError(t *testing.T) {
	// The buffer index of the weights and one of the operator's tensors.
	path := write(t, corrupt(572, 5))
	for range 2 { // the second answer comes from the cache
		_, err := tflite.New(1).Open(t.Context(), own(path))
		for _, want := range []string{path, "SIGSEGV", "child process", "corrupt"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v; want one with %q", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "INFO") {
			t.Errorf("error %v has the library's other output for a cause", err)
		}
	}
}

func TestTrialRunsOncePerUnchangedFile(t *testing.T) {
	path := doubling.file(t)
	before := tflite.Trials()
	for range 3 {
		open(t, tflite.New(1), own(path))
	}
	if n := tflite.Trials() - before; n != 1 {
		t.Errorf("%d trials of one file opened 3 times; want 1", n)
	}
	open(t, tflite.NewReference(1), own(path))
	if n := tflite.Trials() - before; n != 2 {
		t.Errorf("%d trials on 2 backends; want 2", n)
	}
	open(t, tflite.New(1), hashed(t, doubling.file(t)))
	if n := tflite.Trials() - before; n != 2 {
		t.Errorf("%d trials after a file with a known hash; want 2", n)
	}
}

func TestTrialThatIsCancelledIsNotCached(t *testing.T) {
	so := compile(t, pluginSource)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	b := tflite.NewDelegate("npu", so, map[string]string{"mode": "hang"}, 1)
	before := tflite.Trials()
	if _, err := b.Open(ctx, own(doubling.file(t))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v; want %v", err, context.DeadlineExceeded)
	}
	if n := tflite.Trials() - before; n != 0 {
		t.Errorf("%d trials cached; want 0", n)
	}
}

// TestOpenSurvivesFuzzedFiles changes single words of a valid model, in as many
// files as CROSSOVER_FUZZ says, or a few by default.
func TestOpenSurvivesFuzzedFiles(t *testing.T) {
	count := 25
	if n, err := strconv.Atoi(os.Getenv("CROSSOVER_FUZZ")); err == nil {
		count = n
	}
	seed := uint64(20260101)
	rng := rand.New(rand.NewPCG(seed, seed))
	size := len(doubling.bytes())
	var opened, refused, died int
	for range count {
		path := write(t, corrupt(rng.IntN(size/4)*4, []uint32{rng.Uint32(), rng.Uint32N(256), 0, 1<<32 - 1}[rng.IntN(4)]))
		s, err := tflite.New(1).Open(t.Context(), own(path))
		switch {
		case err == nil:
			opened++
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		case !strings.HasPrefix(err.Error(), path+": "):
			t.Errorf("error %v does not begin with the file", err)
		case strings.Contains(err.Error(), "killed by"):
			died++
		default:
			refused++
		}
	}
	t.Logf("of %d: %d opened, %d refused, %d killed the child", count, opened, refused, died)
	if opened == 0 || refused == 0 {
		t.Errorf("%d opened, %d refused: these changes test nothing", opened, refused)
	}
}
