package machine

import "time"

// A Snapshot is the machine's state at one moment. An unknown field is nil or empty, and Unseen
// says why it could not be seen: 0 always means zero.
type Snapshot struct {
	Time time.Time `json:"time"`

	// What stays the same while the machine is up.
	CPU         string   `json:"cpu"`             // "ARM Cortex-A53"
	Board       string   `json:"board,omitempty"` // "NXP i.MX8MPlus EVK board"
	OS          string   `json:"os"`              // "linux"
	Arch        string   `json:"arch"`            // "arm64"
	Kernel      string   `json:"kernel,omitempty"`
	Cores       int      `json:"cores"`        // online logical processors
	Usable      int      `json:"usable_cores"` // those this process may run on
	SMT         *bool    `json:"smt,omitempty"`
	Quota       *float64 `json:"quota_cores,omitempty"` // the control group's limit, in processors
	MemoryBytes *uint64  `json:"memory_bytes,omitempty"`
	Virtual     string   `json:"virtual,omitempty"`   // the hypervisor: "kvm"; empty on bare metal
	Container   string   `json:"container,omitempty"` // "docker"; empty outside

	// What an operator sets.
	Governors []string `json:"governors,omitempty"` // each once, sorted
	Driver    string   `json:"frequency_driver,omitempty"`
	MaxHz     *float64 `json:"max_hz,omitempty"` // of the fastest core
	Boost     *bool    `json:"boost,omitempty"`

	// What changes by itself.
	Hz           map[string]float64 `json:"hz,omitempty"` // by processor: "cpu0"
	Temperatures []Temperature      `json:"temperatures,omitempty"`
	Throttles    []Throttle         `json:"throttles,omitempty"`
	Cooling      []Cooling          `json:"cooling,omitempty"`
	Clocks       []Clock            `json:"clocks,omitempty"`
	Load1        *float64           `json:"load1,omitempty"` // runnable tasks, mean over a minute
	Available    *uint64            `json:"available_bytes,omitempty"`
	SwapUsed     *uint64            `json:"swap_used_bytes,omitempty"`
	Stolen       *float64           `json:"stolen_sec,omitempty"` // since boot, over all processors
	Busy         *float64           `json:"busy_sec,omitempty"`   // since boot, over all processors

	Unseen []string `json:"unseen,omitempty"` // "temperature: no thermal zone in /sys/class/thermal"
}

// A Temperature is that of a thermal zone, in degrees Celsius.
type Temperature struct {
	Zone    string   `json:"zone"` // "thermal_zone0"
	Type    string   `json:"type"` // "cpu-thermal"
	Celsius float64  `json:"celsius"`
	Limit   *float64 `json:"limit_celsius,omitempty"` // lowest trip point at which it throttles
}

// A Throttle counts how often a part of the processor was slowed since boot.
type Throttle struct {
	Name  string `json:"name"` // "cpu0 core"
	Count uint64 `json:"count"`
}

// A Cooling is the state of a cooling device. It is active above 0, and throttles if it cools by
// slowing a processor (Slows).
type Cooling struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // "thermal-cpufreq-0"
	State int64  `json:"state"`
	Max   int64  `json:"max"`
	Slows bool   `json:"slows"`
}

// A Clock is that of a devfreq device: on many boards the memory, the GPU or the NPU.
type Clock struct {
	Device   string  `json:"device"`
	Governor string  `json:"governor,omitempty"`
	Hz       float64 `json:"hz"`
}
