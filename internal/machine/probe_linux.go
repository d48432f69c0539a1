package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/procfs/sysfs"
)

// NewProbe returns a Probe of the machine whose /proc and /sys are under root, which is "/" except
// in tests. own are processes that work for this one, such as an embedded host: their load does
// not count as foreign. The caller closes it.
func NewProbe(root string, own ...int) (*SystemProbe, error) {
	p := &SystemProbe{self: ownTime}
	open := func(elem ...string) (*os.File, error) {
		f, err := os.Open(filepath.Join(append([]string{root}, elem...)...))
		if err == nil {
			p.files = append(p.files, f)
		}
		return f, err
	}
	var err error
	if p.stat, err = open("proc/stat"); err != nil {
		return nil, fmt.Errorf("probe the machine: %w", err)
	}
	for _, pid := range own {
		f, err := open("proc", strconv.Itoa(pid), "stat")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("probe the machine: helper %d: %w", pid, err), p.Close())
		}
		p.own = append(p.own, f)
	}
	for _, c := range throttleFiles(root) {
		if f, err := open(c.path); err == nil {
			p.counters = append(p.counters, f)
		}
	}
	r := reader{root: root}
	for _, name := range r.cgroupFiles("cpu.stat") {
		if f, err := open(name); err == nil {
			p.group = f
			break
		}
	}
	if fs, err := sysfs.NewFS(filepath.Join(root, "sys")); err == nil {
		devices, _ := fs.ClassCoolingDeviceStats()
		for _, d := range devices {
			if !slows(d.Type) {
				continue
			}
			if f, err := open("sys/class/thermal/cooling_device"+d.Name, "cur_state"); err == nil {
				p.cooling = append(p.cooling, f)
			}
		}
	}
	return p, nil
}

// A SystemProbe reads the pulse from files that it keeps open.
type SystemProbe struct {
	files    []*os.File // all that are open
	stat     *os.File
	own      []*os.File
	counters []*os.File
	cooling  []*os.File
	group    *os.File // the control group's cpu.stat, or nil
	self     func() (time.Duration, error)
	buf      [4096]byte
}

// tick is the unit of processor time in /proc: USER_HZ is 100 on every architecture that Linux
// exports it for.
const tick = 10 * time.Millisecond

// Read reads the pulse.
func (p *SystemProbe) Read() (Pulse, error) {
	var pulse Pulse
	text, err := p.read(p.stat)
	if err != nil {
		return Pulse{}, err
	}
	// cpu user nice system idle iowait irq softirq steal guest guest_nice, guest being part of
	// user.
	var fields [8]uint64
	if n := numbers(skipWord(text), fields[:]); n < 4 {
		return Pulse{}, fmt.Errorf("%s: line 1: %d numbers; want at least 4", p.stat.Name(), n)
	}
	pulse.Busy = tick * time.Duration(fields[0]+fields[1]+fields[2]+fields[5]+fields[6])
	pulse.Stolen = tick * time.Duration(fields[7])
	if pulse.Own, err = p.self(); err != nil {
		return Pulse{}, err
	}
	for _, f := range p.own {
		text, err := p.read(f)
		if err != nil {
			continue // the helper has ended, and uses no more time
		}
		// pid (comm) state ppid ...: utime and stime are fields 14 and 15; comm may hold blanks and
		// parentheses.
		text = text[bytes.LastIndexByte(text, ')')+1:]
		var stat [12]uint64
		if numbers(skipWord(text), stat[:]) == len(stat) {
			pulse.Own += tick * time.Duration(stat[10]+stat[11])
		}
	}
	for _, f := range p.counters {
		pulse.Throttles += p.number(f, "")
	}
	if p.group != nil {
		pulse.Throttles += p.number(p.group, "nr_throttled ")
	}
	for _, f := range p.cooling {
		pulse.Throttled = pulse.Throttled || p.number(f, "") > 0
	}
	return pulse, nil
}

// Close releases the files.
func (p *SystemProbe) Close() error {
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// read returns the first 4 KiB of a file, into the probe's buffer.
func (p *SystemProbe) read(f *os.File) ([]byte, error) {
	n, err := f.ReadAt(p.buf[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return p.buf[:n], nil
}

// number returns the number after key in a file, or 0 if it cannot be read or is negative, as the
// state of an idle powerclamp is.
func (p *SystemProbe) number(f *os.File, key string) uint64 {
	text, err := p.read(f)
	if err != nil {
		return 0
	}
	_, text, _ = bytes.Cut(text, []byte(key))
	var x [1]uint64
	numbers(text, x[:])
	return x[0]
}

func skipWord(text []byte) []byte {
	_, rest, _ := bytes.Cut(bytes.TrimLeft(text, " "), []byte(" "))
	return rest
}

// numbers parses blank-separated numbers up to the line's end into x and returns how many there
// were. A negative number becomes 0.
func numbers(text []byte, x []uint64) (n int) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for field := range bytes.FieldsSeq(line) {
		if n == len(x) {
			break
		}
		v, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			break
		}
		x[n] = uint64(max(0, v))
		n++
	}
	return n
}
