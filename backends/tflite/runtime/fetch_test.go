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

// zipped returns a zip file with the given files.
func zipped(t *testing.T, files map[string]string) []byte {
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

// delivery is a fake package manager. It counts its calls.
type delivery struct {
	content []byte
	calls   int
	err     error
}

func (d *delivery) archive() archive {
	sum := sha256.Sum256(d.content)
	return archive{hex.EncodeToString(sum[:]), func(_ context.Context, _, to string) error {
		d.calls++
		return errors.Join(os.WriteFile(to, d.content, 0o644), d.err)
	}}
}

// order holds the arguments of fetch.
type order struct {
	build   build
	headers archive
}

// ordinary returns an order of a build with the given library.
func ordinary(t *testing.T, library string) (o order, libraries *delivery) {
	libraries = &delivery{content: zipped(t, map[string]string{
		"org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so": library, "META-INF/MANIFEST.MF": "x",
	})}
	headers := &delivery{content: zipped(t, map[string]string{
		"headers/tensorflow/lite/c/c_api.h": "a header", "jni/arm64-v8a/libtensorflowlite_jni.so": "x",
	})}
	return order{
		build{name: "test", arch: "amd64", archive: libraries.archive(), file: "libjnitensorflowlite.so"},
		headers.archive(),
	}, libraries
}

// entries lists the names in dir.
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

func TestFetchUnpacksOnceUnderTheLinkedName(t *testing.T) {
	dir := t.TempDir()
	o, libraries := ordinary(t, "the library")
	for range 2 {
		if err := fetchFirst(t.Context(), io.Discard, dir, []build{o.build}, o.headers); err != nil {
			t.Fatal(err)
		}
	}
	if libraries.calls != 1 {
		t.Errorf("the library was fetched %d times; want once", libraries.calls)
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
		o, _ := ordinary(t, version)
		if err := fetch(t.Context(), io.Discard, dir, o.build, o.headers); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "linux-amd64/lib/libtensorflowlite_c.so")); err != nil ||
			string(got) != version {
			t.Errorf("%q, %v; want %q", got, err, version)
		}
	}
}

func TestFetchLeavesNothingWhenItFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(o *order, libraries *delivery)
		want  string
	}{
		{"another hash", func(_ *order, l *delivery) { l.content = append(l.content, 0) }, "pinned is"},
		{"two libraries", func(o *order, l *delivery) {
			l.content = zipped(t, map[string]string{"a/libjnitensorflowlite.so": "1", "b/libjnitensorflowlite.so": "2"})
			o.build.archive = l.archive()
		}, "holds 2 files"},
		{"outside", func(o *order, _ *delivery) {
			o.headers = (&delivery{content: zipped(t, map[string]string{"headers/../../evil.h": "x"})}).archive()
		}, "leaves the archive"},
		{"interrupted", func(_ *order, l *delivery) { l.err = errors.New("signal: interrupt") }, "interrupt"},
		{"no library", func(o *order, _ *delivery) { o.build.file = "other.so" }, "holds 0 files"},
		{"crowded by nonsense", func(o *order, _ *delivery) { o.build.crowded = true }, "bad magic"},
	} {
		o, libraries := ordinary(t, "this is not a library")
		tt.spoil(&o, libraries)
		dir := t.TempDir()
		err := fetch(t.Context(), io.Discard, dir, o.build, o.headers)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v; want one with %q", tt.name, err, tt.want)
		}
		if got := entries(t, dir); got != "" {
			t.Errorf("%s: left %q", tt.name, got)
		}
	}
}

func TestFetchRemovesWhatAKilledProcessLeft(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"linux-amd64.part-1", "linux-arm64.part-1"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "tree"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o, _ := ordinary(t, "the library")
	if err := fetch(t.Context(), io.Discard, dir, o.build, o.headers); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); got != "linux-amd64 linux-arm64.part-1" {
		t.Errorf("the folder holds %q; want the runtime and the other architecture's", got)
	}
}

func TestFetchFirstReplacesABuildThatIsNotAvailable(t *testing.T) {
	dir := t.TempDir()
	o, fast := ordinary(t, "the fast one")
	fast.err = errors.New("no network\nand more")
	o.build.name = "fast"
	slow, slows := ordinary(t, "the slow one")
	slow.build.name = "slow"
	ask := func(candidates ...build) (string, error) {
		var log strings.Builder
		err := fetchFirst(t.Context(), &log, dir, candidates, o.headers)
		return log.String(), err
	}
	holds := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, "linux-amd64/lib", libraryName)); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}

	if _, err := ask(o.build); err == nil {
		t.Error("the named build is not available, without an error")
	}
	log, err := ask(o.build, slow.build)
	if err != nil || !strings.Contains(log, "the build fast is not available, so slow replaces it") ||
		!strings.Contains(log, ": no network\n") {
		t.Errorf("log %q, %v", log, err)
	}
	holds("the slow one")

	fast.err = nil
	if log, err := ask(o.build, slow.build); err != nil || log != "" {
		t.Errorf("the slow one is there: log %q, %v; want nothing done", log, err)
	}
	holds("the slow one")
	if _, err := ask(o.build); err != nil {
		t.Error(err)
	}
	holds("the fast one")
	if fast.calls != 3 || slows.calls != 1 {
		t.Errorf("fetched %d and %d times; want 3 and 1", fast.calls, slows.calls)
	}
}

func TestFetchFirstStopsAtAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o, libraries := ordinary(t, "the library")
	whole := o.build.fetch
	o.build.fetch = func(ctx context.Context, pins, to string) error {
		cancel()
		return errors.Join(whole(ctx, pins, to), ctx.Err())
	}
	err := fetchFirst(ctx, io.Discard, t.TempDir(), []build{o.build, o.build}, o.headers)
	if !errors.Is(err, context.Canceled) || libraries.calls != 1 {
		t.Errorf("fetched %d times, %v; want once", libraries.calls, err)
	}
}

func TestChooseTakesTheFastestThatRunsHere(t *testing.T) {
	fastest := "bytedeco"
	if hasHaswell() {
		fastest = "litert bytedeco"
	}
	for _, tt := range []struct{ arch, library, here, want string }{
		{"amd64", "auto", "amd64", fastest},
		{"amd64", "auto", "arm64", "bytedeco"}, // runs on every processor
		{"arm64", "auto", "arm64", "bytedeco"},
		{"amd64", "litert", "arm64", "litert"},
		{"amd64", "bytedeco", "amd64", "bytedeco"},
	} {
		candidates, err := choose(tt.arch, tt.library, tt.here)
		var names []string
		for _, b := range candidates {
			if names = append(names, b.name); b.arch != tt.arch || len(b.sha256) != 64 {
				t.Errorf("%+v: %s for %s", tt, b.name, b.arch)
			}
		}
		if got := strings.Join(names, " "); err != nil || got != tt.want {
			t.Errorf("%+v: %s, %v", tt, got, err)
		}
	}
	for _, tt := range []struct{ arch, library, want string }{
		{"riscv64", "auto", "TFLITE_PREFIX"},
		{"arm64", "litert", "want auto, bytedeco"},
		{"amd64", "letrit", "want auto, litert, bytedeco"},
	} {
		if _, err := choose(tt.arch, tt.library, "amd64"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v", tt, err)
		}
	}
}

func TestChooseHasTheHashesOfTheRequirements(t *testing.T) {
	text, err := os.ReadFile("litert.txt")
	if err != nil {
		t.Fatal(err)
	}
	candidates, err := choose("amd64", "litert", "")
	if err != nil || !strings.Contains(string(text), "--hash=sha256:"+candidates[0].sha256) {
		t.Errorf("litert.txt does not pin %+v (%v)", candidates, err)
	}
}
