//go:build unix

package results

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile keeps a second writer off the run; the kernel lets go of the lock
// when the process ends, however it ends.
func lockFile(f file) error {
	if osf, ok := f.(interface{ Fd() uintptr }); ok {
		if err := unix.Flock(int(osf.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return os.NewSyscallError("flock", err)
		}
	}
	return nil
}
