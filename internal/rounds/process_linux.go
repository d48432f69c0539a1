package rounds

import (
	"os/exec"
	"syscall"
)

// isolate puts the process into a group of its own, so that an interrupt typed
// at the terminal reaches the command alone, which then ends the process in
// good order; and ties its life to the command's.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends the process and its children, such as an embedded host.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
