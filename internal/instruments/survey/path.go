package survey

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/crossover-bench/crossover/internal/machine"
)

// A Path is what a real link runs over at this end. It is part of each result over such a link.
// Fields are empty if the system does not report them.
type Path struct {
	Interface string    `json:"interface"`
	Wireless  *Wireless `json:"wireless,omitempty"` // nil if the interface is not Wi-Fi
	// TCP holds the kernel's settings that affect bursts, by their names under net.ipv4:
	// "tcp_slow_start_after_idle", "tcp_congestion_control", ...
	TCP map[string]string `json:"tcp"`
}

// A Wireless is the state of a Wi-Fi interface.
type Wireless struct {
	PowerSave   string `json:"power_save"` // "on", "off" or "unknown"
	SignalDBm   int    `json:"signal_dbm"`
	BitRateUp   int    `json:"bit_rate_up"`   // bits per second
	BitRateDown int    `json:"bit_rate_down"` // bits per second
	MHz         int    `json:"mhz"`
	Channel     int    `json:"channel"`
}

// tcpSettings affect a burst after a pause.
var tcpSettings = []string{
	"tcp_slow_start_after_idle", "tcp_congestion_control", "tcp_no_metrics_save", "tcp_rmem", "tcp_wmem",
}

// PathTo returns what the link to address (host:port) runs over.
func PathTo(address string) (Path, error) {
	var p Path
	// Connecting a datagram socket sends nothing; it only looks up the route.
	c, err := net.Dial("udp", address)
	if err != nil {
		return p, fmt.Errorf("route to %s: %w", address, err)
	}
	local := c.LocalAddr().(*net.UDPAddr)
	c.Close()
	if p.Interface, err = interfaceOf(local.IP); err != nil {
		return p, err
	}
	p.TCP = readSettings("/proc/sys/net/ipv4")
	if _, err := os.Stat(filepath.Join("/sys/class/net", p.Interface, "phy80211")); err == nil {
		if p.Wireless, err = wireless(p.Interface); err != nil {
			return p, fmt.Errorf("interface %s: %w", p.Interface, err)
		}
	}
	return p, nil
}

// Warnings returns the settings of this machine that make figures over the path worse than the link
// is, without a subject.
func (p Path) Warnings() []machine.Finding {
	var out []machine.Finding
	if w := p.Wireless; w != nil && w.PowerSave == "on" {
		out = append(out, machine.Finding{
			Severity: machine.SeverityWarning,
			Evidence: "Wi-Fi power save is on at " + p.Interface,
			Effect:   "answers wait for the radio to wake",
			Fix:      "iw dev " + p.Interface + " set power_save off",
		})
	}
	if p.TCP["tcp_slow_start_after_idle"] == "1" {
		out = append(out, machine.Finding{
			Severity: machine.SeverityWarning,
			Evidence: "tcp_slow_start_after_idle is 1",
			Effect:   "a large input after a pause, as in single inferences, is sent slowly at first",
			Fix:      "sysctl -w net.ipv4.tcp_slow_start_after_idle=0",
		})
	}
	return out
}

func interfaceOf(ip net.IP) (string, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			continue // it was removed in the meantime
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return i.Name, nil
			}
		}
	}
	return "", errors.New("no interface has the address " + ip.String())
}

func readSettings(dir string) map[string]string {
	out := make(map[string]string)
	for _, name := range tcpSettings {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			out[name] = strings.Join(strings.Fields(string(data)), " ")
		}
	}
	return out
}

// channel returns the Wi-Fi channel of a frequency, 0 if it is not one's (IEEE 802.11-2020, annex
// E).
func channel(mhz int) int {
	switch {
	case mhz == 2484:
		return 14
	case mhz >= 2412 && mhz <= 2472:
		return (mhz - 2407) / 5
	case mhz >= 5160 && mhz <= 5885:
		return (mhz - 5000) / 5
	case mhz >= 5955 && mhz <= 7115:
		return (mhz - 5950) / 5
	}
	return 0
}
