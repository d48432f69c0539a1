//go:build cgo && linux

package tflite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// doubling is a model that gives max(0, 2x) for each of four elements.
var doubling = graph{shape: []int32{1, 4}, ops: []int32{opFullyConnected, opRelu}}

// own returns a file as a user's own variant, without a hash.
func own(path string) fixtures.Variant {
	return fixtures.Variant{Name: names.Variant("model=" + filepath.Base(path)), Path: path}
}

func open(t testing.TB, b backends.Backend, v fixtures.Variant) backends.Session {
	t.Helper()
	s, err := b.Open(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func floats(x ...float32) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, x)
	return b
}

func asFloats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

func TestInferComputesTheModel(t *testing.T) {
	path := doubling.file(t)
	for _, b := range []backends.Backend{tflite.New(1), tflite.NewReference(1)} {
		t.Run(b.Name(), func(t *testing.T) {
			s := open(t, b, own(path))
			out := [][]byte{make([]byte, 16)}
			for range 3 {
				timing, err := s.Infer(t.Context(), [][]byte{floats(1, -2, 3, 0.5)}, out)
				if err != nil {
					t.Fatal(err)
				}
				if got := asFloats(out[0]); got[0] != 2 || got[1] != 0 || got[2] != 6 || got[3] != 1 {
					t.Errorf("2x of (1, -2, 3, 0.5), not below 0: %v", got)
				}
				if timing.Exec <= 0 || timing.Fill < 0 || timing.Total < timing.Fill+timing.Exec {
					t.Errorf("timing %+v: the total must cover its parts", timing)
				}
			}
		})
	}
}

func TestSessionDescribesItsTensors(t *testing.T) {
	s := open(t, tflite.New(1), own(doubling.file(t)))
	want := fixtures.Tensor{Name: "input", Type: "float32", Shape: []int{1, 4}}
	if got := s.Inputs(); len(got) != 1 || got[0].Name != want.Name || got[0].Type != want.Type ||
		len(got[0].Shape) != 2 || got[0].Shape[1] != 4 {
		t.Errorf("inputs %v; want %v", got, want)
	}
	if got := s.Outputs(); len(got) != 1 || got[0].Name != "activation 1" {
		t.Errorf("outputs %v; want activation 1", got)
	}
}

func TestSessionDetailsCountTheDelegatedNodes(t *testing.T) {
	// FLOOR_MOD is not among XNNPACK's operators.
	path := graph{shape: []int32{1, 4}, ops: []int32{opRelu, opFullyConnected, opFloorMod}}.file(t)
	details := open(t, tflite.New(1), own(path)).(backends.Detailed).Details()
	want := backends.Details{Runtime: tflite.Version(), Delegate: "xnnpack", Threads: 1, Nodes: 3, Delegated: 2}
	if details != want {
		t.Errorf("with XNNPACK: %+v; want %+v", details, want)
	}
	details = open(t, tflite.NewReference(1), own(path)).(backends.Detailed).Details()
	if want := (backends.Details{Runtime: tflite.Version(), Threads: 1}); details != want {
		t.Errorf("without: %+v; want %+v", details, want)
	}
	if !strings.HasPrefix(tflite.Version(), "2.") {
		t.Errorf("version %q", tflite.Version())
	}
}

func TestInferRefusesWrongSizes(t *testing.T) {
	s := open(t, tflite.New(1), own(doubling.file(t)))
	in, out := floats(1, 2, 3, 4), make([]byte, 16)
	for _, tt := range []struct {
		name    string
		in, out [][]byte
		want    string
	}{
		{"one byte in", [][]byte{in[:1]}, [][]byte{out}, `input 0 ("input") is given 1 bytes; it takes 16`},
		{"too much in", [][]byte{append(in[:16:16], 0)}, [][]byte{out}, "is given 17 bytes"},
		{"nothing in", nil, [][]byte{out}, "0 inputs given; it has 1"},
		{"one byte out", [][]byte{in}, [][]byte{out[:1]}, "room of 1 bytes given for output 0"},
		{"two out", [][]byte{in}, [][]byte{out, out}, "room for 2 outputs given; it has 1"},
	} {
		if _, err := s.Infer(t.Context(), tt.in, tt.out); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v; want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestInferChecksTheContextFirst(t *testing.T) {
	s := open(t, tflite.New(1), own(doubling.file(t)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Infer(ctx, [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v; want %v", err, context.Canceled)
	}
	if _, err := tflite.New(1).Open(ctx, own(doubling.file(t))); !errors.Is(err, context.Canceled) {
		t.Errorf("open: error %v; want %v", err, context.Canceled)
	}
}

func TestInferRefusesAClosedSession(t *testing.T) {
	s, err := tflite.New(1).Open(t.Context(), own(doubling.file(t)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Infer(t.Context(), [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)}); err == nil ||
		!strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v; want one that says it is closed", err)
	}
}

func TestInferDoesNotAllocate(t *testing.T) {
	s := open(t, tflite.New(1), own(doubling.file(t)))
	in, out := [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Infer(ctx, in, out); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations an inference; want 0", n)
	}
}

func TestInferRunsAfterAFailure(t *testing.T) {
	// x mod x for integers, which fails for 0: go-tflite's Error equals its OK.
	path := graph{shape: []int32{1, 2}, ops: []int32{opFloorMod}, typ: 2}.file(t)
	s := open(t, tflite.New(1), own(path))
	out := []byte{1, 1, 1, 1, 1, 1, 1, 1}
	if _, err := s.Infer(t.Context(), [][]byte{make([]byte, 8)}, [][]byte{out}); err == nil ||
		!strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), "ivision by 0") {
		t.Errorf("error %v; want the library's words on a division by 0", err)
	}
	if _, err := s.Infer(t.Context(), [][]byte{{7, 0, 0, 0, 9, 0, 0, 0}}, [][]byte{out}); err != nil ||
		string(out) != "\x00\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("7 mod 7, 9 mod 9: %v, %v", out, err)
	}
}

func TestAdoptedObjectsAreOnePointer(t *testing.T) {
	for _, object := range tflite.Adopted {
		typ := reflect.TypeOf(object)
		if typ.NumField() != 1 || typ.Field(0).Type.Kind() != reflect.Pointer {
			t.Errorf("%v is no longer one pointer: adapt library.go to its new layout", typ)
		}
	}
}

func TestForNameKnowsTheBackendsOfTheProcessor(t *testing.T) {
	for _, name := range []names.Backend{"cpu1", "cpu4", "cpu16", "cpu4-noxnnpack"} {
		if b, ok := tflite.ForName(name); !ok || b.Name() != string(name) {
			t.Errorf("%s: %v, %v", name, b, ok)
		}
	}
	for _, name := range []names.Backend{
		"", "cpu", "cpu0", "cpu-1", "cpu01", "cpu+1", "npu", "cpu1-fast", "cpu-noxnnpack",
	} {
		if b, ok := tflite.ForName(name); ok {
			t.Errorf("%q gives %s", name, b.Name())
		}
	}
}

func TestOpenWithMoreThreadsThanCoresIsUnavailable(t *testing.T) {
	_, err := tflite.New(runtime.NumCPU()+1).Open(t.Context(), own(doubling.file(t)))
	unavailable, ok := errors.AsType[*backends.UnavailableError](err)
	if !ok || !strings.Contains(unavailable.Missing, "threads: this process may use") {
		t.Errorf("error %v; want an UnavailableError that names threads and cores", err)
	}
	if _, err := tflite.New(0).Open(t.Context(), own(doubling.file(t))); err == nil ||
		!strings.Contains(err.Error(), "at least 1") {
		t.Errorf("0 threads: error %v", err)
	}
}

// TestOpenDoesNotLeak compares the resident memory after the first tenth of the
// openings with that at the end, because a leak grows with their number.
func TestOpenDoesNotLeak(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's shadow memory grows too; make test runs this without it")
	}
	const count, bound = 3000, 3 << 20 // about 1 KiB each; a leaked interpreter is several
	path := doubling.file(t)
	broken := graph{shape: []int32{1, 4}, ops: []int32{opCustom}, custom: "NoSuchOp"}.file(t)
	b := tflite.New(1)
	in, out := [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)}
	var before int64
	for i := range count {
		s, err := b.Open(t.Context(), own(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Infer(t.Context(), in, out); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		// A failed opening must free its memory as well.
		if _, err := tflite.OpenHere(b, own(broken)); err == nil {
			t.Fatal("a model with an unknown operator was opened")
		}
		if i == count/10 {
			before = resident(t)
		}
	}
	if grown := resident(t) - before; grown > bound {
		t.Errorf("%d openings grew the process by %d KiB; the bound is %d KiB", count*9/10, grown>>10, bound>>10)
	}
}

// resident returns the memory that the process holds, in bytes, after Go has
// returned its free memory.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func TestSessionsRunConcurrently(t *testing.T) {
	path := doubling.file(t)
	b := tflite.New(1)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 20 {
				s, err := b.Open(t.Context(), own(path))
				if err != nil {
					t.Error(err)
					return
				}
				x, out := float32(100*g+i), make([]byte, 16)
				if _, err := s.Infer(t.Context(), [][]byte{floats(x, 0, 0, 0)}, [][]byte{out}); err != nil ||
					asFloats(out)[0] != 2*x {
					t.Errorf("twice %v: %v, %v", x, asFloats(out)[0], err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// The Go runtime's monitor thread should sleep while a goroutine infers in a loop,
// because each wake-up takes a core from XNNPACK's threads.
func TestInferInALoopLetsSysmonSleep(t *testing.T) {
	s := open(t, tflite.NewReference(1), own("../../fixtures/testdata/models/tiny-32-none.tflite"))
	in, out := buffers(t, s.Inputs()), buffers(t, s.Outputs())
	switches := func() int64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return u.Nvcsw
	}
	loop := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
			if _, err := s.Infer(t.Context(), in, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	loop(50 * time.Millisecond) // the monitor was active before
	// It wakes every 10 ms, and every 4 ms another thread looks for work. A loop
	// that never yields causes some thousand wake-ups in each window. A loop that
	// yields may cause them too if a busy machine stops its thread for long.
	least := int64(math.MaxInt64)
	for range 10 {
		before := switches()
		loop(300 * time.Millisecond)
		if least = min(least, switches()-before); least <= 300 {
			return
		}
	}
	t.Errorf("the process's threads slept at least %d times within 0.3 s; want some 100", least)
}

func buffers(t *testing.T, tensors []fixtures.Tensor) [][]byte {
	t.Helper()
	var list [][]byte
	for _, about := range tensors {
		n, err := backends.TensorBytes(about)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, make([]byte, n))
	}
	return list
}
