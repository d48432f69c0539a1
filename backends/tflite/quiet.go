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

// opening is held while a model is opened or closed, because standard output and standard error
// belong to the whole process, and a plug-in may return the same delegate twice.
var opening sync.Mutex

// maxWords is how many bytes of the library's output are kept.
const maxWords = 2048

// quietly runs f, which calls the library or a driver, with standard output and standard error
// redirected to memory. It returns the end of what was written and f's error. The library's logger
// is off, but drivers and the processor probe of XNNPACK print, and a line in the middle of a
// benchmark breaks its result.
//
// No process can be started in the meantime, because it would inherit the redirected outputs. A
// crash is still reported on the real standard error.
func quietly(f func() error) (words string, err error) {
	opening.Lock()
	defer opening.Unlock()
	c, err := newCapture()
	if err != nil {
		return "", fmt.Errorf("redirect the library's output: %w", err)
	}
	defer func() { words = c.end() }()
	return "", f()
}

// A capture holds the process's real outputs while they are redirected to memory.
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
	// If this fails, a crash is reported only to the memory.
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

// end restores the process's outputs and returns what was captured.
func (c *capture) end() string {
	// The real descriptors are open, so this can fail only with EINTR and EBUSY.
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
