package rounds

import (
	"os/exec"
	"syscall"
)

// isolate puts the process into a group of its own, so that an interrupt typed at the terminal
// reaches only the command, which then ends the process in an orderly way. It also makes the
// process die with the command.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends the process and its children, such as an embedded host.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
