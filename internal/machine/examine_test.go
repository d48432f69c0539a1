//go:build linux

package machine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// subjects returns the findings as "severity subject".
func subjects(findings []Finding) (all []string) {
	for _, f := range findings {
		all = append(all, string(f.Severity)+" "+f.Subject)
	}
	return all
}

func TestExamineFindsAQuietBoardFit(t *testing.T) {
	got := Examine(Read(fake(t, "imx8mp")), &Watch{Time: time.Second}, &NoiseFloor{Ratio: 0.01, Pairs: 40})
	if len(got) != 0 || !Fit(got) {
		t.Errorf("findings %q on a quiet board", subjects(got))
	}
}

func TestExamineGivesEvidenceAndFixForAnUnfitDesktop(t *testing.T) {
	watch := Watch{Time: time.Second, Foreign: 1.5, Throttled: true}
	got := Examine(Read(fake(t, "x86")), &watch, &NoiseFloor{Ratio: 0.12, Pairs: 40})
	want := []string{
		"error noise floor", "error foreign load", "error throttling", "error quota",
		"warning temperature", "warning governor", "warning swap", "warning memory",
		"note throttling in the past", "note boost", "note multithreading", "note affinity",
	}
	if s := subjects(got); !slices.Equal(s, want) {
		t.Errorf("findings %q, want %q", s, want)
	}
	if Fit(got) {
		t.Error("the machine is called fit")
	}
	for _, f := range got {
		if f.Evidence == "" || f.Effect == "" || f.Severity != SeverityNote && f.Fix == "" {
			t.Errorf("%+v lacks evidence, effect or fix", f)
		}
	}
	i := slices.IndexFunc(got, func(f Finding) bool { return f.Subject == "governor" })
	if !strings.Contains(got[i].Evidence, "powersave") || !strings.Contains(got[i].Fix, "performance") {
		t.Errorf("%+v", got[i])
	}
	// Without a watch the cooling device's state still shows it.
	if s := subjects(Examine(Read(fake(t, "x86")), nil, nil)); s[0] != "error throttling" {
		t.Errorf("findings %q", s)
	}
}

func TestExamineBounds(t *testing.T) {
	s := Read(fake(t, "imx8mp"))
	for _, c := range []struct {
		watch Watch
		noise float64
		want  []string
	}{
		{Watch{Time: time.Second, Foreign: 0.29, Stolen: 0.009}, 0.029, nil},
		{Watch{Time: time.Second, Foreign: 0.3}, 0, []string{"warning foreign load"}},
		{Watch{Time: time.Second, Stolen: 0.01}, 0, []string{"warning steal time"}},
		{Watch{Time: time.Second, Stolen: 0.1}, 0, []string{"error steal time"}},
		{Watch{Time: time.Second}, 0.03, []string{"warning noise floor"}},
		{Watch{Time: time.Second}, 0.1, []string{"error noise floor"}},
	} {
		if got := subjects(Examine(s, &c.watch, &NoiseFloor{Ratio: c.noise})); !slices.Equal(got, c.want) {
			t.Errorf("%+v, noise %v: %q, want %q", c.watch, c.noise, got, c.want)
		}
	}
}

func TestWatchComparesTwoPulses(t *testing.T) {
	before := Pulse{Busy: time.Second, Own: 100 * time.Millisecond}
	after := Pulse{Busy: 3 * time.Second, Own: 600 * time.Millisecond, Stolen: 40 * time.Millisecond}
	if w := NewWatch(before, after, 2*time.Second); w.Foreign != 0.75 || w.Stolen != 0.02 || w.Throttled {
		t.Errorf("%+v", w)
	}
	w := NewWatch(before, Pulse{Busy: time.Second, Own: 2 * time.Second, Throttles: 1}, time.Second)
	if w.Foreign != 0 || !w.Throttled {
		t.Errorf("%+v", w)
	}
}

func TestExamineFindsAVirtualMachineFitWithNotes(t *testing.T) {
	got := Examine(Read(fake(t, "vm")), nil, nil)
	if want := []string{"note virtual machine", "note container"}; !slices.Equal(subjects(got), want) || !Fit(got) {
		t.Errorf("findings %q, want %q", subjects(got), want)
	}
}
