package doctor

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Text returns the diagnosis for people.
func (d *Diagnosis) Text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	ifKnown := func(name, text string) {
		if text != "" {
			line(name, "%s", text)
		}
	}
	s := &d.Snapshot
	line("Machine", "%s", d.Machine)
	ifKnown("Board", s.Board)
	line("Processor", "%s, %d of %d usable (%s/%s)",
		cmp.Or(s.CPU, "unknown processor"), s.Usable, s.Cores, s.OS, s.Arch)
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
	ifKnown("Kernel", s.Kernel)
	if w := d.Watch; w != nil {
		line("Other load", "%.2f processors; the hypervisor took %.2f (watched for %v)",
			w.Foreign, w.Stolen, w.Time.Round(time.Millisecond))
	}
	if d.Noise != nil {
		was := ""
		if d.Before != nil {
			was = fmt.Sprintf("; %.2f %% on %s", 100*d.Before.Ratio, d.Before.Taken.Format(time.DateOnly))
		}
		line("Noise floor", "%.2f %% (95 %% of %d pairs of equal blocks differ by less%s)",
			100*d.Noise.Ratio, d.Noise.Pairs, was)
		line("", "of the %s", d.Noise.Work)
	}
	if len(s.Unseen) > 0 {
		b.WriteString("\nNot visible here:\n  " + strings.Join(s.Unseen, "\n  ") + "\n")
	}
	b.WriteString("\n")
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-7s  %s: %s\n         %s\n", f.Severity, f.Subject, f.Evidence, f.Effect)
		if f.Fix != "" {
			fmt.Fprintf(&b, "         fix: %s\n", f.Fix)
		}
	}
	not := "not "
	if d.Fit {
		not = ""
	}
	return b.String() + "This machine is " + not + "fit to measure.\n"
}
