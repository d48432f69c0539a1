//go:build unix

package results

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile refuses a second writer of the run. The kernel releases the lock when the process ends,
// however it ends.
func lockFile(f file) error {
	if osf, ok := f.(interface{ Fd() uintptr }); ok {
		if err := unix.Flock(int(osf.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return os.NewSyscallError("flock", err)
		}
	}
	return nil
}
