package names

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Backend is where an inference runs: cpuN (N threads), cpuN-noxnnpack (the reference kernels),
// npu, npu-NAME, gpu, gpu-NAME, or offload-NAME for a host.
type Backend string

// The backends and words with a meaning of their own.
const (
	// OffloadSelf offloads to a host process on this machine. It demonstrates the path and its
	// software overhead, and never supports a claim that offloading wins.
	OffloadSelf Backend = offload + SelfHost
	SelfHost            = "self" // the host name of OffloadSelf

	CPUAll     Backend = "cpu-all"     // in grids and features: one thread for each core
	OffloadAll Backend = "offload-all" // in grids: every declared host; OffloadSelf if there is none

	// The accelerators without a name of their own.
	NPU Backend = "npu"
	GPU Backend = "gpu"
)

// NoXNNPACK ends the name of a CPU backend that runs the reference kernels.
const NoXNNPACK = "-noxnnpack"

const (
	offload     = "offload-"
	backendWant = "want cpuN (N threads), cpu-all, npu, npu-NAME, gpu, gpu-NAME, offload-NAME or offload-all"
)

var (
	word        = `[a-z0-9]+(-[a-z0-9]+)*`
	hostName    = regexp.MustCompile(`^` + word + `$`)
	accelerator = regexp.MustCompile(`^(npu|gpu)(-` + word + `)?$`)
	threads     = regexp.MustCompile(`^cpu[1-9][0-9]*`)
)

// CPU returns the local backend with n threads.
func CPU(n int) Backend { return Backend("cpu" + strconv.Itoa(n)) }

// Offload returns the backend that offloads to the named host.
func Offload(host string) Backend { return Backend(offload + host) }

// CPU returns the threads of a cpuN backend, and whether it runs TensorFlow Lite's reference
// kernels instead of XNNPACK; ok is false for other backends.
func (b Backend) CPU() (threads int, reference, ok bool) {
	digits, isCPU := strings.CutPrefix(string(b), "cpu")
	digits, reference = strings.CutSuffix(digits, NoXNNPACK)
	threads, err := strconv.Atoi(digits)
	if !isCPU || err != nil || threads < 1 || strconv.Itoa(threads) != digits {
		return 0, false, false
	}
	return threads, reference, true
}

// IsAccelerator reports whether the backend is an NPU or a GPU of this machine.
func (b Backend) IsAccelerator() bool { return accelerator.MatchString(string(b)) }

// Host returns the name of the host that the backend offloads to; ok is false for a local backend.
func (b Backend) Host() (name string, ok bool) { return strings.CutPrefix(string(b), offload) }

// IsLocal reports whether the backend runs on this machine without a host.
func (b Backend) IsLocal() bool {
	_, _, cpu := b.CPU()
	return cpu || b.IsAccelerator()
}

// ParseBackend checks a backend's name as people write it, the words CPUAll and OffloadAll
// included.
func ParseBackend(text string) (Backend, error) {
	b := Backend(text)
	if host, ok := b.Host(); ok {
		if err := CheckHost(host); err != nil {
			return "", fmt.Errorf("%q is not a backend: %w", text, err)
		}
		return b, nil
	}
	if b.IsLocal() || b == CPUAll {
		return b, nil
	}
	if cpu := threads.FindString(text); cpu != "" {
		return "", fmt.Errorf("%q is not a backend; want %s or, for the reference kernels, %[2]s%s", text, cpu, NoXNNPACK)
	}
	return "", fmt.Errorf("%q is not a backend; %s", text, backendWant)
}

// ParseLocal is ParseBackend for a backend of one machine.
func ParseLocal(text string) (Backend, error) {
	if b := Backend(text); b.IsLocal() {
		return b, nil
	}
	return "", fmt.Errorf("%q is not a local backend; want cpuN (N threads), cpuN%s, npu, npu-NAME, gpu or gpu-NAME",
		text, NoXNNPACK)
}

// CheckHost returns an error if a host's name is not lower-case letters and digits in words joined
// by -, as a benchmark's name can hold them.
func CheckHost(name string) error {
	if !hostName.MatchString(name) {
		return fmt.Errorf("host name %q: want lower-case letters and digits, in words joined by -", name)
	}
	return nil
}
