package study

import (
	"os"
	"path/filepath"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/synthetic"
)

// Synthetic execution times. The study prints no execution time, so these are invented: round
// figures that reproduce what it does print. On the hosts, the latencies of equation (2.3) over the
// -tables links have all sixteen figures of its table of thresholds; on the device, the ratios are
// those of its findings. They are nobody's measurement, and only synthetic runs use them.

// A backend of the synthetic runs and the name that it stands for in the study.
const (
	CPUHost names.Backend = "cpu20" // the i9-10850K with all its threads
	GPUHost names.Backend = "gpu"   // the RTX 3070
)

// An invented is the execution times of one network in milliseconds, whatever its compression
// unless it says otherwise.
type invented struct {
	model   string // key in benchmark names
	input   int
	cpuHost float64
	gpuHost float64
	cpu1    float64 // uncompressed, one core of the device
	npu     float64 // PQ
	penalty float64 // how many times as long an uncompressed one takes on the NPU
}

// The device's four cores take the time of one divided by fourCores.
const fourCores = 3.2

// pqGain is how many times as fast as an uncompressed variant PQ is on the device's CPU.
const pqGain = 1.075

var inventedTimes = []invented{
	{"inceptionv3", 75, 2.6, 1.7, 250, 3.5, 120},
	{"inceptionv3", 128, 9.2, 2.7, 640, 6.5, 160},
	{"resnet50", 32, 1.2, 1.1, 60, 2.2, 90},
	{"resnet50", 75, 4.2, 1.6, 300, 4.0, 110},
	{"resnet50", 128, 12.6, 2.3, 720, 7.0, 130},
	{"mobilenet", 32, 0.12, 0.3, 6.4, 0.5, 60},
	{"mobilenet", 75, 0.5, 0.8, 36, 0.9, 100},
	{"mobilenet", 128, 1.6, 1.1, 95, 1.6, 150},
	{"vgg16", 32, 1.9, 1.3, 180, 4.5, 200},
	{"vgg16", 75, 9.0, 2.8, 900, 9.5, 232},
	{"vgg16", 128, 21.2, 5.1, 2100, 16.0, 716},
}

// SyntheticTime returns the invented execution time in milliseconds of a variant of the study on
// one of its places: cpu1, cpu4, npu, CPUHost, GPUHost. It is 0 for any other.
func SyntheticTime(v names.Variant, b names.Backend) float64 {
	p := v.Parts()
	for _, t := range inventedTimes {
		if t.model != p.Model || t.input != p.InputSize() {
			continue
		}
		cpu, npu := t.cpu1, t.npu
		if p.Compressed() {
			cpu /= pqGain
		} else {
			npu *= t.penalty
		}
		switch b {
		case CPUHost:
			return t.cpuHost
		case GPUHost:
			return t.gpuHost
		case names.CPU(1):
			return cpu
		case names.CPU(4):
			return cpu / fourCores
		case names.NPU:
			return npu
		}
	}
	return 0
}

// Synthetic returns two synthetic runs of all 33 variants: of the device (cpu1, cpu4, npu) and of its
// hosts (CPUHost and GPUHost). They are the same every time.
func Synthetic() (device, hosts *results.Run) {
	return invent("device", 1, names.CPU(1), names.CPU(4), names.NPU), invent("hosts", 2, CPUHost, GPUHost)
}

func invent(name string, seed uint64, backends ...names.Backend) *results.Run {
	s := synthetic.Spec{
		Name: name, Seed: seed,
		// The study's year, and in no way a time at which anything ran.
		Start: time.Date(2022, 1, int(seed), 0, 0, 0, 0, time.UTC),
		Why:   "its execution times were invented, so that the printed tables of the study follow from them",
	}
	for _, id := range fixtures.Default().Variants() {
		for _, b := range backends {
			s.Combinations = append(s.Combinations, synthetic.Combination{
				Combination: names.Combination{Variant: id.Name(), Backend: b, Link: names.LinkNone},
				Title:       id.Title(),
				Exec:        time.Duration(SyntheticTime(id.Name(), b) * float64(time.Millisecond)),
			})
		}
	}
	return s.Run()
}

// syntheticHosts declares the study's hosts for the folder that WriteSynthetic writes.
const syntheticHosts = `# The study's hosts as synthetic runs: invented execution times, no measurements.
hosts:
  - {name: workstation, recorded: hosts/latest, backend: cpu20}
  - {name: workstation-gpu, recorded: hosts/latest, backend: gpu}
`

// WriteSynthetic writes both synthetic runs into the folder, as device/latest and hosts/latest, and
// a file hosts.yaml that declares the study's hosts.
func WriteSynthetic(dir string) error {
	device, hosts := Synthetic()
	for name, run := range map[string]*results.Run{"device": device, "hosts": hosts} {
		if err := synthetic.Write(filepath.Join(dir, name), run); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "hosts.yaml"), []byte(syntheticHosts), 0o666)
}
