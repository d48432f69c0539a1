package machine

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/sysfs"
	"golang.org/x/sys/unix"
)

// Read takes a snapshot of the machine whose /proc and /sys are under root, which is "/" except in
// tests. It does not fail: it lists what it cannot see.
func Read(root string) Snapshot {
	r := reader{root: root, s: Snapshot{Time: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH}}
	r.identity()
	r.cores()
	r.frequency()
	r.thermal()
	r.clocks()
	r.load()
	r.surroundings()
	slices.Sort(r.s.Unseen)
	return r.s
}

// A reader fills a snapshot from the files under root.
type reader struct {
	root string
	s    Snapshot
}

func (r *reader) path(elem ...string) string {
	return filepath.Join(append([]string{r.root}, elem...)...)
}

// text returns a file's text without white space and NUL at its ends, or "" if it cannot be read.
func (r *reader) text(elem ...string) string {
	b, err := os.ReadFile(r.path(elem...))
	if err != nil {
		return ""
	}
	return strings.Trim(string(b), " \t\n\x00")
}

func (r *reader) number(elem ...string) (float64, bool) {
	x, err := strconv.ParseFloat(r.text(elem...), 64)
	return x, err == nil
}

func (r *reader) unseen(format string, args ...any) {
	r.s.Unseen = append(r.s.Unseen, fmt.Sprintf(format, args...))
}

func (r *reader) identity() {
	r.s.Kernel = r.text("proc/sys/kernel/osrelease")
	if r.s.Kernel == "" {
		r.unseen("kernel: no /proc/sys/kernel/osrelease")
	}
	info := parseCPUInfo(r.text("proc/cpuinfo"))
	r.s.CPU = info.model
	if r.s.CPU == "" {
		r.unseen("CPU model: /proc/cpuinfo names none that is known")
	}
	if info.arch != "" {
		r.s.Arch = info.arch // a test's root may describe another architecture
	}
	r.s.Virtual = r.hypervisor(info.hypervisor)
	dmi := strings.TrimSpace(r.text("sys/class/dmi/id/sys_vendor") + " " + r.text("sys/class/dmi/id/product_name"))
	r.s.Board = cmp.Or(r.text("sys/firmware/devicetree/base/model"), dmi)
	if r.s.Board == "" {
		r.unseen("board: neither a device tree nor DMI names it")
	}
}

// hypervisor returns the hypervisor's name, or "" on bare metal. flagged says that the processor
// reports a hypervisor.
func (r *reader) hypervisor(flagged bool) string {
	const dmi = "sys/class/dmi/id/"
	for _, vendor := range []string{r.text(dmi + "sys_vendor"), r.text(dmi + "product_name")} {
		for _, known := range []struct{ text, name string }{
			{"QEMU", "qemu"},
			{"KVM", "kvm"},
			{"VMware", "vmware"},
			{"VirtualBox", "virtualbox"},
			{"Xen", "xen"},
			{"Microsoft Corporation Virtual", "hyper-v"},
			{"Amazon EC2", "ec2"},
			{"Google Compute Engine", "gce"},
			{"Firecracker", "firecracker"},
		} {
			if strings.Contains(vendor, known.text) && (flagged || known.name == "qemu" || known.name == "xen") {
				return known.name
			}
		}
	}
	if t := r.text("sys/hypervisor/type"); t != "" {
		return t
	}
	if flagged {
		return "unnamed hypervisor"
	}
	return ""
}

func (r *reader) cores() {
	r.s.Cores = countList(r.text("sys/devices/system/cpu/online"))
	if r.s.Cores == 0 {
		r.s.Cores = parseCPUInfo(r.text("proc/cpuinfo")).processors
		r.unseen("processors online: no /sys/devices/system/cpu/online; counted in /proc/cpuinfo")
	}
	r.s.Usable = r.s.Cores
	for line := range strings.Lines(r.text("proc/self/status")) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			if n := countList(strings.TrimSpace(list)); n > 0 {
				r.s.Usable = min(n, r.s.Cores)
			}
		}
	}
	if smt, ok := r.number("sys/devices/system/cpu/smt/active"); ok {
		r.s.SMT = new(smt != 0)
	} else {
		r.unseen("simultaneous multithreading: no /sys/devices/system/cpu/smt/active")
	}
	r.s.Quota = r.quota()
}

// quota returns the control group's limit in processors, nil without one.
func (r *reader) quota() *float64 {
	var limits []string // a quota and its period each, such as "150000 100000"
	for _, file := range r.cgroupFiles("cpu.max") {
		limits = append(limits, r.text(file))
	}
	for _, dir := range []string{"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"} {
		limits = append(limits, r.text(dir, "cpu.cfs_quota_us")+" "+r.text(dir, "cpu.cfs_period_us"))
	}
	for _, limit := range limits {
		var quota, period float64 // without a limit, the quota is "max" or -1
		if n, _ := fmt.Sscan(limit, &quota, &period); n == 2 && quota > 0 && period > 0 {
			return new(quota / period)
		}
	}
	return nil
}

// cgroupFiles returns where the unified hierarchy may have a file of this process's group: in the
// group itself, in those above it and, inside a container, at the top.
func (r *reader) cgroupFiles(name string) []string {
	var files []string
	for line := range strings.Lines(r.text("proc/self/cgroup")) {
		if group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			// The nearest group first; each group above may set a limit too.
			for dir := filepath.Clean(group); dir != "/" && dir != "."; dir = filepath.Dir(dir) {
				files = append(files, filepath.Join("sys/fs/cgroup", dir, name))
			}
		}
	}
	return append(files, filepath.Join("sys/fs/cgroup", name))
}

func (r *reader) frequency() {
	var stats []sysfs.SystemCPUCpufreqStats
	fs, err := sysfs.NewFS(r.path("sys"))
	if err == nil {
		stats, err = fs.SystemCpufreq()
	}
	governors := make(map[string]bool)
	r.s.Hz = make(map[string]float64)
	for _, c := range stats {
		if c.Name == "" {
			continue // a processor without cpufreq
		}
		governors[c.Governor] = true
		r.s.Driver = c.Driver
		if c.ScalingCurrentFrequency != nil {
			r.s.Hz["cpu"+c.Name] = 1000 * float64(*c.ScalingCurrentFrequency) // kHz
		}
		if c.CpuinfoMaximumFrequency != nil {
			hz := 1000 * float64(*c.CpuinfoMaximumFrequency)
			if r.s.MaxHz == nil || hz > *r.s.MaxHz {
				r.s.MaxHz = &hz
			}
		}
	}
	if len(governors) > 0 {
		r.s.Governors = slices.Sorted(maps.Keys(governors))
	} else {
		r.unseen("governor and frequency: no cpufreq under /sys/devices/system/cpu%s", because(err))
	}
	if x, ok := r.number("sys/devices/system/cpu/intel_pstate/no_turbo"); ok {
		r.s.Boost = new(x == 0)
	} else if x, ok := r.number("sys/devices/system/cpu/cpufreq/boost"); ok {
		r.s.Boost = new(x != 0)
	} else {
		r.unseen("boost: neither intel_pstate/no_turbo nor cpufreq/boost")
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// clocks reads devfreq, where many boards report the memory's clock.
func (r *reader) clocks() {
	devices, _ := filepath.Glob(r.path("sys/class/devfreq/*"))
	for _, d := range devices {
		name := filepath.Base(d)
		if hz, ok := r.number("sys/class/devfreq", name, "cur_freq"); ok {
			r.s.Clocks = append(r.s.Clocks, Clock{Device: name, Hz: hz, Governor: r.text("sys/class/devfreq", name, "governor")})
		}
	}
	if len(r.s.Clocks) == 0 {
		r.unseen("memory clock: no device in /sys/class/devfreq")
	}
}

func (r *reader) load() {
	fs, err := procfs.NewFS(r.path("proc"))
	if err != nil {
		r.unseen("load, memory, swap and steal time: %v", err)
		return
	}
	if l, err := fs.LoadAvg(); err == nil {
		r.s.Load1 = &l.Load1
	} else {
		r.unseen("load: %v", err)
	}
	if m, err := fs.Meminfo(); err == nil {
		r.s.MemoryBytes, r.s.Available = m.MemTotalBytes, m.MemAvailableBytes
		if m.SwapTotalBytes != nil && m.SwapFreeBytes != nil {
			r.s.SwapUsed = new(*m.SwapTotalBytes - *m.SwapFreeBytes)
		}
	} else {
		r.unseen("memory and swap: %v", err)
	}
	if s, err := fs.Stat(); err == nil {
		cpu := s.CPUTotal
		r.s.Busy = new(cpu.User + cpu.Nice + cpu.System + cpu.IRQ + cpu.SoftIRQ)
		r.s.Stolen = &cpu.Steal
	} else {
		r.unseen("steal time: %v", err)
	}
}

func (r *reader) surroundings() {
	exists := func(elem ...string) bool {
		_, err := os.Stat(r.path(elem...))
		return err == nil
	}
	group := r.text("proc/1/cgroup")
	switch {
	case exists(".dockerenv"), strings.Contains(group, "docker"):
		r.s.Container = "docker"
	case exists("run/.containerenv"):
		r.s.Container = "podman"
	case strings.Contains(group, "kubepods"):
		r.s.Container = "kubernetes"
	case strings.Contains(group, "lxc"):
		r.s.Container = "lxc"
	}
}

// countList returns how many numbers a kernel list such as "0-3,6" has, 0 if it is not a list.
func countList(s string) (n int) {
	for part := range strings.SplitSeq(s, ",") {
		lo, hi, ok := strings.Cut(part, "-")
		if !ok {
			hi = lo
		}
		first, err1 := strconv.Atoi(lo)
		last, err2 := strconv.Atoi(hi)
		if err1 != nil || err2 != nil || last < first {
			return 0
		}
		n += last - first + 1
	}
	return n
}

// ResidentBytes returns the resident memory of this process, 0 if unknown.
func ResidentBytes() int64 {
	self, err := procfs.Self()
	if err != nil {
		return 0
	}
	memory, err := self.Statm()
	if err != nil {
		return 0
	}
	return int64(memory.ResidentBytes())
}

func ownTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
