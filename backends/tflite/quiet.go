//go:build cgo && linux

package tflite

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// opening is held while a model is opened or closed: standard output and
// standard error belong to the whole process, and a plug-in may hand the same
// delegate out twice.
var opening sync.Mutex

// maxWords bounds what is kept of the library's output.
const maxWords = 2048

// quietly runs f, which calls the library or a driver, with standard output and
// standard error going to memory, and returns the last that was written there
// beside f's error. The library's logger is off, but drivers and the processor
// probe of XNNPACK write as they like, and a line in the middle of a benchmark
// breaks its result.
//
// No process is started meanwhile, since it would inherit the memory for its
// output, and a crash is still reported where standard error really goes.
func quietly(f func() error) (words string, err error) {
	opening.Lock()
	defer opening.Unlock()
	c, err := newCapture()
	if err != nil {
		return "", fmt.Errorf("keep the library's output apart: %w", err)
	}
	defer func() { words = c.end() }()
	return "", f()
}

// capture holds the process's real outputs while others take their place.
type capture struct {
	memory *os.File
	out    int      // the real standard output
	err    *os.File // the real standard error
}

func newCapture() (*capture, error) {
	fd, err := unix.MemfdCreate("tflite-output", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	c := &capture{memory: os.NewFile(uintptr(fd), "tflite-output"), out: -1}
	if c.out, err = unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3); err != nil {
		c.memory.Close()
		return nil, err
	}
	stderr, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		c.memory.Close()
		unix.Close(c.out)
		return nil, err
	}
	c.err = os.NewFile(uintptr(stderr), "stderr")
	syscall.ForkLock.RLock()
	// A failure here only means that a crash is told to the memory alone.
	_ = debug.SetCrashOutput(c.err, debug.CrashOptions{})
	if err := c.swap(fd, fd); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// swap makes out and err the process's standard output and standard error.
func (c *capture) swap(out, err int) error {
	flushStdio()
	if e := unix.Dup3(out, 1, 0); e != nil {
		return e
	}
	return unix.Dup3(err, 2, 0)
}

// end gives the process its outputs back and returns what was caught.
func (c *capture) end() string {
	// The real descriptors are open: giving them back cannot fail but for EINTR
	// and EBUSY, which are tried again.
	for range 100 {
		if c.swap(c.out, int(c.err.Fd())) == nil {
			break
		}
	}
	_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
	syscall.ForkLock.RUnlock()
	defer c.memory.Close()
	defer c.err.Close()
	defer unix.Close(c.out)
	size, err := c.memory.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return ""
	}
	text := make([]byte, min(size, maxWords))
	n, _ := c.memory.ReadAt(text, size-int64(len(text)))
	return string(bytes.TrimSpace(text[:n]))
}
