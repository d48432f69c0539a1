package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Severity ranks findings.
type Severity string

// The severities. An error makes the machine unfit; a warning costs precision
// or comparability; a note is to be known when results are read.
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
	Fix      string   `json:"fix,omitempty"` // the command or the deed that mends it
}

// The bounds of Examine and their reasons.
const (
	// A third of a processor of others' work is what marks samples, see
	// measure.Bounds; a whole one leaves a two-core board with half of itself.
	foreignWarning, foreignError = 0.3, 1.0
	// Shares of the time in which a hypervisor took a processor away. One
	// percent is the precision that results claim; at ten, every window of 100 ms
	// loses a tick.
	stolenWarning, stolenError = 0.01, 0.10
	// What is left to the limit at which it throttles: a few degrees pass in
	// seconds of full load.
	marginWarning = 10.0
	// A regression gate looks for 3 %; above 10 % not even the differences
	// between compressions on a processor (6 to 8 %) can be seen.
	noiseWarning, noiseError = 0.03, 0.10
)

// A Watch is what a Probe saw while nothing was measured.
type Watch struct {
	Time    time.Duration `json:"time_ns"`
	Foreign float64       `json:"foreign_cores"` // processors that others kept busy
	Stolen  float64       `json:"stolen_cores"`  // processors that the hypervisor took
	// Throttled says that a processor was slowed meanwhile.
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

// Examine says what about the machine matters for measuring, the gravest
// first. watch and noise are nil where they were not taken.
func Examine(s Snapshot, watch *Watch, noise *NoiseFloor) []Finding {
	var all []Finding
	add := func(severity Severity, subject, effect, fix, evidence string, args ...any) {
		all = append(all, Finding{Severity: severity, Subject: subject, Evidence: fmt.Sprintf(evidence, args...), Effect: effect, Fix: fix})
	}
	// at picks the severity of a value by its bounds.
	at := func(value, warning, fatal float64) Severity {
		switch {
		case value >= fatal:
			return SeverityError
		case value >= warning:
			return SeverityWarning
		}
		return ""
	}

	if noise != nil {
		if severity := at(noise.Ratio, noiseWarning, noiseError); severity != "" {
			add(severity, "noise floor", "differences below it cannot be told from noise by one pair of blocks; more rounds are needed",
				"stop what else runs, or measure on another machine",
				"two equal blocks differ by up to %.1f %% (95 %% of %d pairs)", 100*noise.Ratio, noise.Pairs)
		}
	}
	if watch != nil {
		if severity := at(watch.Foreign, foreignWarning, foreignError); severity != "" {
			add(severity, "foreign load", "samples taken meanwhile are marked and left out",
				"stop it; top -o %CPU shows what it is", "others keep %.2f processors busy (seen for %v)", watch.Foreign, watch.Time.Round(time.Millisecond))
		}
		if severity := at(watch.Stolen, stolenWarning, stolenError); severity != "" {
			add(severity, "steal time", "the host runs other machines on these processors; samples taken meanwhile are marked",
				"give this machine processors of its own, or measure at a quieter time", "the hypervisor takes %.2f processors (seen for %v)", watch.Stolen, watch.Time.Round(time.Millisecond))
		}
		if watch.Throttled {
			add(SeverityError, "throttling", "every sample is marked; a burst result has none left",
				"let it cool down, or measure sustained results with SUSTAINED=1", "a processor was slowed within %v", watch.Time.Round(time.Millisecond))
		}
	} else if slices.ContainsFunc(s.Cooling, func(c Cooling) bool { return c.Slows && c.State > 0 }) {
		add(SeverityError, "throttling", "every sample is marked; a burst result has none left",
			"let it cool down, or measure sustained results with SUSTAINED=1", "a cooling device slows a processor now")
	}
	for _, t := range s.Temperatures {
		if t.Limit != nil && *t.Limit-t.Celsius < marginWarning {
			add(SeverityWarning, "temperature", "it will throttle soon after the measuring starts",
				"let it cool down, improve the cooling, or measure sustained results with SUSTAINED=1",
				"%s (%s) is at %.0f C; it slows down at %.0f C", t.Zone, t.Type, t.Celsius, *t.Limit)
		}
	}
	var throttles uint64
	for _, t := range s.Throttles {
		throttles = max(throttles, t.Count)
	}
	if throttles > 0 {
		add(SeverityNote, "throttling in the past", "it happens under load on this machine; marked samples will say when", "",
			"a processor was throttled %d times since boot", throttles)
	}
	if s.Quota != nil && *s.Quota < float64(s.Usable) {
		add(SeverityError, "quota", "the kernel stops the process for parts of every 100 ms once the quota is used up",
			"run outside of the limit: docker run without --cpus, systemctl set-property SCOPE CPUQuota=",
			"the control group may use %.2f of %d processors", *s.Quota, s.Usable)
	}
	for _, g := range s.Governors {
		if g != "performance" {
			add(SeverityWarning, "governor", "the clock follows the load, so short or light work runs slower than long and heavy work",
				"sudo cpupower frequency-set -g performance (or: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor)",
				"the frequency governor is %s", g)
		}
	}
	if s.Boost != nil && *s.Boost {
		fix := "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"
		if strings.HasPrefix(s.Driver, "intel_") {
			fix = "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
		}
		add(SeverityNote, "boost", "the clock depends on temperature and on how many cores work; leave it on where the product has it on", fix,
			"the processor may exceed its nominal clock")
	}
	if s.SMT != nil && *s.SMT {
		add(SeverityNote, "multithreading", "two logical processors share one core, so four threads may get two cores",
			"echo off | sudo tee /sys/devices/system/cpu/smt/control", "simultaneous multithreading is on")
	}
	if s.Usable < s.Cores {
		add(SeverityNote, "affinity", "backends with more threads than that are skipped", "taskset -pc 0-"+fmt.Sprint(s.Cores-1)+" $$",
			"this process may use %d of %d processors", s.Usable, s.Cores)
	}
	if s.SwapUsed != nil && *s.SwapUsed > 0 {
		add(SeverityWarning, "swap", "a model whose pages come back from swap is slow once", "sudo swapoff -a && sudo swapon -a",
			"%.0f MiB of swap are in use", float64(*s.SwapUsed)/(1<<20))
	}
	if s.Available != nil && s.MemoryBytes != nil && *s.MemoryBytes > 0 {
		if share := float64(*s.Available) / float64(*s.MemoryBytes); share < 0.1 {
			add(SeverityWarning, "memory", "models and their buffers compete for the rest", "stop what else runs",
				"%.0f MiB of %.0f are available", float64(*s.Available)/(1<<20), float64(*s.MemoryBytes)/(1<<20))
		}
	}
	if s.Virtual != "" {
		add(SeverityNote, "virtual machine", "the host's clock, temperature and load move results and can't be seen from here", "",
			"this is a virtual machine (%s)", s.Virtual)
	}
	if s.Container != "" {
		add(SeverityNote, "container", "processes outside of it are seen as load alone", "", "this is a container (%s)", s.Container)
	}
	rank := map[Severity]int{SeverityError: 0, SeverityWarning: 1, SeverityNote: 2}
	slices.SortStableFunc(all, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
	return all
}
