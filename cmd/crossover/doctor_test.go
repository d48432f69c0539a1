package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/crossover-bench/crossover/internal/doctor"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/machine"
)

// The machine that runs the tests may be fit or not, so these tests check that
// doctor answers, and that its exit code agrees with its answer.

func TestDoctorMeasuresTheNoiseOfThisMachine(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	quick := []string{"doctor", "--pairs", "8", "--block", "2ms", "--watch", "10ms"}
	code, stdout, stderr := command(quick...)
	for _, want := range []string{
		`(?m)^Machine +[a-z0-9-]+$`, `(?m)^Noise floor +[0-9.]+ %`, "built-in calibration kernel",
		`This machine is (not )?fit to measure\.`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("no %q in\n%s%s", want, stdout, stderr)
		}
	}
	fit := regexp.MustCompile(`machine is fit`).MatchString(stdout)
	if fit != (code == exit.OK) || !fit && code != exit.Unfit {
		t.Errorf("exit code %d, fit: %v", code, fit)
	}
	if kept, err := filepath.Glob(filepath.Join(cache, "crossover/noise/*.json")); err != nil || len(kept) != 1 {
		t.Errorf("kept %q (%v)", kept, err)
	}
}

func TestDoctorTellsTheFloorOfTheLastTime(t *testing.T) {
	root, floors := t.TempDir(), t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/machine")); err != nil {
		t.Fatal(err)
	}
	var d [2]doctor.Diagnosis
	for i := range d {
		code, stdout, stderr := command("doctor", "--json", "--root", root, "--noise-dir", floors,
			"--pairs", "8", "--block", "2ms", "--watch", "10ms")
		if err := json.Unmarshal([]byte(stdout), &d[i]); err != nil {
			t.Fatalf("%v: %s%s", err, stdout, stderr)
		}
		if d[i].Fit != (code == exit.OK) || !d[i].Fit && code != exit.Unfit {
			t.Errorf("exit code %d, fit: %v", code, d[i].Fit)
		}
		if d[i].Noise == nil || d[i].Noise.Work != machine.CalibrationWork || d[i].Noise.Ratio <= 0 || d[i].Watch == nil {
			t.Errorf("%+v", d[i])
		}
	}
	if d[0].Before != nil || d[1].Before == nil || *d[1].Before != *d[0].Noise {
		t.Errorf("before: %+v, then %+v; want the first one's noise floor", d[0].Before, d[1].Before)
	}
}
