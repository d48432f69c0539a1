//go:build cgo && linux

package tflite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/crossover-bench/crossover/fixtures"
)

// A fileState changes when the file's content does.
type fileState struct {
	size       int64
	modified   int64 // ns
	inode, dev uint64
}

// hashes caches each file state's SHA-256, because models are large and opened many times in a run.
var hashes sync.Map // fileState -> string

// checkFile returns what is wrong with a file before the library reads it.
func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fileError(path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file", path)
	case info.Size() == 0:
		return fmt.Errorf("%s: the file is empty", path)
	}
	return nil
}

// fileError returns err with the path first, as in every error of this package.
func fileError(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// hashFile returns the file's SHA-256 in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fileError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fileError(path, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	state := fileState{size: info.Size(), modified: info.ModTime().UnixNano(), inode: st.Ino, dev: st.Dev}
	if sum, ok := hashes.Load(state); ok {
		return sum.(string), nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fileError(path, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	hashes.Store(state, sum)
	return sum, nil
}

// admit checks the variant's file, and tries it in a child process if necessary, before this
// process loads it.
func (b *backend) admit(ctx context.Context, v fixtures.Variant) error {
	if err := checkFile(v.Path); err != nil {
		return err
	}
	sum, err := hashFile(v.Path)
	if err != nil {
		return err
	}
	known := v.SHA256 != ""
	if known && !strings.EqualFold(sum, v.SHA256) {
		return changed(v, sum)
	}
	if known && b.Library == "" {
		return nil
	}
	return b.try(ctx, v, sum)
}
