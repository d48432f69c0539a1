package link

import (
	"time"

	"golang.org/x/sys/unix"
)

// epoch and epochMonotonic are one moment on the runtime's clock and on CLOCK_MONOTONIC. Reading
// the runtime's clock is a function call; the other would be a system call.
var epoch, epochMonotonic = func() (time.Time, instant) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("link: reading CLOCK_MONOTONIC: " + err.Error())
	}
	return time.Now(), instant(ts.Nano())
}()

func now() instant { return epochMonotonic.add(time.Since(epoch)) }

// sleepUntil sleeps in the kernel until t.
func sleepUntil(t instant) {
	ts := unix.NsecToTimespec(int64(t))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil) == unix.EINTR {
	}
}

// sharpenTimers tells the kernel not to group this thread's timers with others.
func sharpenTimers() {
	// A failure does no harm: the spin covers the default slack of 50 µs.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}
