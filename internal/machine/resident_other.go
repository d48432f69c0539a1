//go:build !linux

package machine

// ResidentBytes returns the memory that this process holds, 0 where the system
// does not say.
func ResidentBytes() int64 { return 0 }
