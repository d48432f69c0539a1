package suites

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2/reporters"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/perf/benchfmt"

	"github.com/crossover-bench/crossover/internal/declared"
)

// TestScripts runs testdata/script/*.txt: what this test binary does when people
// call it. $SUITES is the binary, $GRIDS the folder of grids, and fixtures in a
// script's folder the committed ones.
func TestScripts(t *testing.T) {
	stepAside(t)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SUITES", binary)
			e.Setenv("CROSSOVER_TEST_QUIET", "1")
			e.Setenv("GRIDS", filepath.Join(here, "grids"))
			return os.Symlink(filepath.Join(here, "..", "fixtures", "testdata"), filepath.Join(e.WorkDir, "fixtures"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"benchfile": benchFile, "junit": junit, "listed": listed,
		},
	})
}

// benchFile checks that the standard output of the last command is a benchmark file,
// not interleaved, with units, and with results of exactly these combinations:
// "benchfile NAME...".
func benchFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: benchfile COMBINATION...")
	}
	var names []string
	r := benchfmt.NewReader(strings.NewReader(ts.ReadFile("stdout")), "stdout")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			ts.Fatalf("%v", rec)
		case *benchfmt.Result:
			name, _ := strings.CutPrefix(string(rec.Name), "Inference/")
			names = append(names, name[:strings.LastIndexByte(name, '-')])
			if got := rec.GetConfig("interleaved"); got != "no" {
				ts.Fatalf("%s: interleaved: %q, want no", name, got)
			}
			for _, unit := range []string{"sec/op", "p50-sec", "exec-sec/op"} {
				if v, ok := rec.Value(unit); !ok || v <= 0 {
					ts.Fatalf("%s: %v %s", name, v, unit)
				}
			}
		}
	}
	ts.Check(r.Err())
	units := r.Units()
	for _, unit := range []string{"p50-sec", "exec-sec/op", "J/op"} {
		if units.GetBetter(unit) >= 0 {
			ts.Fatalf("no unit line says that less %s is better", unit)
		}
	}
	sameNames(ts, names, args)
}

// junit checks that exactly these combinations passed in a JUnit report, each with
// its figures as properties: "junit FILE NAME...".
func junit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: junit FILE COMBINATION...")
	}
	var report reporters.JUnitTestSuites
	ts.Check(xml.Unmarshal([]byte(ts.ReadFile(args[0])), &report))
	var names []string
	for _, tc := range report.TestSuites[0].TestCases {
		if !strings.HasPrefix(tc.Name, "[It]") || tc.Status != "passed" {
			continue
		}
		name := strings.Fields(tc.Name)[3] // [It] grid tiny NAME [labels]
		names = append(names, name)
		if tc.Properties == nil {
			ts.Fatalf("%s has no properties", name)
		}
		for _, unit := range []string{"p50-sec", "exec-sec/op", "ns/op"} {
			if v, err := strconv.ParseFloat(tc.Properties.WithName(unit), 64); err != nil || v <= 0 {
				ts.Fatalf("%s: property %s: %v %v", name, unit, v, err)
			}
		}
	}
	sameNames(ts, names, args[1:])
}

// listed checks that Ginkgo's JSON report of a dry run has a spec for each
// combination of a grid and no other: "listed FILE GRID".
func listed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listed FILE GRID")
	}
	var all []types.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &all))
	var names []string
	for _, spec := range all[0].SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		if !spec.IsSerial {
			ts.Fatalf("%s is not serial", spec.LeafNodeText)
		}
		names = append(names, spec.LeafNodeText)
	}
	d, err := declared.Read(declared.Files{Grid: ts.MkAbs(args[1])})
	ts.Check(err)
	combinations, err := d.Combinations(runtime.NumCPU())
	ts.Check(err)
	var want []string
	for _, c := range combinations {
		want = append(want, c.Name())
	}
	sameNames(ts, names, want)
}

func sameNames(ts *testscript.TestScript, got, want []string) {
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("combinations:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
