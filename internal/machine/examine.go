package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Severity ranks findings.
type Severity string

// The severities. An error makes the machine unfit to measure; a warning costs precision or
// comparability; a note matters when results are read.
const (
	SeverityNote    Severity = "note"
	SeverityWarning Severity = "warning"
	SeverityError   Severity = "error"
)

// A Finding is something about the machine that matters for measuring.
type Finding struct {
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"`       // "governor"
	Evidence string   `json:"evidence"`      // what was seen, with its unit
	Effect   string   `json:"effect"`        // what it does to results
	Fix      string   `json:"fix,omitempty"` // the command or action that fixes it
}

// The bounds of Examine and their reasons.
const (
	// Processors that others keep busy. A third of one is what marks samples, see package measure;
	// a whole one leaves half of a two-core board.
	foreignWarning, foreignError = 0.3, 1.0
	// Processors that the hypervisor takes away. One percent is the precision that results claim;
	// at ten, every window of 100 ms loses a tick.
	stolenWarning, stolenError = 0.01, 0.10
	// Degrees below the limit at which it throttles. Full load heats by a few degrees within
	// seconds.
	marginWarning = 10.0
	// Shares. A regression gate looks for 3 %; above 10 % even the differences between compressions
	// on a processor (6 to 8 %) disappear.
	noiseWarning, noiseError = 0.03, 0.10
	memoryWarning            = 0.1
)

// A Watch is what a Probe saw while nothing was measured.
type Watch struct {
	Time    time.Duration `json:"time_ns"`
	Foreign float64       `json:"foreign_cores"` // processors that others kept busy
	Stolen  float64       `json:"stolen_cores"`  // processors that the hypervisor took
	// Throttled says that a processor was slowed in this time.
	Throttled bool `json:"throttled"`
}

// NewWatch compares two pulses that are d apart.
func NewWatch(before, after Pulse, d time.Duration) Watch {
	foreign := (after.Busy - before.Busy) - (after.Own - before.Own)
	return Watch{
		Time:      d,
		Foreign:   max(0, foreign.Seconds()/d.Seconds()),
		Stolen:    max(0, (after.Stolen-before.Stolen).Seconds()/d.Seconds()),
		Throttled: before.Throttled || after.Throttled || after.Throttles > before.Throttles,
	}
}

// Fit reports whether no finding makes the machine unfit to measure.
func Fit(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == SeverityError })
}

// Examine returns what about the machine matters for measuring, worst first. watch and noise are
// nil if they were not taken.
func Examine(s Snapshot, watch *Watch, noise *NoiseFloor) []Finding {
	x := examination{Snapshot: s, watch: watch, noise: noise}
	for _, check := range []func(){
		x.noiseFloor, x.load, x.throttling, x.temperature, x.quota, x.clock, x.processors, x.memory, x.surroundings,
	} {
		check()
	}
	rank := map[Severity]int{SeverityError: 0, SeverityWarning: 1, SeverityNote: 2}
	slices.SortStableFunc(x.findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
	return x.findings
}

// An examination collects findings. Each method except add checks one subject.
type examination struct {
	Snapshot
	watch    *Watch
	noise    *NoiseFloor
	findings []Finding
}

// add adds a finding, unless its severity is "".
func (x *examination) add(severity Severity, subject, evidence, effect, fix string) {
	if severity != "" {
		x.findings = append(x.findings, Finding{severity, subject, evidence, effect, fix})
	}
}

// severity returns the severity of a value by its bounds, or "" below them.
func severity(value, warning, fatal float64) Severity {
	switch {
	case value >= fatal:
		return SeverityError
	case value >= warning:
		return SeverityWarning
	}
	return ""
}

func (x *examination) noiseFloor() {
	if x.noise == nil {
		return
	}
	x.add(severity(x.noise.Ratio, noiseWarning, noiseError), "noise floor",
		fmt.Sprintf("two equal blocks differ by up to %.1f %% (95 %% of %d pairs)", 100*x.noise.Ratio, x.noise.Pairs),
		"one pair of blocks cannot tell smaller differences from noise; more rounds are needed",
		"stop other programs, or measure on another machine")
}

func (x *examination) load() {
	if x.watch == nil {
		return
	}
	seen := x.watch.Time.Round(time.Millisecond)
	x.add(severity(x.watch.Foreign, foreignWarning, foreignError), "foreign load",
		fmt.Sprintf("others keep %.2f processors busy (seen for %v)", x.watch.Foreign, seen),
		"samples taken during it are marked and left out",
		"stop it; top -o %CPU shows what it is")
	x.add(severity(x.watch.Stolen, stolenWarning, stolenError), "steal time",
		fmt.Sprintf("the hypervisor takes %.2f processors (seen for %v)", x.watch.Stolen, seen),
		"the host runs other machines on these processors; samples taken during it are marked",
		"give this machine processors of its own, or measure at a quieter time")
}

func (x *examination) throttling() {
	evidence := ""
	if x.watch != nil {
		if x.watch.Throttled {
			evidence = fmt.Sprintf("a processor was slowed within %v", x.watch.Time.Round(time.Millisecond))
		}
	} else if slices.ContainsFunc(x.Cooling, func(c Cooling) bool { return c.Slows && c.State > 0 }) {
		evidence = "a cooling device slows a processor now"
	}
	if evidence != "" {
		x.add(SeverityError, "throttling", evidence, "every sample is marked; a burst result has none left",
			"let it cool down, or measure sustained results with SUSTAINED=1")
	}
}

func (x *examination) temperature() {
	for _, t := range x.Temperatures {
		if t.Limit != nil && *t.Limit-t.Celsius < marginWarning {
			x.add(SeverityWarning, "temperature",
				fmt.Sprintf("%s (%s) is at %.0f C; it slows down at %.0f C", t.Zone, t.Type, t.Celsius, *t.Limit),
				"it will throttle soon after measuring starts",
				"let it cool down, improve the cooling, or measure sustained results with SUSTAINED=1")
		}
	}
	var throttles uint64
	for _, t := range x.Throttles {
		throttles = max(throttles, t.Count)
	}
	if throttles > 0 {
		x.add(SeverityNote, "throttling in the past",
			fmt.Sprintf("a processor was throttled %d times since boot", throttles),
			"this machine throttles under load; marked samples will show when", "")
	}
}

func (x *examination) quota() {
	if x.Quota != nil && *x.Quota < float64(x.Usable) {
		x.add(SeverityError, "quota",
			fmt.Sprintf("the control group may use %.2f of %d processors", *x.Quota, x.Usable),
			"the kernel stops the process for parts of every 100 ms once the quota is used up",
			"run outside the limit: docker run without --cpus, systemctl set-property SCOPE CPUQuota=")
	}
}

func (x *examination) clock() {
	for _, g := range x.Governors {
		if g != "performance" {
			x.add(SeverityWarning, "governor", "the frequency governor is "+g,
				"the clock follows the load, so short or light work runs slower than long and heavy work",
				"sudo cpupower frequency-set -g performance"+
					" (or: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor)")
		}
	}
	if x.Boost != nil && *x.Boost {
		fix := "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"
		if strings.HasPrefix(x.Driver, "intel_") {
			fix = "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
		}
		x.add(SeverityNote, "boost", "the processor may exceed its nominal clock",
			"the clock depends on temperature and on how many cores work; leave boost on if the product has it on", fix)
	}
}

func (x *examination) processors() {
	if x.SMT != nil && *x.SMT {
		x.add(SeverityNote, "multithreading", "simultaneous multithreading is on",
			"two logical processors share one core, so four threads may get two cores",
			"echo off | sudo tee /sys/devices/system/cpu/smt/control")
	}
	if x.Usable < x.Cores {
		x.add(SeverityNote, "affinity", fmt.Sprintf("this process may use %d of %d processors", x.Usable, x.Cores),
			"backends with more threads than that are skipped", fmt.Sprintf("taskset -pc 0-%d $$", x.Cores-1))
	}
}

func (x *examination) memory() {
	if x.SwapUsed != nil && *x.SwapUsed > 0 {
		x.add(SeverityWarning, "swap", fmt.Sprintf("%.0f MiB of swap are in use", float64(*x.SwapUsed)/(1<<20)),
			"a model is slow once when its pages come back from swap", "sudo swapoff -a && sudo swapon -a")
	}
	if x.Available == nil || x.MemoryBytes == nil || *x.MemoryBytes == 0 {
		return
	}
	if available, all := float64(*x.Available), float64(*x.MemoryBytes); available/all < memoryWarning {
		x.add(SeverityWarning, "memory", fmt.Sprintf("%.0f MiB of %.0f are available", available/(1<<20), all/(1<<20)),
			"models and their buffers compete for the rest", "stop other programs")
	}
}

func (x *examination) surroundings() {
	if x.Virtual != "" {
		x.add(SeverityNote, "virtual machine", fmt.Sprintf("this is a virtual machine (%s)", x.Virtual),
			"the host's clock, temperature and load affect results and cannot be seen from here", "")
	}
	if x.Container != "" {
		x.add(SeverityNote, "container", fmt.Sprintf("this is a container (%s)", x.Container),
			"processes outside it can be seen only as load", "")
	}
}
