//go:build !linux

package machine

import (
	"errors"
	"runtime"
	"time"
)

// Read takes a snapshot of what Go itself knows; the rest is listed as unseen.
func Read(string) Snapshot {
	return Snapshot{
		Time: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Cores: runtime.NumCPU(), Usable: runtime.NumCPU(),
		Unseen: []string{"everything but the number of processors: the machine's state is read on Linux alone"},
	}
}

// Thermometer returns one that reads nothing.
func Thermometer(string) func() (celsius float64, ok bool) {
	return func() (float64, bool) { return 0, false }
}

// SystemProbe reads nothing here.
type SystemProbe struct{}

// NewProbe fails: the machine's state is read on Linux alone.
func NewProbe(string, ...int) (*SystemProbe, error) {
	return nil, errors.ErrUnsupported
}

// Read fails as NewProbe does.
func (*SystemProbe) Read() (Pulse, error) { return Pulse{}, errors.ErrUnsupported }

// Close does nothing.
func (*SystemProbe) Close() error { return nil }
