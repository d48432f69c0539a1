package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/link/survey"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/record"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

// doctorCmd says whether this machine is fit to measure.
type doctorCmd struct {
	JSON     bool          `name:"json" help:"Print everything as JSON, in SI base units."`
	NoNoise  bool          `help:"Leave the A/A run out."`
	Suites   string        `type:"path" placeholder:"FILE" help:"The suites' test binary: the A/A run is of the committed tiny network then, in rounds as bench takes them, and not of a built-in kernel."`
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
	var notKept error
	if !c.NoNoise {
		var err error
		if notKept, err = c.noise(e, &d); err != nil {
			return err
		}
	}
	d.Findings = machine.Examine(d.Snapshot, d.Watch, d.Noise)
	if notKept != nil {
		d.Findings = append(d.Findings, machine.Finding{
			Severity: machine.SeverityWarning, Subject: "noise floor", Evidence: notKept.Error(),
			Effect: "the next call cannot say whether the noise changed", Fix: "mend or remove what it names, or name another folder with --noise-dir",
		})
	}
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
			out = append(out, machine.Finding{
				Severity: machine.SeverityWarning, Subject: "link to " + h.Name, Evidence: err.Error(),
				Effect: "nobody knows what the link runs over; a host that does not answer is skipped", Fix: "correct its address in " + hosts + ", or mend the network",
			})
			continue
		}
		for _, w := range path.Warnings() {
			out = append(out, machine.Finding{
				Severity: machine.SeverityWarning, Subject: "link to " + h.Name,
				Evidence: w.Evidence, Effect: w.Effect, Fix: w.Fix,
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

// noise takes the A/A run and keeps its floor. notKept says why it could not be
// compared with the last one or kept, which makes the floor no less true.
func (c *doctorCmd) noise(e *env, d *diagnosis) (notKept, err error) {
	dir := c.NoiseDir
	if dir == "" {
		dir, notKept = machine.NoiseDir()
	}
	var floor machine.NoiseFloor
	if c.Suites != "" {
		floor, err = c.ofTheTinyNetwork(e, d.Machine)
	} else {
		calibrate := machine.NewCalibration()
		start := time.Now()
		floor, err = machine.MeasureAA(d.Machine, machine.CalibrationWork, func() error {
			return errors.Join(e.Err(), calibrate())
		}, c.Pairs, c.Block, func() time.Duration { return time.Since(start) })
	}
	if err != nil {
		return nil, err
	}
	d.Noise = &floor
	if notKept == nil {
		d.Before, notKept = machine.LoadNoiseFloor(dir, d.Machine, floor.Work)
	}
	if notKept == nil {
		notKept = floor.Store(dir)
	}
	return notKept, nil
}

// ofTheTinyNetwork takes the A/A run as bench measures: in rounds, each in a
// process of its own, on one thread and on all. No sample is left out: what
// disturbs this machine is what is asked for.
func (c *doctorCmd) ofTheTinyNetwork(e *env, name string) (floor machine.NoiseFloor, err error) {
	tiny, err := record.Select(record.Inputs{Files: declared.Files{Grid: "tiny"}, Suites: c.Suites})
	if err != nil {
		return floor, err
	}
	log, err := os.CreateTemp("", "crossover-doctor-*.txt")
	if err != nil {
		return floor, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	binary, err := tiny.Binary(e, e.terminal(), log)
	if err != nil {
		return floor, err
	}
	about, err := binary.Describe(e, nil)
	if err != nil {
		return floor, exit.Errorf(exit.Usage, "--suites: %w", err)
	}
	threads := []int{1}
	if about.Cores > 1 {
		threads = append(threads, about.Cores)
	}
	var combinations []grid.Combination
	for _, n := range threads {
		combinations = append(combinations, grid.Combination{
			Variant: "model=tiny/input=32/compression=pq", Backend: names.CPU(n), Link: grid.LinkNone,
		})
	}
	// n rounds of a combination make n-1 pairs of neighbours.
	d := rounds.Driver{
		Binary: binary, Settings: rounds.Settings{Rounds: 1 + (c.Pairs+len(threads)-1)/len(threads), Block: c.Block, Seed: 1},
	}
	var blocks memory
	d.Store = &blocks
	if _, err := d.Run(e, combinations); err != nil {
		return floor, err
	}
	var ratios [][]float64
	for _, s := range results.SummarizeBlocks(blocks, combinations, 0) {
		ratios = append(ratios, machine.LogRatios(s.RoundMedians))
	}
	return machine.NewNoiseFloor(name, fmt.Sprintf("tiny network (int8, one thread and %d by turns)", threads[len(threads)-1]), ratios...)
}

// memory keeps blocks for a moment.
type memory []results.Block

func (m *memory) AppendBlock(b results.Block) error {
	*m = append(*m, b)
	return nil
}
func (*memory) Plan([]results.Planned) error             { return nil }
func (*memory) Skip(grid.Combination, string) error      { return nil }
func (*memory) Fail(grid.Combination, int, string) error { return nil }

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
