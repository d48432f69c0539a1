// Command runtime fetches the TensorFlow Lite runtime: the C library and its
// headers, for one architecture, into linux-ARCH/{lib,include} beside this file.
// make runtime calls it; it does nothing when the runtime is there already.
//
//  1. Maven copies the two archives that pom.xml pins into a fresh folder.
//  2. Their SHA-256 must be the ones below.
//  3. The library and the headers are unpacked there. The library gets the name
//     that go-tflite links; it has no SONAME, so that this name is also the one
//     that programs look for, with an rpath or through ldconfig.
//  4. The folder is renamed into place: an interruption leaves no half runtime.
//
// It is a Go program because Go is the one tool that everyone who builds this
// project has: unpacking a zip archive needs no other.
package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
)

// A platform is an architecture that the library exists for, with the SHA-256
// of the archives that pom.xml pins. They change together.
type platform struct {
	arch       string // as GOARCH spells it
	classifier string // as Maven spells it
	library    string // SHA-256 of library.jar
	headers    string // SHA-256 of headers.aar
}

const headersSHA256 = "002371fefe277e93f1421206062823d04daceb6c9e4e824cb543eab2d3a00c91"

var platforms = []platform{
	{"amd64", "linux-x86_64", "97061333854967aadf2f092681d63af90b804db3800f007cffd24a2901f4bc72", headersSHA256},
	{"arm64", "linux-arm64", "d34e33c49ce6da8f3c982cc6a084ff02f078d9c371dfb18a269aff93e0949d03", headersSHA256},
}

// libraryName is what go-tflite links: -ltensorflowlite_c.
const libraryName = "libtensorflowlite_c.so"

// stampName is the file that says which archives a runtime came from.
const stampName = "archives.sha256"

func main() {
	dir := flag.String("dir", ".", "folder of pom.xml, which the runtime is put into")
	arch := flag.String("arch", runtime.GOARCH, "architecture: amd64 or arm64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p, err := platformOf(*arch)
	if err == nil {
		err = fetch(ctx, os.Stderr, *dir, p, runMaven)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runtime:", err)
		os.Exit(1)
	}
}

func platformOf(arch string) (platform, error) {
	for _, p := range platforms {
		if p.arch == arch {
			return p, nil
		}
	}
	return platform{}, fmt.Errorf("no TensorFlow Lite library for ARCH=%s; there is one for amd64 and arm64, and TFLITE_PREFIX takes an own build", arch)
}

// A copier puts library.jar and headers.aar for a classifier into out.
type copier func(ctx context.Context, pom, classifier, out string) error

func runMaven(ctx context.Context, pom, classifier, out string) error {
	mvn := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", pom, "-Dclassifier="+classifier, "-Dout="+out, "process-resources")
	output, err := mvn.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("mvn (Maven) is missing; install it with: apt-get install maven")
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", mvn, err, output)
	}
	return nil
}

// fetch makes the platform's runtime in dir, and says on log when it has to.
func fetch(ctx context.Context, log io.Writer, dir string, p platform, copyArchives copier) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	final := filepath.Join(dir, "linux-"+p.arch)
	stamp := p.library + "  library.jar\n" + p.headers + "  headers.aar\n"
	if have, err := os.ReadFile(filepath.Join(final, stampName)); err == nil && string(have) == stamp {
		return nil
	}

	fmt.Fprintf(log, "fetching TensorFlow Lite for linux-%s\n", p.arch)
	// In the same folder, so that the rename stays within a file system; the
	// name is one that git ignores.
	work, err := os.MkdirTemp(dir, "linux-"+p.arch+".part-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := copyArchives(ctx, filepath.Join(dir, "pom.xml"), p.classifier, work); err != nil {
		return err
	}
	library, headers := filepath.Join(work, "library.jar"), filepath.Join(work, "headers.aar")
	if err := errors.Join(verify(library, p.library), verify(headers, p.headers)); err != nil {
		return err
	}
	tree := filepath.Join(work, "tree")
	unpacked, err := unpack(library, func(name string) string {
		if path.Base(name) == "libjnitensorflowlite.so" {
			return filepath.Join(tree, "lib", libraryName)
		}
		return ""
	})
	if err == nil && unpacked != 1 {
		err = fmt.Errorf("%s holds %d libraries; want 1", library, unpacked)
	}
	if err != nil {
		return err
	}
	unpacked, err = unpack(headers, func(name string) string {
		if rest, ok := strings.CutPrefix(name, "headers/"); ok {
			return filepath.Join(tree, "include", filepath.FromSlash(rest))
		}
		return ""
	})
	if err == nil && unpacked == 0 {
		err = fmt.Errorf("%s holds no headers", headers)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, stampName), []byte(stamp), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(final); err != nil { // of other versions
		return err
	}
	return os.Rename(tree, final)
}

// verify returns an error unless the file has the given SHA-256.
func verify(name, want string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s: SHA-256 is %s; pinned is %s: delete it from Maven's local repository and try again", filepath.Base(name), got, want)
	}
	return nil
}

// unpack writes the files of a zip archive to where place says, or nowhere for
// an empty answer, and returns their number.
func unpack(archive string, place func(name string) string) (n int, err error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", archive, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !fs.ValidPath(strings.TrimSuffix(f.Name, "/")) {
			return n, fmt.Errorf("%s: %q leaves the archive", archive, f.Name)
		}
		to := place(f.Name)
		if to == "" || f.FileInfo().IsDir() {
			continue
		}
		if err := extract(f, to); err != nil {
			return n, fmt.Errorf("%s: %s: %w", archive, f.Name, err)
		}
		n++
	}
	return n, nil
}

func extract(f *zip.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	from, err := f.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	return errors.Join(err, out.Close())
}
