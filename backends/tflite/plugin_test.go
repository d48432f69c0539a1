//go:build cgo && linux

package tflite_test

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
)

// pluginSource is an external delegate that returns the library's own XNNPACK
// delegate, or fails like a bad driver, according to its option "mode".
const pluginSource = `
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { int32_t threads; char rest[508]; } options;
extern options TfLiteXNNPackDelegateOptionsDefault(void);
extern void *TfLiteXNNPackDelegateCreate(const options *);
extern void TfLiteXNNPackDelegateDelete(void *);

void *tflite_plugin_create_delegate(char **keys, char **values, size_t n, void (*report)(const char *)) {
  const char *mode = "";
  for (size_t i = 0; i < n; i++) {
    if (strcmp(keys[i], "mode") == 0) mode = values[i];
    else if (strcmp(keys[i], "threads") != 0) {
      char words[100];
      snprintf(words, sizeof words, "unknown option %s=%s", keys[i], values[i]);
      report(words);
      return NULL;
    }
  }
  if (strncmp(mode, "helper", 6) == 0 && fork() == 0) { sleep(10); _exit(0); }
  if (strcmp(mode, "helper, abort") == 0) abort();
  if (strcmp(mode, "abort") == 0) { fprintf(stderr, "driver: lost the device\n"); abort(); }
  if (strcmp(mode, "hang") == 0) for (;;) pause();
  if (strcmp(mode, "mute") == 0) return NULL;
  printf("driver: chatty on standard output\n");
  fprintf(stderr, "driver: chatty on standard error\n");
  options o = TfLiteXNNPackDelegateOptionsDefault();
  return TfLiteXNNPackDelegateCreate(&o);
}

void tflite_plugin_destroy_delegate(void *d) { TfLiteXNNPackDelegateDelete(d); }
`

// compile makes a shared library of C source, with the compiler that cgo uses.
func compile(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "gcc"))
	if err != nil {
		t.Skipf("no C compiler for the plug-in (%v): apt-get install gcc", err)
	}
	dir := t.TempDir()
	c, so := filepath.Join(dir, "plugin.c"), filepath.Join(dir, "libplugin.so")
	if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", so, c).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return so
}

func TestPluginRunsTheModel(t *testing.T) {
	so := compile(t, pluginSource)
	b := tflite.NewDelegate("npu", so, map[string]string{"threads": "1", "mode": "good"}, 1)
	if b.Name() != "npu" {
		t.Errorf("name %q", b.Name())
	}
	s := open(t, b, own(doubling.file(t)))
	out := make([]byte, 16)
	if _, err := s.Infer(t.Context(), [][]byte{floats(1, -2, 3, 0.5)}, [][]byte{out}); err != nil ||
		asFloats(out)[2] != 6 {
		t.Errorf("twice 3: %v, %v", asFloats(out), err)
	}
	details := s.(backends.Detailed).Details()
	if details.Nodes != 2 || details.Delegated != 2 || details.Delegate != so+" mode=good threads=1" {
		t.Errorf("details %+v", details)
	}
}

func TestPluginThatRefusesIsUnavailableWithItsWords(t *testing.T) {
	so := compile(t, pluginSource)
	empty := compile(t, "int nothing;")
	for _, tt := range []struct {
		name, library string
		options       map[string]string
		want          string
	}{
		{"unknown option", so, map[string]string{"cache": "/tmp"}, "unknown option cache=/tmp"},
		{"no reason", so, map[string]string{"mode": "mute"}, "gives no reason"},
		{"missing library", "/nowhere/libvx_delegate.so", nil, "/nowhere/libvx_delegate.so: cannot open shared object file"},
		{"no plug-in", empty, nil, "exports no tflite_plugin_create_delegate"},
	} {
		_, err := tflite.NewDelegate("npu", tt.library, tt.options, 1).Open(t.Context(), own(doubling.file(t)))
		unavailable, ok := errors.AsType[*backends.UnavailableError](err)
		if !ok || unavailable.Backend != "npu" || !strings.Contains(unavailable.Missing, tt.want) || unavailable.Hint == "" {
			t.Errorf("%s: error %v; want an UnavailableError with %q and a hint", tt.name, err, tt.want)
		}
	}
}

func TestPluginThatTakesNothingIsAnError(t *testing.T) {
	so := compile(t, pluginSource)
	path := graph{shape: []int32{1, 4}, ops: []int32{opFloorMod}}.file(t)
	_, err := tflite.NewDelegate("npu", so, nil, 1).Open(t.Context(), own(path))
	if err == nil || !strings.Contains(err.Error(), "took none of the 1 operators") {
		t.Errorf("error %v; want one that says the delegate took nothing", err)
	}
}

// The file in these tests has a known hash, so the trial is for the driver.
func TestPluginThatDiesCostsItsOwnCombination(t *testing.T) {
	so := compile(t, pluginSource)
	v := hashed(t, doubling.file(t))
	_, err := tflite.NewDelegate("npu", so, map[string]string{"mode": "abort"}, 1).Open(t.Context(), v)
	for _, want := range []string{v.Path, "npu", "SIGABRT", "driver: lost the device"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
}

func TestPluginThatHangsTimesOut(t *testing.T) {
	so := compile(t, pluginSource)
	v := hashed(t, doubling.file(t))
	limit := 200 * time.Millisecond
	b := tflite.WithTrialLimit(tflite.NewDelegate("npu", so, map[string]string{"mode": "hang"}, 1), limit)
	_, err := b.Open(t.Context(), v)
	for _, want := range []string{v.Path, "npu", limit.String(), "hangs"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
}

// A process that the driver forks inherits the open files of the trial.
func TestPluginDoesNotWaitForAForkedHelper(t *testing.T) {
	so := compile(t, pluginSource)
	v := hashed(t, doubling.file(t))
	begin := time.Now()
	err := tflite.Admit(t.Context(), tflite.NewDelegate("npu", so, map[string]string{"mode": "helper"}, 1), v)
	if err != nil {
		t.Errorf("a driver that works: %v", err)
	}
	err = tflite.Admit(t.Context(), tflite.NewDelegate("npu", so, map[string]string{"mode": "helper, abort"}, 1), v)
	if err == nil || !strings.Contains(err.Error(), "SIGABRT") {
		t.Errorf("error %v; want one with SIGABRT", err)
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("it took %v, as if the helpers had been waited for", took)
	}
}

func TestOpenPrintsNothing(t *testing.T) {
	so := compile(t, pluginSource)
	path := doubling.file(t)
	for _, b := range []backends.Backend{
		tflite.New(1),
		tflite.NewReference(1),
		tflite.NewDelegate("npu", so, nil, 1),
	} {
		printed := capture(t, func() {
			s, err := b.Open(t.Context(), own(path))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Infer(t.Context(), [][]byte{floats(1, 2, 3, 4)}, [][]byte{make([]byte, 16)}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		if printed != "" {
			t.Errorf("%s printed %q", b.Name(), printed)
		}
	}
	// The process must have its own descriptors again.
	printed := capture(t, func() { os.Stdout.WriteString("to out;"); os.Stderr.WriteString("to err") })
	if printed != "to out;to err" {
		t.Errorf("after opening, the outputs caught %q", printed)
	}
}

// crashVariable makes TestOpenReportsACrashOnStandardError crash, in a child
// process, with the plug-in that it names.
const crashVariable = "TFLITE_TEST_CRASH"

func TestOpenReportsACrashOnStandardError(t *testing.T) {
	if so := os.Getenv(crashVariable); so != "" {
		b := tflite.NewDelegate("npu", so, map[string]string{"mode": "abort"}, 1)
		_, err := tflite.OpenHere(b, hashed(t, doubling.file(t)))
		t.Fatalf("survived: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	words := append(strings.Fields(os.Getenv("CROSSOVER_EXEC")), self, "-test.run=^"+t.Name()+"$")
	child := exec.Command(words[0], words[1:]...)
	// The child removes no temporary files.
	child.Env = append(os.Environ(), crashVariable+"="+compile(t, pluginSource), "TMPDIR="+t.TempDir())
	var stderr strings.Builder
	child.Stderr = &stderr
	if err := child.Run(); err == nil {
		t.Error("the child succeeded")
	}
	if !strings.Contains(stderr.String(), "SIGABRT") {
		t.Errorf("standard error does not report the crash: %q", stderr.String())
	}
}
