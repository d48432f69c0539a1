// Package machine knows the machine that measures: what it is, in which state,
// and whether its figures can be trusted. A [Snapshot] tells everything that
// can be seen and lists what cannot; a [Probe] notices, between samples, that
// the processor was throttled, shared or stolen; a [Fingerprint] says which
// results are comparable; a [NoiseFloor] how much two equal measurements differ;
// [Examine] turns all of it into findings and what to do about each; and
// [SoakUntilSteady] heats a machine up before sustained results are taken.
//
// It reads /proc and /sys under a root that tests replace by a made-up one.
package machine
