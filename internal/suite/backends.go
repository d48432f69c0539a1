package suite

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/recorded"
)

func (s *Suite) backend(c names.Combination) (b backends.Backend, err error) {
	cpu, isCPU := tflite.ForName(c.Backend)
	switch {
	case isCPU:
		b = cpu
	case c.Backend.IsAccelerator():
		b, err = s.delegate(c.Backend)
	case offloads(c.Backend):
		b, err = s.offload(c)
	default:
		err = fmt.Errorf("%q is not a backend of this build", c.Backend)
	}
	if err != nil || s.hooks.Backend == nil {
		return b, err
	}
	return s.hooks.Backend(c, b)
}

func offloads(b names.Backend) bool { _, ok := b.Host(); return ok }

func (s *Suite) delegate(name names.Backend) (backends.Backend, error) {
	library := s.job.Setup.Delegates[name]
	if library == "" {
		hint := fmt.Sprintf("name it with --%s, such as /usr/lib/libvx_delegate.so", name)
		if name != names.NPU && name != names.GPU {
			hint = "this version takes delegates only for npu and gpu, with --npu and --gpu"
		}
		return nil, &backends.UnavailableError{
			Backend: string(name), Missing: "no delegate library is declared", Hint: hint,
		}
	}
	return tflite.NewDelegate(string(name), library, nil, 1), nil
}

// offload returns the backend of a host over a link. The embedded host is started when it is first
// asked for.
func (s *Suite) offload(c names.Combination) (backends.Backend, error) {
	var shape link.Shape // direct: the connection as it is
	if c.Link != names.LinkDirect {
		l, err := s.Profiles.Link(string(c.Link))
		if err != nil {
			return nil, err
		}
		if shape, err = link.FromModel(l, 1); err != nil {
			return nil, err
		}
		if s.job.Setup.LinkEmulation == "netem" {
			shape.Emulation = link.Netem
		}
	}
	if c.Backend == names.OffloadSelf {
		if err := s.startSelf(); err != nil {
			return nil, err
		}
		return offload.New(s.self.Host(), shape), nil
	}
	h, err := s.host(c.Backend)
	if err != nil {
		return nil, err
	}
	if h.Recorded == "" {
		return offload.New(h, shape), nil
	}
	return recorded.New(h, shape)
}

func (s *Suite) host(b names.Backend) (offload.Host, error) {
	name, _ := b.Host()
	i := slices.IndexFunc(s.Hosts, func(h offload.Host) bool { return h.Name == name })
	if i < 0 {
		return offload.Host{}, &backends.UnavailableError{
			Backend: string(b),
			Missing: fmt.Sprintf("host %q is not declared", name),
			Hint:    "declare it in a file and name that with --hosts",
		}
	}
	return s.Hosts[i], nil
}

// selfMemory bounds what the embedded host keeps loaded, in bytes: this machine also holds the
// model that is measured locally.
const selfMemory = 512 << 20

// startSelf starts the embedded host with the variants of this process, unless it is running.
func (s *Suite) startSelf() (err error) {
	var log io.Writer // the run's log; nil without a driver, since go test would print it among the results
	if s.events != nil {
		log = os.Stderr
	}
	if s.self != nil && s.self.Ended() {
		// It died, out of memory for instance. The combination that it served has failed; those
		// that follow need not.
		why := s.self.Close()
		if log != nil {
			fmt.Fprintln(log, "suites: restarting the embedded host:", why)
		}
		s.self = nil
	}
	if s.self != nil {
		return nil
	}
	config := host.ChildConfig{Interpreters: 1, Queue: 4, Memory: selfMemory}
	local := func(c names.Combination) bool { return !offloads(c.Backend) }
	for _, name := range names.Variants(slices.DeleteFunc(slices.Clone(s.Work), local)) {
		if v, err := s.Variant(name); err == nil {
			config.Models = append(config.Models, host.Serve(v)...)
		}
	}
	s.self, err = offload.StartSelf(context.Background(), config, log)
	return err
}

// HostBackend is the backend that an embedded host serves with.
func HostBackend(threads int) backends.Backend { return tflite.New(threads) }

// Available returns why a combination cannot run here, as far as that shows without loading the
// variant. Only opening shows whether a host answers.
func (s *Suite) Available(c names.Combination) error {
	switch {
	case c.Backend == names.OffloadSelf:
		return nil // only starting it would show
	case offloads(c.Backend):
		_, err := s.host(c.Backend)
		return err
	}
	b, err := s.backend(c)
	if err != nil {
		return err
	}
	if checker, ok := b.(backends.Checker); ok {
		return checker.Available()
	}
	return nil
}

// machineProbe returns the probe that reads the machine between samples. The embedded host's load
// is this run's own, so a probe made before it started, or for one that has died, is replaced.
func (s *Suite) machineProbe() (machine.Probe, error) {
	var own []int
	// The parent is the driver or go test. It is 0 if this process was started into a container
	// from outside.
	if parent := os.Getppid(); parent > 0 {
		own = append(own, parent)
	}
	if s.self != nil && !s.self.Ended() {
		own = append(own, s.self.PID())
	}
	if s.probe != nil && slices.Equal(own, s.probeOwn) {
		return s.probe, nil
	}
	if s.probe != nil {
		s.probe.Close()
	}
	var err error
	s.probe, err = machine.NewProbe("/", own...)
	s.probeOwn = own
	return s.probe, err
}
