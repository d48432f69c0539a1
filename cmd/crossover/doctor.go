package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/link/survey"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/machine"
)

// doctorCmd says whether this machine is fit to measure.
type doctorCmd struct {
	JSON     bool          `name:"json" help:"Print everything as JSON, in SI base units."`
	NoNoise  bool          `help:"Leave the A/A run out."`
	Pairs    int           `default:"40" help:"Pairs of blocks of the A/A run (${default})."`
	Block    time.Duration `default:"50ms" help:"Length of such a block (${default})."`
	Watch    time.Duration `default:"1s" help:"How long to look for foreign load, steal time and throttling (${default})."`
	Hosts    string        `type:"path" placeholder:"FILE" help:"Look at the real links to these declared hosts, too."`
	NoiseDir string        `type:"path" placeholder:"DIR" help:"Where noise floors are kept (crossover/noise in the user's cache folder)."`
	Root     string        `hidden:"" default:"/" help:"Where /proc and /sys lie."`
}

// diagnosis is doctor's JSON.
type diagnosis struct {
	Fit         bool                `json:"fit"`
	Machine     string              `json:"machine"`
	Fingerprint machine.Fingerprint `json:"fingerprint"`
	Findings    []machine.Finding   `json:"findings"`
	Watch       *machine.Watch      `json:"watch,omitempty"`
	Noise       *machine.NoiseFloor `json:"noise_floor,omitempty"`
	Before      *machine.NoiseFloor `json:"noise_floor_before,omitempty"` // the one kept last time
	Snapshot    machine.Snapshot    `json:"snapshot"`
}

// Run examines the machine and prints what it found. An unfit machine is
// exit.Unfit.
func (c *doctorCmd) Run(e *env) error {
	if c.Pairs < 8 || c.Block <= 0 || c.Watch <= 0 {
		return exit.Errorf(exit.Usage, "--pairs is 8 at least; --block and --watch are above 0")
	}
	var d diagnosis
	d.Snapshot = machine.Read(c.Root)
	d.Fingerprint = d.Snapshot.Fingerprint()
	d.Machine = d.Fingerprint.String()
	if err := c.watch(e, &d); err != nil {
		return err
	}
	if !c.NoNoise {
		if err := c.noise(e, &d); err != nil {
			return err
		}
	}
	d.Findings = machine.Examine(d.Snapshot, d.Watch, d.Noise)
	if c.Hosts != "" {
		links, err := examineLinks(c.Hosts)
		if err != nil {
			return err
		}
		d.Findings = append(d.Findings, links...)
	}
	d.Fit = machine.Fit(d.Findings)
	if c.JSON {
		if d.Findings == nil {
			d.Findings = []machine.Finding{}
		}
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(d); err != nil {
			return err
		}
	} else if _, err := io.WriteString(e.stdout, d.text()); err != nil {
		return err
	}
	if !d.Fit {
		return exit.Errorf(exit.Unfit, "this machine is not fit to measure: see the findings of severity error")
	}
	return nil
}

// examineLinks warns of what makes the real links to the declared hosts worse
// than they are.
func examineLinks(hosts string) ([]machine.Finding, error) {
	declared, err := offload.ReadHosts(hosts)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--hosts: %w", err)
	}
	var out []machine.Finding
	for _, h := range declared {
		if h.Recorded != "" {
			continue
		}
		path, err := survey.PathTo(h.Address)
		if err != nil {
			return nil, exit.Errorf(exit.NoData, "host %s: %w", h.Name, err)
		}
		for _, w := range path.Warnings() {
			evidence, rest, _ := strings.Cut(w, ": ")
			effect, fix, _ := strings.Cut(rest, " with: ")
			out = append(out, machine.Finding{
				Severity: machine.SeverityWarning, Subject: "link to " + h.Name, Evidence: evidence, Effect: effect, Fix: fix,
			})
		}
	}
	return out, nil
}

// watch looks at the machine while nothing is measured.
func (c *doctorCmd) watch(e *env, d *diagnosis) error {
	probe, err := machine.NewProbe(c.Root)
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
	case <-time.After(c.Watch):
	case <-e.Done():
		return e.Err()
	}
	after, err := probe.Read()
	if err != nil {
		return fmt.Errorf("read the machine's state: %w", err)
	}
	w := machine.NewWatch(before, after, time.Since(start))
	d.Watch = &w
	return nil
}

// noise takes the A/A run and keeps its floor.
func (c *doctorCmd) noise(e *env, d *diagnosis) error {
	dir := c.NoiseDir
	if dir == "" {
		var err error
		if dir, err = machine.NoiseDir(); err != nil {
			return exit.Errorf(exit.Usage, "%w with --noise-dir", err)
		}
	}
	before, err := machine.LoadNoiseFloor(dir, d.Machine)
	if err != nil {
		return exit.Errorf(exit.NoData, "%w; remove it", err)
	}
	d.Before = before
	calibrate := machine.NewCalibration()
	start := time.Now()
	floor, err := machine.MeasureAA(d.Machine, machine.CalibrationWork, func() error {
		return errors.Join(e.Err(), calibrate())
	}, c.Pairs, c.Block, func() time.Duration { return time.Since(start) })
	if err != nil {
		return err
	}
	d.Noise = &floor
	return floor.Store(dir)
}

// text spells the diagnosis for people.
func (d *diagnosis) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	s := &d.Snapshot
	line("Machine", "%s", d.Machine)
	if s.Board != "" {
		line("Board", "%s", s.Board)
	}
	cpu := s.CPU
	if cpu == "" {
		cpu = "unknown processor"
	}
	line("Processor", "%s, %d of %d usable (%s/%s)", cpu, s.Usable, s.Cores, s.OS, s.Arch)
	if s.MaxHz != nil {
		line("Clock", "up to %.0f MHz, governor %s", *s.MaxHz/1e6, strings.Join(s.Governors, ", "))
	}
	for _, t := range s.Temperatures {
		limit := ""
		if t.Limit != nil {
			limit = fmt.Sprintf(", slows down at %.0f C", *t.Limit)
		}
		line("Temperature", "%.0f C (%s)%s", t.Celsius, t.Type, limit)
	}
	for _, c := range s.Clocks {
		line("Device clock", "%.0f MHz (%s)", c.Hz/1e6, c.Device)
	}
	if s.MemoryBytes != nil && s.Available != nil {
		line("Memory", "%.0f MiB, %.0f available", float64(*s.MemoryBytes)/(1<<20), float64(*s.Available)/(1<<20))
	}
	if s.Kernel != "" {
		line("Kernel", "%s", s.Kernel)
	}
	if d.Watch != nil {
		line("Others' load", "%.2f processors; the hypervisor took %.2f (seen for %v)", d.Watch.Foreign, d.Watch.Stolen, d.Watch.Time.Round(time.Millisecond))
	}
	if d.Noise != nil {
		was := ""
		if d.Before != nil {
			was = fmt.Sprintf("; %.2f %% on %s", 100*d.Before.Ratio, d.Before.Taken.Format("2006-01-02"))
		}
		line("Noise floor", "%.2f %% (95 %% of %d pairs of equal blocks differ by less%s)", 100*d.Noise.Ratio, d.Noise.Pairs, was)
		line("", "of the %s", d.Noise.Work)
	}
	if len(s.Unseen) > 0 {
		b.WriteString("\nNot visible here:\n")
		for _, u := range s.Unseen {
			b.WriteString("  " + u + "\n")
		}
	}
	b.WriteString("\n")
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-7s  %s: %s\n         %s\n", f.Severity, f.Subject, f.Evidence, f.Effect)
		if f.Fix != "" {
			fmt.Fprintf(&b, "         fix: %s\n", f.Fix)
		}
	}
	if d.Fit {
		b.WriteString("This machine is fit to measure.\n")
	} else {
		b.WriteString("This machine is not fit to measure.\n")
	}
	return b.String()
}
