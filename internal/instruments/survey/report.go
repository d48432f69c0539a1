package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report returns the survey for people.
func (s Survey) Report() string {
	var b strings.Builder
	p := s.Path
	fmt.Fprintf(&b, "interface %s, ", p.Interface)
	if r := p.Wireless; r != nil {
		fmt.Fprintf(&b, "Wi-Fi channel %d (%d MHz), signal %d dBm, %.1f Mbit/s up and %.1f down, power save %s\n",
			r.Channel, r.MHz, r.SignalDBm, float64(r.BitRateUp)/1e6, float64(r.BitRateDown)/1e6, r.PowerSave)
	} else {
		b.WriteString("no Wi-Fi\n")
	}
	var settings []string
	for name, value := range p.TCP {
		settings = append(settings, name+"="+value)
	}
	slices.Sort(settings)
	fmt.Fprintf(&b, "TCP: %s\n", strings.Join(settings, ", "))
	line := func(what string, d Distribution) {
		at := func(s float64) time.Duration { return time.Duration(s * 1e9).Round(time.Microsecond) }
		fmt.Fprintf(&b, "%-34s min %v, p50 %v, p90 %v, p99 %v, max %v (n = %d)\n",
			what, at(d.Min), at(d.P50), at(d.P90), at(d.P99), at(d.Max), d.N)
	}
	line("round trip", s.RoundTrip)
	line(fmt.Sprintf("round trip after %v", s.Pause), s.AfterPause)
	line("64 KiB up", s.Burst)
	line(fmt.Sprintf("64 KiB up after %v", s.Pause), s.BurstAfterPause)
	fmt.Fprintf(&b, "rate %.3f MB/s up (transfers of %d bytes), %.3f MB/s down (%d bytes)\n",
		s.Up/1e6, s.UpBytes, s.Down/1e6, s.DownBytes)
	for _, w := range p.Warnings() {
		fmt.Fprintf(&b, "warning: %s: %s; fix: %s\n", w.Evidence, w.Effect, w.Fix)
	}
	return b.String()
}
