//go:build cgo && linux

package tflite_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/child"
	"github.com/crossover-bench/crossover/backends/tflite"
)

func TestIsolatedSessionCostsItselfWhenItsInputCrashesTheLibrary(t *testing.T) {
	path := graph{shape: []int32{1, 4}, ops: []int32{opFloorMod}, typ: 2, minus1: true}.file(t)
	b := tflite.Isolated(tflite.New(1), child.Limits{})
	s, err := b.Open(t.Context(), own(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if d := s.(backends.Detailed).Details(); d.Runtime != tflite.Version() || d.Threads != 1 {
		t.Errorf("details %+v", d)
	}
	in, out := backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
	binary.LittleEndian.PutUint32(in[0], 7)
	if _, err := s.Infer(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	least := int32(math.MinInt32)
	binary.LittleEndian.PutUint32(in[0], uint32(least))
	_, err = s.Infer(t.Context(), in, out)
	if died, ok := errors.AsType[*child.DiedError](err); !ok || died.How != "was killed by SIGFPE" {
		t.Errorf("error: %v; want that the process was killed by SIGFPE", err)
	}
}

func TestIsolatedSessionAnswersLikeOneInThisProcess(t *testing.T) {
	path := doubling.file(t)
	var outputs []string
	for _, b := range []backends.Backend{tflite.New(1), tflite.Isolated(tflite.New(1), child.Limits{})} {
		s, err := b.Open(t.Context(), own(path))
		if err != nil {
			t.Fatal(err)
		}
		in, out := backends.Buffers(s.Inputs()), backends.Buffers(s.Outputs())
		for i := range in[0] {
			in[0][i] = byte(i)
		}
		if _, err := s.Infer(t.Context(), in, out); err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, string(out[0]))
		s.Close()
	}
	if outputs[0] != outputs[1] {
		t.Errorf("%x in this process, %x in a child", outputs[0], outputs[1])
	}
}

func TestIsolatedOpenSaysWhatIsWrongWithAFile(t *testing.T) {
	v := tryHash(doubling.file(t))
	v.SHA256 = strings.Repeat("0", 64)
	for want, path := range map[string]string{
		"not a valid Flatbuffer": write(t, []byte("text")), "the file is empty": write(t, nil),
	} {
		_, err := tflite.Isolated(tflite.New(1), child.Limits{}).Open(t.Context(), own(path))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
	if _, err := tflite.Isolated(tflite.New(1), child.Limits{}).Open(t.Context(), v); err == nil ||
		!strings.Contains(err.Error(), "the manifest says") {
		t.Errorf("a changed file: %v", err)
	}
}
