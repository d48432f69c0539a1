package machine

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/procfs/sysfs"
)

// Thermometer returns a SoakConfig's Thermometer, which reads the hottest thermal zone under root.
func Thermometer(root string) func() (celsius float64, ok bool) {
	return func() (celsius float64, ok bool) {
		r := reader{root: root}
		r.thermal()
		for _, t := range r.s.Temperatures {
			if !ok || t.Celsius > celsius {
				celsius, ok = t.Celsius, true
			}
		}
		return celsius, ok
	}
}

func (r *reader) thermal() {
	sys, err := sysfs.NewFS(r.path("sys"))
	if err != nil {
		r.unseen("temperature: %v", err)
		return
	}
	zones, err := sys.ClassThermalZoneStats()
	for _, z := range zones {
		zone := "thermal_zone" + z.Name
		// The zone's own error may be about a file that does not matter, so check the one that
		// does.
		if _, ok := r.number("sys/class/thermal", zone, "temp"); !ok {
			r.unseen("temperature of %s (%s): its temp cannot be read", zone, z.Type)
			continue
		}
		r.s.Temperatures = append(r.s.Temperatures, Temperature{
			Zone: zone, Type: z.Type, Celsius: float64(z.Temp) / 1000, Limit: r.limit(zone),
		})
	}
	if len(zones) == 0 {
		r.unseen("temperature: no thermal zone in /sys/class/thermal%s", because(err))
	}
	cooling, err := sys.ClassCoolingDeviceStats()
	for _, c := range cooling {
		r.s.Cooling = append(r.s.Cooling, Cooling{
			Name: "cooling_device" + c.Name, Type: c.Type, State: c.CurState, Max: c.MaxState, Slows: slows(c.Type),
		})
	}
	for _, f := range throttleFiles(r.root) {
		if n, ok := r.number(f.path); ok {
			r.s.Throttles = append(r.s.Throttles, Throttle{Name: f.name, Count: uint64(n)})
		}
	}
	switch {
	case err != nil:
		r.unseen("cooling devices: %v", err)
	case len(cooling) == 0 && len(r.s.Throttles) == 0:
		r.unseen("throttling: neither throttle counters nor cooling devices")
	}
}

// limit returns the lowest trip point in degrees at which the zone slows the processor, nil if
// unknown. Trip points of the types active (fans) and critical (shutdown) do not throttle.
func (r *reader) limit(zone string) *float64 {
	var limit *float64
	for i := 0; ; i++ {
		trip := fmt.Sprintf("trip_point_%d", i)
		kind := r.text("sys/class/thermal", zone, trip+"_type")
		if kind == "" {
			return limit
		}
		if t, ok := r.number("sys/class/thermal", zone, trip+"_temp"); ok && (kind == "passive" || kind == "hot") && t > 0 {
			if limit == nil || t/1000 < *limit {
				limit = new(t / 1000)
			}
		}
	}
}

// slows reports whether a cooling device of this type slows a processor, its memory or an
// accelerator, rather than running a fan.
func slows(kind string) bool {
	return slices.ContainsFunc([]string{
		"thermal-cpufreq", "cpufreq", "Processor", "intel_powerclamp", "thermal-devfreq", "devfreq", "thermal-idle",
	}, func(prefix string) bool { return strings.HasPrefix(kind, prefix) })
}

// A counterFile is a file that counts throttling events.
type counterFile struct{ name, path string }

// throttleFiles returns the throttle counters of each processor under root, their paths relative to
// it.
func throttleFiles(root string) []counterFile {
	var files []counterFile
	const counters = "sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count"
	paths, _ := fs.Glob(os.DirFS(root), counters)
	for _, p := range paths {
		cpu := path.Base(path.Dir(path.Dir(p)))
		what := strings.TrimSuffix(path.Base(p), "_throttle_count")
		files = append(files, counterFile{name: cpu + " " + what, path: p})
	}
	return files
}
