package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exports lists the symbols that a library exports.
func exports(t *testing.T, library string) []string {
	t.Helper()
	e, err := elf.Open(library)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	symbols, err := e.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && elf.ST_VISIBILITY(s.Other) != elf.STV_HIDDEN {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestExportOnlyHidesOtherSymbolsFromOtherObjects(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc")
	}
	dir := t.TempDir()
	compile := func(out, source string, args ...string) string {
		t.Helper()
		c := filepath.Join(dir, out+".c")
		if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		out = filepath.Join(dir, out)
		if said, err := exec.Command(gcc, append([]string{"-o", out, c}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return out
	}
	library := compile("libx.so", `
		int inflate(void) { return 1; }
		int value = 2;
		int TfLiteSum(void) { return inflate() + value; }`, "-shared", "-fPIC")
	// The library must find its own inflate, and other objects must not.
	program := compile("program", `
		#include <dlfcn.h>
		#include <stdio.h>
		int TfLiteSum(void);
		int main(void) { printf("%d %d", TfLiteSum(), dlsym(RTLD_DEFAULT, "inflate") != NULL); }`,
		library, "-Wl,-rpath,"+dir, "-ldl")
	run := func() string {
		t.Helper()
		said, err := exec.Command(program).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return string(said)
	}
	if got := run(); got != "3 1" {
		t.Fatalf("before: %q", got)
	}
	if err := exportOnly(library, isOfTheCAPI); err != nil {
		t.Fatal(err)
	}
	if got := run(); got != "3 0" {
		t.Errorf("after: %q; want the same sum, and no inflate to be found", got)
	}
	if got := exports(t, library); !slices.Equal(got, []string{"TfLiteSum"}) {
		t.Errorf("exports %q", got)
	}
	if err := exportOnly(library, func(string) bool { return false }); err == nil ||
		!strings.Contains(err.Error(), "none of the wanted symbols") {
		t.Errorf("nothing kept: error %v", err)
	}
}
