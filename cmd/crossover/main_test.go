package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/tflite"
)

var update = flag.Bool("update", false, "rewrite golden files, files in scripts, and model/README.md")

// TestMain lets the scripts run this test binary under the name crossover.
func TestMain(m *testing.M) {
	host.ChildMain(tflite.New)
	testscript.Main(tidy{m}, map[string]func(){"crossover": main})
}

// tidy removes what the tests share once they have run.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	defer func() { os.RemoveAll(suitesDir) }()
	return t.M.Run()
}

// TestScripts runs testdata/script/*.txt: each verb's behaviour from outside.
// -update rewrites the files in a script that it compares with cmp.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			own, err := filepath.Abs("../../fixtures/testdata/own/two-inputs.tflite")
			e.Setenv("OWN", own)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "waitfor": waitFor, "record": writeRun,
		},
	})
}

// exits runs a program and checks its exit code, which "! exec" cannot tell
// apart: "exits 2 crossover predict --link nowhere". Its output is there for
// stdout and stderr as after exec.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE[|CODE] PROGRAM [ARGS...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ee *exec.ExitError
		if !errors.As(err, &ee) {
			ts.Fatalf("%v", err)
		}
		got = ee.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], "|"), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// waitFor waits until a file that a program in the background writes holds a
// match: "waitfor host.log serving". A third word names the variable that takes
// the match's first group.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: waitfor FILE REGEXP [VARIABLE]")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	var data []byte
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if data, err = os.ReadFile(ts.MkAbs(args[0])); err == nil && want.Match(data) {
			if len(args) == 3 {
				ts.Setenv(args[2], string(want.FindSubmatch(data)[1]))
			}
			return
		}
	}
	ts.Fatalf("%s does not hold %q (%v):\n%s", args[0], args[1], err, data)
}
