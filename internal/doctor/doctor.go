// Package doctor says whether a machine is fit to measure. [Examine] takes these steps:
//
//  1. read the machine's state (machine.Read);
//  2. watch for other load, stolen time and throttling while nothing is measured;
//  3. measure the noise floor in an A/A run, and compare it with the last one;
//  4. judge all of it (machine.Examine), and look at the links to declared hosts.
package doctor

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/instruments/survey"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/rounds"
)

// Options say what to examine and for how long.
type Options struct {
	Root     string         // where /proc and /sys are
	Watch    time.Duration  // how long to look for load, stolen time and throttling
	NoNoise  bool           // leave the A/A run out
	Pairs    int            // of blocks in the A/A run
	Block    time.Duration  // length of a block
	NoiseDir string         // where noise floors are kept; empty for machine.NoiseDir
	Hosts    []offload.Host // whose links to look at
	// Tiny returns the suites' test binary set up for the tiny grid, for an A/A run of the tiny
	// network in rounds, as a run measures; nil for an A/A run of a built-in kernel.
	Tiny func(log *os.File) (rounds.Binary, error)
}

// A Diagnosis is what was found.
type Diagnosis struct {
	Fit         bool                `json:"fit"`
	Machine     string              `json:"machine"`
	Fingerprint machine.Fingerprint `json:"fingerprint"`
	Findings    []machine.Finding   `json:"findings"`
	Watch       *machine.Watch      `json:"watch,omitempty"`
	Noise       *machine.NoiseFloor `json:"noise_floor,omitempty"`
	Before      *machine.NoiseFloor `json:"noise_floor_before,omitempty"` // the last one that was kept
	Snapshot    machine.Snapshot    `json:"snapshot"`
}

// Examine examines the machine. An unfit machine is a diagnosis, not an error.
func Examine(ctx context.Context, o Options) (*Diagnosis, error) {
	d := &Diagnosis{Snapshot: machine.Read(o.Root)}
	d.Fingerprint = d.Snapshot.Fingerprint()
	d.Machine = d.Fingerprint.String()
	if err := d.watch(ctx, o); err != nil {
		return nil, err
	}
	var notKept error
	if !o.NoNoise {
		var err error
		if notKept, err = d.noise(ctx, o); err != nil {
			return nil, err
		}
	}
	d.Findings = append([]machine.Finding{}, machine.Examine(d.Snapshot, d.Watch, d.Noise)...)
	if notKept != nil {
		d.warn("noise floor", notKept.Error(), "the next call cannot say whether the noise changed",
			"repair or remove the file that it names, or choose another folder for noise floors")
	}
	for _, h := range o.Hosts {
		d.link(h)
	}
	d.Fit = machine.Fit(d.Findings)
	return d, nil
}

func (d *Diagnosis) warn(subject, evidence, effect, fix string) {
	d.Findings = append(d.Findings, machine.Finding{
		Severity: machine.SeverityWarning, Subject: subject, Evidence: evidence, Effect: effect, Fix: fix,
	})
}

// link warns of what makes the link to a host look worse than it is.
func (d *Diagnosis) link(h offload.Host) {
	if h.Recorded != "" {
		return
	}
	subject := "link to " + h.Name
	path, err := survey.PathTo(h.Address)
	if err != nil {
		d.warn(subject, err.Error(), "it is unknown what the link runs over; a host that does not answer is skipped",
			"correct its address in the hosts file, or repair the network")
		return
	}
	for _, w := range path.Warnings() {
		d.warn(subject, w.Evidence, w.Effect, w.Fix)
	}
}

// watch looks at the machine while nothing is measured.
func (d *Diagnosis) watch(ctx context.Context, o Options) error {
	probe, err := machine.NewProbe(o.Root)
	if err != nil {
		d.Snapshot.Unseen = append(d.Snapshot.Unseen, "foreign load, steal time and throttling: "+err.Error())
		return nil
	}
	defer probe.Close()
	start := time.Now()
	before, err := probe.Read()
	if err != nil {
		return fmt.Errorf("read the machine's state: %w", err)
	}
	select {
	case <-time.After(o.Watch):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := probe.Read()
	if err != nil {
		return fmt.Errorf("read the machine's state: %w", err)
	}
	d.Watch = new(machine.NewWatch(before, after, time.Since(start)))
	return nil
}
