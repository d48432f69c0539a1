package machine

import "github.com/prometheus/procfs"

// ResidentBytes returns the resident memory of this process, 0 if unknown.
func ResidentBytes() int64 {
	self, err := procfs.Self()
	if err != nil {
		return 0
	}
	memory, err := self.Statm()
	if err != nil {
		return 0
	}
	return int64(memory.ResidentBytes())
}
