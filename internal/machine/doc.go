// Package machine describes the machine that measures: what it is, what state it is in, and whether
// its figures can be trusted.
//
// The types in order of use:
//
//  1. A [Snapshot] holds everything that can be seen of the machine, and lists what cannot
//     ([Read]). Its [Fingerprint] says which results are comparable.
//  2. [SoakUntilSteady] heats the machine before sustained results are taken, and returns a [Soak].
//  3. A [Probe] reads a [Pulse] between samples: was the processor throttled, used by others or taken by
//     the hypervisor in the meantime?
//  4. A [NoiseFloor] says by how much two equal measurements differ.
//  5. [Examine] turns all of it into [Finding] values, each with what to do.
//
// The package reads /proc and /sys under a root that tests replace.
package machine
