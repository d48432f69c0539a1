// Package job is the protocol between the command, which drives, and the suites' test binary, which
// measures.
//
//  1. The driver starts the binary with the flag -job and writes one [Job] as JSON to its standard
//     input.
//  2. The binary answers the tasks [Measure] and [Check] with results.Events for each combination
//     on [EventsDescriptor], and [Describe] and [Agreement] with one JSON value on its standard
//     output.
//
// A job names its combinations, so that the measuring program expands no grid.
package job

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/names"
)

// Version is the version of the protocol that this build speaks.
const Version = 2

// EventsDescriptor is the file descriptor that carries events: the first after standard input,
// output and error.
const EventsDescriptor = 3

// A Task says what a job asks for.
type Task string

// The tasks.
const (
	Measure   Task = "measure"   // one block of each combination
	Check     Task = "check"     // which combinations cannot run here, and why; nothing is opened
	Describe  Task = "describe"  // an About
	Agreement Task = "agreement" // how far compressed variants agree with their uncompressed ones
)

// A Job is what the driver asks of one process.
type Job struct {
	Version      int                 `json:"version"`
	Task         Task                `json:"task"`
	Combinations []names.Combination `json:"combinations,omitempty"`
	Round        int                 `json:"round"`              // results.ProbeRound for the probe
	Block        time.Duration       `json:"block_ns,omitempty"` // steady time of a block
	// MinSamples is the least number of steady samples of a block, by the combination's name. A block
	// goes on beyond its time for them, until its steady part has taken Longest.
	MinSamples map[string]int `json:"min_samples,omitempty"`
	Longest    time.Duration  `json:"longest_ns,omitempty"`

	Reference bool  `json:"reference,omitempty"` // time the reference network before each block
	Setup     Setup `json:"setup"`
}

// A Setup is the part that all jobs of a run share. Its paths are absolute.
type Setup struct {
	declared.Files
	LinkEmulation string                   `json:"link_emulation,omitempty"` // "client" (also if empty) or "netem"
	Delegates     map[names.Backend]string `json:"delegates,omitempty"`      // libraries of external delegates
}

// About is what a test binary says about itself: only it knows the runtime that is linked into it.
type About struct {
	Config   map[string]string `json:"config"`           // its part of bench.txt's file configuration
	Versions map[string]string `json:"versions"`         // by component
	Hashes   map[string]string `json:"hashes,omitempty"` // SHA-256 of the variants and delegates, by name
	Procs    int               `json:"procs"`            // GOMAXPROCS
	Cores    int               `json:"cores"`            // processors it may use
}

// Read reads the job that a driver wrote to r.
func Read(r io.Reader) (*Job, error) {
	var j Job
	if err := json.NewDecoder(r).Decode(&j); err != nil {
		return nil, fmt.Errorf("read the job from standard input: %w", err)
	}
	if j.Version != Version {
		return nil, fmt.Errorf("the job is of protocol version %d; this test binary speaks %d:"+
			" use a command and a test binary of the same build", j.Version, Version)
	}
	return &j, nil
}
