// Command runtime fetches the TensorFlow Lite runtime: the C library and its headers, for one
// architecture, into linux-ARCH/{lib,include} beside this file. make runtime calls it. It does
// nothing if the runtime is there.
//
//  1. It chooses a build of the library: the named one, or the fastest that the processor can run
//     and that is available. See builds.
//  2. Maven copies what pom.xml pins into a new folder, or pip what litert.txt pins. The SHA-256
//     must be the one in builds.
//  3. It unpacks the library and the headers there. The library gets the name that go-tflite links.
//     It has no SONAME, so programs look for that name too, by rpath or ldconfig.
//  4. If the library exports more than the C API, the rest is hidden.
//  5. It renames the folder into place, so that an interruption leaves no incomplete runtime.
//
// It is a Go program because everyone who builds this project has Go, and unpacking a zip archive
// then needs no other tool.
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/cpu"
)

// A build is one of the library's builds for an architecture.
type build struct {
	name string // of LIBRARY
	arch string // of GOARCH
	archive
	file string // base name of the library in the archive
	// crowded reports whether the library exports much more than the C API.
	crowded bool
	// runs reports whether this machine's processor has the instructions that the build uses; nil
	// for a build that runs on every processor.
	runs func() bool
}

// An archive is a zip file that a package manager delivers.
type archive struct {
	sha256 string
	// fetch writes it to the file to. pins is the folder of what pins versions.
	fetch func(ctx context.Context, pins, to string) error
}

// The builds, the fastest first. LiteRT's is Google's, built with Clang: it has the kernels for the
// newest processors and does not run on old ones. (For arm64 it needs ARMv8.3, which few boards
// have, so it is left out there.) Bytedeco's, built with GCC 11, runs everywhere but lacks kernels,
// among others those for AMX: on a processor with AMX, int8 models take up to three times as long.
var builds = []build{
	{
		name: "litert", arch: "amd64", file: "liblitert-lm.so", crowded: true, runs: hasHaswell,
		archive: archive{"b2fe9b9a87afe991a7b0d29615b0bfc3d41c7a0ac28e9c54436676482bca2e5b", pip("manylinux_2_27_x86_64")},
	},
	{
		name: "bytedeco", arch: "amd64", file: "libjnitensorflowlite.so",
		archive: archive{
			"97061333854967aadf2f092681d63af90b804db3800f007cffd24a2901f4bc72", maven("library", "linux-x86_64"),
		},
	},
	{
		name: "bytedeco", arch: "arm64", file: "libjnitensorflowlite.so",
		archive: archive{"d34e33c49ce6da8f3c982cc6a084ff02f078d9c371dfb18a269aff93e0949d03", maven("library", "linux-arm64")},
	},
}

// headers holds the headers of the C API, which every build shares.
var headers = archive{"002371fefe277e93f1421206062823d04daceb6c9e4e824cb543eab2d3a00c91", maven("headers", "")}

// hasHaswell reports whether this processor has the instructions of Intel's of 2013.
func hasHaswell() bool {
	x := cpu.X86
	return x.HasAVX2 && x.HasFMA && x.HasBMI1 && x.HasBMI2 && x.HasAES && x.HasPCLMULQDQ && x.HasPOPCNT
}

// libraryName is what go-tflite links: -ltensorflowlite_c.
const libraryName = "libtensorflowlite_c.so"

// stampName is the file with the hashes of the archives that a runtime came from.
const stampName = "archives.sha256"

func main() {
	dir := flag.String("dir", ".", "folder of pom.xml, which receives the runtime")
	arch := flag.String("arch", runtime.GOARCH, "architecture: amd64 or arm64")
	library := flag.String("library", "auto",
		"build of the library: litert, bytedeco, or auto for the fastest that runs here and is available")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	candidates, err := choose(*arch, *library, runtime.GOARCH)
	if err == nil {
		err = fetchFirst(ctx, os.Stderr, *dir, candidates, headers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runtime:", err)
		os.Exit(1)
	}
}

// choose returns the build called library. For "auto" it returns those that run on this machine,
// the fastest first, or for another architecture than this machine's, here, those that run on every
// processor.
func choose(arch, library, here string) (candidates []build, err error) {
	var names []string
	for _, b := range builds {
		if b.arch != arch {
			continue
		}
		names = append(names, b.name)
		if library == b.name || library == "auto" && (b.runs == nil || arch == here && b.runs()) {
			candidates = append(candidates, b)
		}
	}
	if candidates != nil {
		return candidates, nil
	}
	if names == nil {
		return nil, fmt.Errorf("no TensorFlow Lite library for ARCH=%s; there is one for amd64 and arm64, "+
			"and TFLITE_PREFIX takes your own build", arch)
	}
	return nil, fmt.Errorf("no build LIBRARY=%s of the TensorFlow Lite library for ARCH=%s; want auto, %s",
		library, arch, strings.Join(names, ", "))
}

// maven copies the archive of an execution in pom.xml.
func maven(execution, classifier string) func(ctx context.Context, pins, to string) error {
	return func(ctx context.Context, pins, to string) error {
		return call(ctx, "apt-get install maven", "mvn", "-B", "-q", "-f", filepath.Join(pins, "pom.xml"),
			"-Dclassifier="+classifier, "-Dout="+filepath.Dir(to), "-Dfile="+filepath.Base(to), "dependency:copy@"+execution)
	}
}

// pip downloads the archive of litert.txt, with a new pip, because not every Python has one.
func pip(platform string) func(ctx context.Context, pins, to string) error {
	return func(ctx context.Context, pins, to string) error {
		venv, wheels := to+".venv", to+".wheels"
		python := cmp.Or(os.Getenv("PYTHON"), "python3") // make sets PYTHON
		if err := call(ctx, "apt-get install python3-venv", python, "-m", "venv", venv); err != nil {
			return err
		}
		if err := call(ctx, "", filepath.Join(venv, "bin", "pip"), "download", "--quiet", "--disable-pip-version-check",
			"--no-deps", "--require-hashes", "--only-binary", ":all:", "--platform", platform,
			"--dest", wheels, "--requirement", filepath.Join(pins, "litert.txt")); err != nil {
			return err
		}
		found, err := filepath.Glob(filepath.Join(wheels, "*.whl"))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("pip downloaded %d archives for litert.txt; want 1", len(found))
		}
		return os.Rename(found[0], to)
	}
}

// call runs a program. Its error has the program's output, or the command that installs it.
func call(ctx context.Context, install, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	output, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is missing; install it with: %s", program, install)
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// fetchFirst makes the runtime of the first available candidate and reports that on log. A runtime
// of any candidate that is there stays.
func fetchFirst(ctx context.Context, log io.Writer, dir string, candidates []build, headers archive) error {
	for _, b := range candidates {
		have, err := os.ReadFile(filepath.Join(dir, "linux-"+b.arch, stampName))
		if err == nil && string(have) == stamp(b, headers) {
			return nil
		}
	}
	for len(candidates) > 1 {
		b, next := candidates[0], candidates[1]
		err := fetch(ctx, log, dir, b, headers)
		if err == nil || ctx.Err() != nil {
			return err
		}
		why, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(log, "the build %s is not available, so %s replaces it until make runtime LIBRARY=%s gets it: %s\n",
			b.name, next.name, b.name, why)
		candidates = candidates[1:]
	}
	return fetch(ctx, log, dir, candidates[0], headers)
}

// stamp returns the content of the file stampName of a runtime.
func stamp(b build, headers archive) string {
	return b.sha256 + "  library\n" + headers.sha256 + "  headers\n"
}

// fetch makes the runtime of b's architecture in dir, which holds the pinned versions.
func fetch(ctx context.Context, log io.Writer, dir string, b build, headers archive) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	final := filepath.Join(dir, "linux-"+b.arch)
	part := final + ".part-"
	left, err := filepath.Glob(part + "*") // by a killed process
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}

	fmt.Fprintf(log, "fetching TensorFlow Lite for linux-%s, the build %s\n", b.arch, b.name)
	// In the same folder, so that the rename stays within the file system, under a name that git
	// ignores.
	work, err := os.MkdirTemp(dir, filepath.Base(part))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tree := filepath.Join(work, "tree")
	library := filepath.Join(tree, "lib", libraryName)
	if err := b.unpack(ctx, dir, filepath.Join(work, "library.zip"), library); err != nil {
		return err
	}
	if b.crowded {
		if err := exportOnly(library, isOfTheCAPI); err != nil {
			return err
		}
	}
	z, err := headers.open(ctx, dir, filepath.Join(work, "headers.zip"))
	if err != nil {
		return err
	}
	files, err := fs.Sub(z, "headers")
	if err == nil {
		err = os.CopyFS(filepath.Join(tree, "include"), files)
	}
	if err != nil {
		return fmt.Errorf("the archive of the headers: %w", err)
	}
	if err := os.WriteFile(filepath.Join(tree, stampName), []byte(stamp(b, headers)), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(final); err != nil { // another version
		return err
	}
	return os.Rename(tree, final)
}

// unpack writes the library in the build's archive, which it fetches into the file archive, to the
// file library.
func (b build) unpack(ctx context.Context, pins, archive, library string) error {
	z, err := b.open(ctx, pins, archive)
	if err != nil {
		return err
	}
	var found []string
	for _, f := range z.File {
		if path.Base(f.Name) == b.file {
			found = append(found, f.Name)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("the archive of the build %s holds %d files %s; want 1", b.name, len(found), b.file)
	}
	data, err := fs.ReadFile(z, found[0])
	if err != nil {
		return fmt.Errorf("the archive of the build %s: %w", b.name, err)
	}
	if err := os.MkdirAll(filepath.Dir(library), 0o755); err != nil {
		return err
	}
	return os.WriteFile(library, data, 0o644)
}

// open fetches the archive into the file to and verifies it.
func (a archive) open(ctx context.Context, pins, to string) (*zip.Reader, error) {
	if err := a.fetch(ctx, pins, to); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(to)
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != a.sha256 {
		return nil, fmt.Errorf("%s: SHA-256 is %s; pinned is %s: delete it from the cache of Maven or pip and try again",
			name, got, a.sha256)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, f := range z.File {
		if !fs.ValidPath(strings.TrimSuffix(f.Name, "/")) {
			return nil, fmt.Errorf("%s: %q leaves the archive", name, f.Name)
		}
	}
	return z, nil
}
