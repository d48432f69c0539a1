//go:build !linux

package child

import (
	"os"
	"syscall"
)

func alone() *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }

func signalName(s syscall.Signal) string { return s.String() }

// Expendable does nothing on this system.
func Expendable() {}

func resident(int) int64 { return 0 }
