//go:build linux

package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// fake writes the files of the machine in testdata/NAME.txtar and returns their
// root.
func fake(t testing.TB, name string) string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := txtar.Write(a, root); err != nil {
		t.Fatal(err)
	}
	return root
}

func set(t *testing.T, root, path, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadSeesABoardInFull(t *testing.T) {
	s := Read(fake(t, "imx8mp"))
	if s.CPU != "ARM Cortex-A53" || s.Board != "NXP i.MX8MPlus EVK board" || s.Arch != "arm64" ||
		s.Cores != 4 || s.Usable != 4 {
		t.Errorf("identity: %+v", s)
	}
	if !slices.Equal(s.Governors, []string{"performance"}) || *s.MaxHz != 1.8e9 || s.Hz["cpu3"] != 1.8e9 {
		t.Errorf("frequency: %v %v %v", s.Governors, *s.MaxHz, s.Hz)
	}
	if len(s.Temperatures) != 2 || s.Temperatures[0].Celsius != 61 || *s.Temperatures[0].Limit != 85 ||
		s.Temperatures[1].Limit != nil {
		t.Errorf("temperatures: %+v", s.Temperatures)
	}
	if len(s.Cooling) != 2 || !s.Cooling[0].Slows || s.Cooling[1].Slows || s.Cooling[1].State != 2 {
		t.Errorf("cooling: %+v", s.Cooling)
	}
	if len(s.Clocks) != 1 || s.Clocks[0].Hz != 1e9 {
		t.Errorf("clocks: %+v", s.Clocks)
	}
	if s.Virtual != "" || s.Container != "" || s.Quota != nil {
		t.Errorf("surroundings: %q %q %v", s.Virtual, s.Container, s.Quota)
	}
}

func TestReadSeesThrottlesQuotaAndAffinity(t *testing.T) {
	s := Read(fake(t, "x86"))
	if s.Usable != 2 || s.Cores != 4 || s.Quota == nil || *s.Quota != 1.5 || !*s.SMT || !*s.Boost {
		t.Errorf("%+v", s)
	}
	if len(s.Throttles) != 8 || s.Throttles[0] != (Throttle{"cpu0 core", 7}) {
		t.Errorf("throttles: %+v", s.Throttles)
	}
	if *s.SwapUsed != 1000000*1024 || *s.Load1 != 3.2 {
		t.Errorf("swap %d, load %v", *s.SwapUsed, *s.Load1)
	}
}

func TestReadListsWhatAVirtualMachineHides(t *testing.T) {
	s := Read(fake(t, "vm"))
	if s.Virtual == "" || s.Container != "docker" || s.CPU != "AMD EPYC" {
		t.Errorf("%+v", s)
	}
	if s.MaxHz != nil || s.Temperatures != nil || s.Throttles != nil || s.Boost != nil || len(s.Hz) != 0 {
		t.Errorf("something was seen that is not there: %+v", s)
	}
	for _, what := range []string{
		"temperature", "governor and frequency", "throttling", "memory clock", "boost", "board",
	} {
		if !slices.ContainsFunc(s.Unseen, func(u string) bool { return strings.HasPrefix(u, what+":") }) {
			t.Errorf("%s is neither seen nor listed in %q", what, s.Unseen)
		}
	}
	if *s.Stolen != 0.8 || *s.SMT {
		t.Errorf("stolen %v, SMT %v", *s.Stolen, *s.SMT)
	}
}

func TestReadOfAnEmptyRootListsEverythingAsUnseen(t *testing.T) {
	s := Read(t.TempDir())
	for _, what := range []string{"kernel", "CPU model", "load", "temperature", "governor and frequency"} {
		if !slices.ContainsFunc(s.Unseen, func(u string) bool { return strings.HasPrefix(u, what) }) {
			t.Errorf("%s is not listed in %q", what, s.Unseen)
		}
	}
	if s.Load1 != nil || s.MemoryBytes != nil || s.Stolen != nil {
		t.Errorf("%+v", s)
	}
}

func TestReadOfThisMachine(t *testing.T) {
	s := Read("/")
	if s.Cores < 1 || s.Usable < 1 || s.Kernel == "" || s.Load1 == nil || s.MemoryBytes == nil {
		t.Errorf("%+v", s)
	}
}

func TestCPUInfoNamesEachKindOfCoreOnce(t *testing.T) {
	const text = "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd05\n\n" +
		"processor : 1\nCPU implementer : 0x41\nCPU part : 0xd05\n\n" +
		"processor : 2\nCPU implementer : 0x41\nCPU part : 0xd0b\n\n" +
		"processor : 3\nCPU implementer : 0x61\nCPU part : 0x022\n"
	const model = "ARM Cortex-A55 + ARM Cortex-A76 + ARM implementer 0x61 part 0x022"
	if got := parseCPUInfo(text); got.model != model || got.processors != 4 {
		t.Errorf("%+v", got)
	}
}

func TestFingerprintKeepsToWhatMakesResultsComparable(t *testing.T) {
	root := fake(t, "imx8mp")
	before := Read(root)
	set(t, root, "sys/class/thermal/thermal_zone0/temp", "84000")
	set(t, root, "proc/loadavg", "4.00 0.10 0.09 1/107 800")
	set(t, root, "proc/sys/kernel/osrelease", "6.6.3")
	after := Read(root)
	if a, b := before.Fingerprint().String(), after.Fingerprint().String(); a != b {
		t.Errorf("temperature, load or kernel change the fingerprint from %s to %s", a, b)
	}
	s := before.Fingerprint().String()
	if !strings.HasPrefix(s, "nxp-i-mx8mplus-evk-board-4c-6g-") || strings.ContainsAny(s, " \t") {
		t.Errorf("fingerprint %q", s)
	}
	for i := range 4 {
		set(t, root, "sys/devices/system/cpu/cpu"+strconv.Itoa(i)+"/cpufreq/scaling_governor", "powersave")
	}
	governed := Read(root)
	if a, b := before.Fingerprint().String(), governed.Fingerprint().String(); a == b {
		t.Errorf("another governor has the same fingerprint %s", a)
	}
	vm := Read(fake(t, "vm"))
	if s := vm.Fingerprint().String(); !strings.HasPrefix(s, "amd-epyc-vm-2c-24g-") {
		t.Errorf("fingerprint %q", s)
	}
}

func TestProbeSeesThrottlingStealAndForeignLoad(t *testing.T) {
	root := fake(t, "x86")
	p, err := NewProbe(root)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	own := time.Second
	p.self = func() (time.Duration, error) { return own, nil }
	read := func() Pulse {
		t.Helper()
		pulse, err := p.Read()
		if err != nil {
			t.Fatal(err)
		}
		return pulse
	}
	a := read()
	// user 90000, system 20000 and softirq 10 ticks; four cores' and packages'
	// counters and the group's 3.
	want := Pulse{Busy: 110010 * tick, Own: time.Second, Throttles: 7 + 8 + 9 + 10 + 4*20 + 3, Throttled: true}
	if a != want {
		t.Errorf("pulse %+v, want %+v", a, want)
	}
	set(t, root, "sys/class/thermal/cooling_device0/cur_state", "0")
	set(t, root, "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "9")
	set(t, root, "sys/fs/cgroup/user.slice/bench.scope/cpu.stat", "nr_periods 10\nnr_throttled 5\n")
	set(t, root, "proc/stat", "cpu  90007 0 20000 100000 100 0 10 4 0 0\n")
	b := read()
	if b.Throttled || b.Throttles-a.Throttles != 3 || b.Stolen-a.Stolen != 4*tick || b.Busy-a.Busy != 7*tick {
		t.Errorf("pulse %+v after %+v", b, a)
	}
	set(t, root, "proc/stat", "cpu\n")
	if _, err := p.Read(); err == nil || !strings.Contains(err.Error(), "stat") {
		t.Errorf("a stat file without numbers: %v", err)
	}
}

func TestProbeCountsItsHelpersAsItsOwn(t *testing.T) {
	root := fake(t, "imx8mp")
	if err := os.Mkdir(filepath.Join(root, "proc/77"), 0o755); err != nil {
		t.Fatal(err)
	}
	set(t, root, "proc/77/stat", "77 (a host) x) S 1 77 77 0 -1 4194304 100 0 0 0 50 25 0 0 20 0 4 0 100\n")
	p, err := NewProbe(root, 77)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.self = func() (time.Duration, error) { return 0, nil }
	if pulse, err := p.Read(); err != nil || pulse.Own != 75*tick {
		t.Errorf("own %v (%v), want 75 ticks", pulse.Own, err)
	}
	if _, err := NewProbe(root, 78); err == nil {
		t.Error("a helper that is not there was taken")
	}
}

func TestProbeAllocatesNothing(t *testing.T) {
	p, err := NewProbe("/")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.Read(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a reading", n)
	}
}

func BenchmarkProbe(b *testing.B) {
	p, err := NewProbe("/")
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for b.Loop() {
		if _, err := p.Read(); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add([]byte("cpu  1 2 -3 4\ncpu0 5"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var x [8]uint64
		if n := numbers(skipWord(text), x[:]); n > len(x) {
			t.Errorf("%d numbers", n)
		}
		parseCPUInfo(string(text))
	})
}

func TestThermometerReadsTheHottestZone(t *testing.T) {
	root := fake(t, "imx8mp")
	read := Thermometer(root)
	if c, ok := read(); !ok || c != 61 {
		t.Errorf("%v degrees (%v), want 61", c, ok)
	}
	set(t, root, "sys/class/thermal/thermal_zone1/temp", "72500")
	if c, ok := read(); !ok || c != 72.5 {
		t.Errorf("%v degrees (%v), want 72.5", c, ok)
	}
	if _, ok := Thermometer(fake(t, "vm"))(); ok {
		t.Error("a machine without a thermal zone has a temperature")
	}
	p, err := NewProbe(fake(t, "x86"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if pulse, err := p.Read(); err != nil || pulse.Throttles == 0 || !pulse.Throttled {
		t.Errorf("pulse %+v (%v)", pulse, err)
	}
}
