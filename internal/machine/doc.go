// Package machine knows the machine that measures: what it is, in which state,
// and whether its figures can be trusted. A [Snapshot] tells everything that
// can be seen and lists what cannot; a [Probe] notices, between samples, that
// the processor was throttled, shared or stolen.
//
// It reads /proc and /sys under a root that tests replace by a made-up one.
package machine
