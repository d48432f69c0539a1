package link

import (
	"context"
	"time"
)

// An instant is a reading of the machine's monotonic clock (CLOCK_MONOTONIC on
// Linux, the same for all processes) in nanoseconds.
type instant int64

func (t instant) add(d time.Duration) instant { return t + instant(d) }
func (t instant) sub(u instant) time.Duration { return time.Duration(t - u) }

// spin is how long before the wanted time a wait stops sleeping and starts to
// read the clock. 60 µs were tried and left 50 to 130 µs of lateness on a
// virtual machine; 250 µs leave 1 to 8 µs.
const spin = 250 * time.Microsecond

// coarse is how long before the wanted time a wait stops being interruptible:
// what is left is slept in the kernel. It covers the 1.6 ms by which timers of
// the Go runtime were seen to overshoot.
const coarse = 3 * time.Millisecond

// Monotonic returns the machine's monotonic clock in nanoseconds. Processes of
// one machine may compare their readings.
func Monotonic() int64 { return int64(now()) }

// Pause returns after d as precisely as the emulation itself waits: asleep, then
// spinning.
func Pause(d time.Duration) { waitUntil(now().add(d)) }

// waitUntil returns at t or as soon after it as the machine allows, and how
// late that was. The calling goroutine keeps its thread.
func waitUntil(t instant) time.Duration {
	sleepUntil(t.add(-spin))
	for {
		if late := now().sub(t); late >= 0 {
			return late
		}
	}
}

// Sleep waits for d or for the end of ctx, to a millisecond or two.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
