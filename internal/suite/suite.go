// Package suite is the measuring program: it opens variants on backends and takes blocks of
// inferences. The test binary in suites/ is its only importer and hands it flags, jobs and test
// hooks.
//
//  1. [New] reads what the setup of a [job.Job] declares, and takes the combinations to work on
//     from the job or from the user's grid.
//  2. [Suite.Benchmarks] measures a block of each as a sub-benchmark and sends it to the driver, if
//     there is one. Specs take their blocks with [Suite.Block], too.
//  3. [Answer] does the jobs that are questions: what this binary is, what cannot run here, and how
//     far variants agree with their uncompressed ones.
//
// backends.go decides which backends exist. reference.go also uses the local one.
package suite

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/machine"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Hooks change what is measured, for tests of what judges it. The zero value changes nothing.
type Hooks struct {
	// Backend wraps the backend of a combination, but not the reference network.
	Backend func(names.Combination, backends.Backend) (backends.Backend, error)
	Warm    func(names.Combination) // called when a combination's warm-up has ended
	Settle  measure.Settle          // ends a warm-up
	// Quiet takes the machine for undisturbed without reading it, for tests that share it with others.
	Quiet bool
}

// A Suite is the set of combinations that this process works on.
type Suite struct {
	*declared.Set
	Work []names.Combination

	job      job.Job
	hooks    Hooks
	self     *offload.Self                       // nil until a combination needs it
	probe    *machine.SystemProbe                // reads the machine between samples
	probeOwn []int                               // processes whose load counts as this run's own
	events   *results.EventWriter                // nil without a driver
	measured int                                 // benchmarks that ran, failed ones included
	agreed   map[names.Variant]*accept.Agreement // of the variants asked for so far
}

// New returns the suite of a job. A job without combinations works on those of its setup's grid on
// this machine.
func New(j job.Job, hooks Hooks) (*Suite, error) {
	d, err := declared.Read(j.Setup.Files)
	if err != nil {
		return nil, err
	}
	d.Files.Fixtures = cmp.Or(d.Files.Fixtures, filepath.Join("..", "fixtures", "models"))
	s := &Suite{Set: d, Work: j.Combinations, job: j, hooks: hooks, agreed: map[names.Variant]*accept.Agreement{}}
	if s.Work == nil && d.Grid != nil {
		s.Work, err = d.Combinations(runtime.NumCPU())
	}
	return s, err
}

// Only keeps the combinations whose name has one of the parts.
func (s *Suite) Only(parts []string) error {
	all := s.Work
	s.Work = slices.DeleteFunc(slices.Clone(all), func(c names.Combination) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(c.Name(), part) })
	})
	if len(s.Work) > 0 {
		return nil
	}
	var b strings.Builder
	for _, c := range all {
		b.WriteString("\n  " + c.Name())
	}
	return fmt.Errorf("no combination has %q in its name; there are:%s", parts, b.String())
}

// Answer does a job that asks a question. It writes the answer to standard output, or sends it as
// events if a driver asks for a check.
func Answer(j job.Job, hooks Hooks) error {
	s, err := New(j, hooks)
	if err != nil {
		return err
	}
	defer s.Close()
	switch j.Task {
	case job.Describe:
		return s.describe(os.Stdout)
	case job.Agreement:
		return s.agreements(os.Stdout)
	case job.Check:
		s.sendEvents()
		s.check()
		return nil
	}
	return exit.Errorf(exit.Internal, "%q is not a question", j.Task)
}

// sendEvents opens the pipe to the driver, if a driver wrote the job. What this process starts,
// such as an embedded host, must not keep the pipe open after this process has died.
func (s *Suite) sendEvents() {
	if s.job.Version == 0 {
		return // a person called
	}
	syscall.CloseOnExec(job.EventsDescriptor)
	s.events = results.NewEventWriter(os.NewFile(job.EventsDescriptor, "events"))
}

func (s *Suite) send(ev results.Event) {
	if s.events == nil {
		return
	}
	if err := s.events.Write(ev); err != nil {
		// From here on nothing that is measured would be kept.
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1)
	}
}

// drop says that a combination cannot run here or fails, an EventSkip or EventFail: to the driver,
// otherwise on standard output.
func (s *Suite) drop(kind results.EventKind, c names.Combination, err error) {
	if s.events == nil {
		said := map[results.EventKind]string{results.EventSkip: "skipped", results.EventFail: "fails"}
		fmt.Printf("%s: %s: %v\n", said[kind], c.Name(), err)
	}
	s.send(results.Event{Kind: kind, Combination: c, Reason: reason(c, err)})
}

// reason returns the error without the combination, which the event names: what many combinations
// lack is reported once.
func reason(c names.Combination, err error) string {
	return strings.Replace(err.Error(), c.Name()+": ", "", 1)
}

// check says which combinations cannot run here or would fail, as far as that shows without loading
// a variant.
func (s *Suite) check() {
	for _, c := range s.Work {
		err := s.Available(c)
		if err == nil {
			_, err = s.Variant(c.Variant)
		}
		switch {
		case unavailable(err):
			s.drop(results.EventSkip, c, err)
		case err != nil:
			s.drop(results.EventFail, c, err)
		}
	}
	s.send(results.Event{Kind: results.EventEnd})
}

// TimeReference times the reference network before each later block.
func (s *Suite) TimeReference() { s.job.Reference = true }

// Close ends what the suite started.
func (s *Suite) Close() {
	if s.self != nil {
		s.self.Close()
	}
	if s.probe != nil {
		s.probe.Close()
	}
}

func unavailable(err error) bool {
	_, ok := errors.AsType[*backends.UnavailableError](err)
	return ok
}
