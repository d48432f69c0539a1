//go:build !linux

package link

import "time"

var epoch = time.Now()

func now() instant { return instant(time.Since(epoch)) }

func sleepUntil(t instant) { time.Sleep(t.sub(now())) }

func sharpenTimers() {}
