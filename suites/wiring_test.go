package suites

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/recorded"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/machine"
)

// backend returns the backend of a combination. Which backends exist is decided
// here and nowhere else.
func (s *suite) backend(c grid.Combination) (backends.Backend, error) {
	name := string(c.Backend)
	if b, ok := tflite.ForName(name); ok {
		return slowdownHook(b)
	}
	switch name {
	case "npu":
		return slowdownHook(delegate(name, *npu))
	case "gpu":
		return slowdownHook(delegate(name, *gpu))
	}
	if host, ok := strings.CutPrefix(name, offload.Prefix); ok {
		return s.offload(host, string(c.Link))
	}
	return nil, fmt.Errorf("%q is no backend of this build", name)
}

// offload returns the backend of a host over a link; the embedded host is
// started when it is first asked for.
func (s *suite) offload(name, profile string) (backends.Backend, error) {
	var shape link.Shape // direct: as the connection is
	if profile != "direct" {
		l, err := s.Profiles.Link(profile)
		if err != nil {
			return nil, err
		}
		if shape, err = link.FromModel(l, 1); err != nil {
			return nil, err
		}
		if *emulation == "netem" {
			shape.Emulation = link.Netem
		}
	}
	if name == offload.SelfName {
		if s.self != nil && s.self.Ended() {
			// It died, for want of memory perhaps. The combination that it served has
			// failed; those that follow need not.
			why := s.self.Close()
			if log := s.hostLog(); log != nil {
				fmt.Fprintln(log, "suites: the embedded host is started again:", why)
			}
			s.self = nil
		}
		if s.self == nil {
			if err := s.startSelf(); err != nil {
				return nil, err
			}
		}
		return offload.New(s.self.Host(), shape), nil
	}
	h, err := s.host(name)
	if err != nil {
		return nil, err
	}
	if h.Recorded == "" {
		return offload.New(h, shape), nil
	}
	r, err := recorded.Open(h.Recorded, h.Backend)
	if err != nil {
		return nil, err
	}
	return offload.NewRecorded(h, shape, r), nil
}

// host returns the declared host of that name.
func (s *suite) host(name string) (offload.Host, error) {
	i := slices.IndexFunc(s.Hosts, func(h offload.Host) bool { return h.Name == name })
	if i < 0 {
		return offload.Host{}, &backends.UnavailableError{
			Backend: offload.Prefix + name,
			Missing: fmt.Sprintf("host %q is not declared", name),
			Hint:    "declare it in a file and name that with --hosts",
		}
	}
	return s.Hosts[i], nil
}

// selfMemory bounds what the embedded host keeps loaded: this machine also
// holds the model that is measured locally.
const selfMemory = 512 << 20

// startSelf starts the embedded host with the variants of this process.
func (s *suite) startSelf() error {
	var serve []host.Model
	seen := map[string]bool{}
	for _, c := range s.combinations {
		v, err := s.variant(c)
		if err == nil && !seen[v.Name] && !grid.IsLocal(c.Backend) {
			seen[v.Name] = true
			serve = append(serve, host.Model{Name: host.ModelName(v), Variant: v})
		}
	}
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: serve, Interpreters: 1, Queue: 4, Memory: selfMemory}, s.hostLog())
	if err != nil {
		return err
	}
	s.self = self
	return nil
}

// hostLog is where the embedded host logs: with a driver to the run's log, else
// nowhere, since go test would print it into the results.
func (s *suite) hostLog() io.Writer {
	if s.events == nil {
		return nil
	}
	return os.Stderr
}

// localForHost is the backend that an embedded host serves with.
func localForHost(threads int) (backends.Backend, error) {
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	return slowdownHook(tflite.New(threads))
}

// delegate returns the backend of an external delegate's library.
func delegate(name, library string) backends.Backend {
	if library == "" {
		return absent{backends.UnavailableError{
			Backend: name,
			Missing: "no delegate library is declared",
			Hint:    fmt.Sprintf("name it with --%s, such as /usr/lib/libvx_delegate.so", name),
		}}
	}
	return tflite.NewDelegate(name, library, nil)
}

// available returns the reason why a combination cannot run here, as far as it
// shows without loading the variant.
func (s *suite) available(c grid.Combination) error {
	if host, ok := strings.CutPrefix(string(c.Backend), offload.Prefix); ok {
		if host == offload.SelfName {
			return nil // only starting it shows
		}
		_, err := s.host(host)
		return err // whether it answers, only opening shows
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

// close ends what the suite started.
func (s *suite) close() {
	if s.self != nil {
		s.self.Close()
	}
	if s.probe != nil {
		s.probe.Close()
	}
}

// machineProbe returns the probe that reads the machine between samples. The
// embedded host's load is this run's own, so a probe made before it started, or
// for one that has died, is replaced.
func (s *suite) machineProbe() (machine.Probe, error) {
	var own []int
	// The driver, or go test; nobody that can be seen when it was started into a
	// container from outside.
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

// absent is a backend that nobody declared on this machine.
type absent struct{ reason backends.UnavailableError }

func (a absent) Name() string     { return a.reason.Backend }
func (a absent) Available() error { return &a.reason }

func (a absent) Open(context.Context, fixtures.Variant) (backends.Session, error) {
	return nil, &a.reason
}
