package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
)

// A private is a copy of a file that nobody else can change.
type private struct {
	file *os.File
	path string // by which this process and its children open it
	size int64
	sum  string // SHA-256
}

// privatePath matches the paths of copies.
var privatePath = regexp.MustCompile(`/proc/\d+/fd/\d+`)

// openRegular opens a file that must be a regular one. Opening a FIFO does not wait for a writer.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(path + ": not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func fileSize(path string) (int64, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return 0, err
	}
	f.Close()
	return info.Size(), nil
}

// readPrivate copies a file into memory.
func readPrivate(path string) (*private, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := new(private)
	if p.file, err = memory(); err != nil {
		return nil, fmt.Errorf("%s: a private copy: %w", path, err)
	}
	h := sha256.New()
	p.size, err = io.Copy(io.MultiWriter(p.file, h), f)
	switch {
	case err == nil && p.size == 0:
		err = errors.New("the file is empty")
	case err == nil && p.size != info.Size():
		err = errors.New("the file changed while it was read")
	case err == nil:
		err = seal(p.file)
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p.sum = hex.EncodeToString(h.Sum(nil))
	p.path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.file.Fd())
	return p, nil
}

func (p *private) close() { p.file.Close() }
