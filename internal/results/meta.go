package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
)

// configKeys are the keys of bench.txt's file configuration, in order: the machine's fingerprint
// and what makes two results incomparable.
var configKeys = []string{"machine", "cpu", "tflite", "meter", "weights", "interleaved"}

// Meta is what a run says about itself.
type Meta struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"` // zero while it runs, and after a crash
	Command []string  `json:"command,omitempty"`
	Commit  string    `json:"commit,omitempty"` // of the tree that was built; ends in "-dirty" if it had changes
	Seed    uint64    `json:"seed"`
	Grid    Grid      `json:"grid"`
	// Procs is the test binary's GOMAXPROCS, the suffix of Go's benchmark names; 0 or 1 for no
	// suffix.
	Procs int `json:"procs,omitempty"`
	// Sustained says that the machine was soaked first, so throttled samples are judged too.
	Sustained bool `json:"sustained,omitempty"`
	// Synthetic says how the run was made up; empty for one that a machine measured. Whatever shows
	// or judges the run says so.
	Synthetic string `json:"synthetic,omitempty"`
	// Config is bench.txt's file configuration; its keys are machine, cpu, tflite, meter, weights
	// and interleaved.
	Config map[string]string `json:"config"`
	// Method is what else two parts of one run must have in common: flags of the test binary, its
	// hash and those of declarations, the length of a block.
	Method   map[string]string `json:"method,omitempty"`
	Versions map[string]string `json:"versions,omitempty"` // by component: "go", "tflite"
	Hashes   map[string]string `json:"hashes,omitempty"`   // SHA-256 by variant or library
	Titles   map[string]string `json:"titles,omitempty"`   // names for people, by variant
	Before   *machine.Snapshot `json:"machine_before,omitempty"`
	After    *machine.Snapshot `json:"machine_after,omitempty"`
	Soak     *machine.Soak     `json:"soak,omitempty"`
	// Resumed are the later parts of a run that was interrupted.
	Resumed []Part `json:"resumed,omitempty"`
	// Extra holds what one verb writes for itself, by the verb's name.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// A Part is how a run continued after an interruption.
type Part struct {
	Started time.Time         `json:"started"`
	Command []string          `json:"command,omitempty"`
	Before  *machine.Snapshot `json:"machine_before,omitempty"`
}

// Grid says which grid.Grid a run measured.
type Grid struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Resolution is the difference between combinations that the grid asks for, as a share; 0 for none.
	Resolution float64 `json:"resolution,omitempty"`
}

// LeaveOut returns the marks of the samples that this run's judgements leave out.
func (m *Meta) LeaveOut() Mark { return LeaveOut(m.Sustained) }

// Title returns a variant's name for people: the recorded one, otherwise one made of the parts of
// its name.
func (m *Meta) Title(v names.Variant) string {
	if title := m.Titles[string(v)]; title != "" {
		return title
	}
	return v.Title()
}

// Same reports whether m and o describe the same measurements taken in the same way, so that one
// run can continue the other.
func (m *Meta) Same(o *Meta) bool {
	return m.Commit == o.Commit && m.Grid == o.Grid && m.Procs == o.Procs && m.Sustained == o.Sustained &&
		maps.Equal(m.Config, o.Config) && maps.Equal(m.Method, o.Method) && maps.Equal(m.Hashes, o.Hashes)
}

// checkConfig refuses a configuration that bench.txt cannot hold.
func (m *Meta) checkConfig() error {
	for key, value := range m.Config {
		if !slices.Contains(configKeys, key) {
			return fmt.Errorf("%q is not a key of %s's configuration; want one of %s",
				key, benchFile, strings.Join(configKeys, ", "))
		}
		if strings.ContainsAny(value, "\n\r") {
			return fmt.Errorf("the value of %s in %s's configuration has more than one line", key, benchFile)
		}
	}
	return nil
}
