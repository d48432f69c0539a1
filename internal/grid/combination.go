package grid

import "github.com/crossover-bench/crossover/internal/names"

// Names that moved to package names.
type Combination = names.Combination

const (
	LinkNone    = names.LinkNone
	CPUAll      = names.CPUAll
	OffloadAll  = names.OffloadAll
	OffloadSelf = names.OffloadSelf
)

// ParseName is names.ParseCombination.
func ParseName(name string) (Combination, error) { return names.ParseCombination(name) }

// IsLocal reports whether the backend runs on this machine without a host.
func IsLocal(b names.Backend) bool { return b.IsLocal() }
