package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// cpuInfo is what /proc/cpuinfo says about the processors. It is not parsed by procfs, whose parser
// depends on the architecture that it is built for and does not know the names of ARM's cores.
type cpuInfo struct {
	model      string
	arch       string // as Go names it; "" if the text does not say
	processors int
	hypervisor bool
}

// armCores names cores by implementer and part. Source: Linux, arch/arm64/include/asm/cputype.h.
var armCores = map[string]string{
	"0x41/0xd03": "ARM Cortex-A53", "0x41/0xd04": "ARM Cortex-A35", "0x41/0xd05": "ARM Cortex-A55",
	"0x41/0xd07": "ARM Cortex-A57", "0x41/0xd08": "ARM Cortex-A72", "0x41/0xd09": "ARM Cortex-A73",
	"0x41/0xd0a": "ARM Cortex-A75", "0x41/0xd0b": "ARM Cortex-A76", "0x41/0xd0c": "ARM Neoverse-N1",
	"0x41/0xd0d": "ARM Cortex-A77", "0x41/0xd40": "ARM Neoverse-V1", "0x41/0xd41": "ARM Cortex-A78",
	"0x41/0xd42": "ARM Cortex-A78AE", "0x41/0xd44": "ARM Cortex-X1", "0x41/0xd46": "ARM Cortex-A510",
	"0x41/0xd47": "ARM Cortex-A710", "0x41/0xd48": "ARM Cortex-X2", "0x41/0xd49": "ARM Neoverse-N2",
	"0x41/0xd4d": "ARM Cortex-A715", "0x41/0xd4e": "ARM Cortex-X3", "0x41/0xd4f": "ARM Neoverse-V2",
	"0x41/0xd80": "ARM Cortex-A520", "0x41/0xd81": "ARM Cortex-A720",
}

// parseCPUInfo reads the text of /proc/cpuinfo. The model of a machine with several kinds of cores
// names each once: "ARM Cortex-A55 + ARM Cortex-A76".
func parseCPUInfo(text string) cpuInfo {
	var info cpuInfo
	var models []string
	implementer := ""
	add := func(model string) {
		if model != "" && !slices.Contains(models, model) {
			models = append(models, model)
		}
	}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "processor":
			info.processors++
		case "model name":
			add(value)
		case "vendor_id":
			info.arch = "amd64"
		case "flags":
			info.hypervisor = info.hypervisor || slices.Contains(strings.Fields(value), "hypervisor")
		case "CPU implementer":
			implementer, info.arch = value, "arm64"
		case "CPU part":
			unnamed := fmt.Sprintf("ARM implementer %s part %s", implementer, value)
			add(cmp.Or(armCores[implementer+"/"+value], unnamed))
		case "uarch": // RISC-V
			add(value)
			info.arch = "riscv64"
		}
	}
	info.model = strings.Join(models, " + ")
	return info
}
