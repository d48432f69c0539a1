//go:build !linux

package machine

// ResidentBytes returns the resident memory of this process, 0 if unknown.
func ResidentBytes() int64 { return 0 }
