//go:build unix

package host

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptors returns how many files this process may have open.
func descriptors() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1024
	}
	return int(min(limit.Cur, math.MaxInt32))
}
