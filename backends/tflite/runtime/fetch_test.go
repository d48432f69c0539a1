package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive returns a zip file with the given files.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b strings.Builder
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// maven stands for Maven: it delivers two archives and counts the calls.
type maven struct {
	library, headers []byte
	calls            int
	err              error
}

func (m *maven) copy(_ context.Context, _, _, out string) error {
	m.calls++
	return errors.Join(
		os.WriteFile(filepath.Join(out, "library.jar"), m.library, 0o644),
		os.WriteFile(filepath.Join(out, "headers.aar"), m.headers, 0o644), m.err)
}

func (m *maven) platform() platform {
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	return platform{arch: "amd64", classifier: "linux-x86_64", library: sum(m.library), headers: sum(m.headers)}
}

func newMaven(t *testing.T, library string) *maven {
	return &maven{
		library: archive(t, map[string]string{
			"org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so": library, "META-INF/MANIFEST.MF": "x",
		}),
		headers: archive(t, map[string]string{
			"headers/tensorflow/lite/c/c_api.h": "a header", "jni/arm64-v8a/libtensorflowlite_jni.so": "x",
		}),
	}
}

// entries lists what lies in dir.
func entries(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestFetchUnpacksOnceUnderTheNameThatIsLinked(t *testing.T) {
	dir, m := t.TempDir(), newMaven(t, "the library")
	for range 2 {
		if err := fetch(t.Context(), io.Discard, dir, m.platform(), m.copy); err != nil {
			t.Fatal(err)
		}
	}
	if m.calls != 1 {
		t.Errorf("Maven was called %d times; want once", m.calls)
	}
	for name, want := range map[string]string{
		"lib/libtensorflowlite_c.so":        "the library",
		"include/tensorflow/lite/c/c_api.h": "a header",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, "linux-amd64", name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	if got := entries(t, dir); got != "linux-amd64" {
		t.Errorf("the folder holds %q; want the runtime alone", got)
	}
	if got := entries(t, filepath.Join(dir, "linux-amd64")); got != "archives.sha256 include lib" {
		t.Errorf("the runtime holds %q", got)
	}
}

func TestFetchReplacesAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"old", "new"} {
		m := newMaven(t, version)
		if err := fetch(t.Context(), io.Discard, dir, m.platform(), m.copy); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "linux-amd64/lib/libtensorflowlite_c.so")); err != nil || string(got) != version {
			t.Errorf("%q, %v; want %q", got, err, version)
		}
	}
}

func TestAFailedFetchLeavesNothing(t *testing.T) {
	wrong := newMaven(t, "x")
	wrong.library = append(wrong.library, 0)
	pinned := newMaven(t, "x").platform()
	twoLibraries := newMaven(t, "x")
	twoLibraries.library = archive(t, map[string]string{"a/libjnitensorflowlite.so": "1", "b/libjnitensorflowlite.so": "2"})
	outside := newMaven(t, "x")
	outside.headers = archive(t, map[string]string{"headers/../../evil.h": "x"})
	interrupted := newMaven(t, "x")
	interrupted.err = errors.New("signal: interrupt")
	for _, tt := range []struct {
		name string
		m    *maven
		p    platform
		want string
	}{
		{"another hash", wrong, pinned, "pinned is"},
		{"two libraries", twoLibraries, twoLibraries.platform(), "file exists"},
		{"outside", outside, outside.platform(), "leaves the archive"},
		{"interrupted", interrupted, interrupted.platform(), "interrupt"},
	} {
		dir := t.TempDir()
		err := fetch(t.Context(), io.Discard, dir, tt.p, tt.m.copy)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v; want one with %q", tt.name, err, tt.want)
		}
		if got := entries(t, dir); got != "" {
			t.Errorf("%s: left %q", tt.name, got)
		}
	}
}

func TestPlatformsAreThoseOfThePinnedLibrary(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		if p, err := platformOf(arch); err != nil || len(p.library) != 64 || len(p.headers) != 64 {
			t.Errorf("%s: %+v, %v", arch, p, err)
		}
	}
	if _, err := platformOf("riscv64"); err == nil || !strings.Contains(err.Error(), "TFLITE_PREFIX") {
		t.Errorf("riscv64: %v; want an error that says what to do", err)
	}
}
