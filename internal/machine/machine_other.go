//go:build !linux

package machine

import (
	"errors"
	"runtime"
	"time"
)

// Read takes a snapshot of what Go itself knows, and lists the rest as unseen.
func Read(string) Snapshot {
	return Snapshot{
		Time: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Cores: runtime.NumCPU(), Usable: runtime.NumCPU(),
		Unseen: []string{"everything except the number of processors: the machine's state is read only on Linux"},
	}
}

// ResidentBytes returns 0: the memory is read only on Linux.
func ResidentBytes() int64 { return 0 }

// Thermometer returns a thermometer that has no reading.
func Thermometer(string) func() (celsius float64, ok bool) {
	return func() (float64, bool) { return 0, false }
}

// A SystemProbe reads the Pulse only on Linux.
type SystemProbe struct{}

// NewProbe fails: the machine's state is read only on Linux.
func NewProbe(string, ...int) (*SystemProbe, error) {
	return nil, errors.ErrUnsupported
}

// Read always fails, like NewProbe.
func (*SystemProbe) Read() (Pulse, error) { return Pulse{}, errors.ErrUnsupported }

// Close does nothing.
func (*SystemProbe) Close() error { return nil }
