package link

import (
	"context"
	"time"
)

// An instant is a reading of the machine's monotonic clock (CLOCK_MONOTONIC on Linux, the same for
// all processes) in nanoseconds.
type instant int64

func (t instant) add(d time.Duration) instant { return t + instant(d) }
func (t instant) sub(u instant) time.Duration { return time.Duration(t - u) }

// spin is how long before its end a wait stops sleeping and starts to poll the clock. On a virtual
// machine 60 µs left 50 to 130 µs of lateness; 250 µs leave 1 to 8 µs.
const spin = 250 * time.Microsecond

// coarse is how long before its end a wait stops being interruptible and sleeps in the kernel. It
// covers the 1.6 ms by which timers of the Go runtime were seen to overshoot.
const coarse = 3 * time.Millisecond

// Monotonic returns the machine's monotonic clock in nanoseconds. Readings of several processes on
// one machine are comparable.
func Monotonic() int64 { return int64(now()) }

// Pause returns after d, as precisely as the emulation waits: it sleeps, then spins.
func Pause(d time.Duration) { waitUntil(now().add(d)) }

// SleepUntil sleeps until the machine's monotonic clock reads t (see Monotonic) and returns how late
// it woke. It does not spin: a load generator would take the processor from a host on the same
// machine. The calling goroutine blocks its thread, which it should have locked.
func SleepUntil(t int64) (late time.Duration) {
	sleepUntil(instant(t))
	return now().sub(instant(t))
}

// SharpTimers asks the kernel to wake this thread on time instead of grouping its timers with
// others. It is for a goroutine that has locked its thread.
func SharpTimers() { sharpenTimers() }

// waitUntil returns at t or as soon after it as the machine allows. It returns how late that is.
// The calling goroutine blocks its thread.
func waitUntil(t instant) time.Duration {
	sleepUntil(t.add(-spin))
	for {
		if late := now().sub(t); late >= 0 {
			return late
		}
	}
}

// Sleep waits for d or for the end of ctx, to a precision of a millisecond or two.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
