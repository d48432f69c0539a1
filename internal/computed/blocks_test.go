package computed_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/computed"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

const pq32 names.Variant = "model=mobilenet/input=32/compression=pq"

var ethernet = names.Combination{Variant: pq32, Backend: "offload-desk", Link: "ethernet"}

// block is one of three samples on a backend, one of them disturbed.
func block(b names.Backend, round int, exec time.Duration) results.Block {
	sample := func(mark results.Mark, exec time.Duration) results.Sample {
		return results.Sample{Phase: results.PhaseSteady, Mark: mark, Total: exec + time.Microsecond, Exec: exec}
	}
	return results.Block{
		Combination: names.Combination{Variant: pq32, Backend: b, Link: names.LinkNone}, Round: round,
		Samples: []results.Sample{
			{Phase: results.PhaseFirst, Total: time.Second, Exec: time.Second},
			sample(0, exec), sample(results.MarkStolen, 2*exec), sample(0, exec+time.Millisecond),
		},
	}
}

func needs(hosts ...computed.Host) computed.Needs {
	return computed.Needs{
		Hosts: hosts, Combinations: []names.Combination{ethernet},
		Link: func(name string) (model.Link, error) {
			if name != "ethernet" {
				return model.Link{}, errors.New("no such link")
			}
			return model.Link{Name: name, OneWay: 0.010, Up: 1e6, Down: 1e6}, nil
		},
		Payload: func(names.Variant) (sent, received int64, ok bool) { return 3000, 1000, true },
	}
}

func TestBlocksAddTheLinkToTheRunsOwnExecutionTimes(t *testing.T) {
	run := &results.Run{Dir: "run", Blocks: []results.Block{
		block("cpu1", 0, 4*time.Millisecond), block("cpu2", 0, 2*time.Millisecond),
		block("cpu2", 1, 3*time.Millisecond), block("cpu4-noxnnpack", 0, 9*time.Millisecond),
	}}
	got, not := computed.Blocks(run, needs(computed.Host{Name: "desk", Backend: names.CPUAll, Factor: 0.5}))
	if len(not) > 0 || len(got) != 2 {
		t.Fatalf("%d blocks, %v", len(got), not)
	}
	for i, want := range []time.Duration{25 * time.Millisecond, 25500 * time.Microsecond} {
		b := got[i]
		if b.Round != i || b.Origin != names.Computed || b.Combination != ethernet || len(b.Samples) != 3 {
			t.Fatalf("block %d: %+v", i, b)
		}
		s := b.Samples[0]
		if s.Total != want || s.Network != 24*time.Millisecond || s.Exec != want-s.Network || s.Sent != 3000 {
			t.Errorf("round %d: %+v, want a latency of %v", i, s, want)
		}
		if b.Samples[1].Mark != results.MarkStolen {
			t.Errorf("round %d: a disturbed execution lost its mark", i)
		}
	}
}

func TestBlocksTakeThePayloadThatTheRunMeasured(t *testing.T) {
	self := block("offload-self", 0, time.Millisecond)
	self.Combination.Link = "ethernet"
	for i := range self.Samples {
		self.Samples[i].Sent, self.Samples[i].Received = 5000, 5000
	}
	run := &results.Run{Blocks: []results.Block{block("cpu1", 0, time.Millisecond), self}}
	got, _ := computed.Blocks(run, needs(computed.Host{Name: "desk", Backend: "cpu1"}))
	if len(got) != 1 || got[0].Samples[0].Network != 30*time.Millisecond {
		t.Errorf("got %+v", got)
	}
}

func TestBlocksOfAnotherRunArePairedInTheirOrder(t *testing.T) {
	run := &results.Run{Blocks: []results.Block{block("npu", 3, time.Millisecond), block("npu", 5, time.Millisecond)}}
	other := &results.Run{Dir: "other", Blocks: []results.Block{
		block("gpu", 2, 3*time.Millisecond), block("gpu", 0, time.Millisecond), block("gpu", 1, 2*time.Millisecond),
	}}
	got, not := computed.Blocks(run, needs(computed.Host{Name: "desk", Run: other, Backend: "gpu"}))
	if len(not) > 0 || len(got) != 2 || got[0].Round != 3 || got[1].Round != 5 {
		t.Fatalf("got %+v, %v", got, not)
	}
	if got[0].Samples[0].Exec != time.Millisecond || got[1].Samples[0].Exec != 2*time.Millisecond {
		t.Errorf("the rounds are out of order: %v, %v", got[0].Samples[0].Exec, got[1].Samples[0].Exec)
	}
}

func TestBlocksLeaveAloneWhatTheRunHolds(t *testing.T) {
	measured := block("offload-desk", 0, time.Millisecond)
	measured.Combination.Link = "ethernet"
	run := &results.Run{Blocks: []results.Block{block("cpu1", 0, time.Millisecond), measured}}
	if got, not := computed.Blocks(run, needs(computed.Host{Name: "desk", Backend: "cpu1"})); got != nil || not != nil {
		t.Errorf("derived what was measured: %v, %v", got, not)
	}
}

func TestBlocksSayWhyTheyCannotBeDerived(t *testing.T) {
	run := &results.Run{Dir: "results/a", Blocks: []results.Block{block("cpu1", 0, time.Millisecond)}}
	for want, n := range map[string]computed.Needs{
		`no execution of backend "gpu"; it has cpu1`: needs(computed.Host{Name: "desk", Backend: "gpu"}),
		"no link": func() computed.Needs {
			n := needs(computed.Host{Name: "desk", Backend: "cpu1"})
			n.Combinations[0].Link = names.LinkDirect
			return n
		}(),
		"payload": func() computed.Needs {
			n := needs(computed.Host{Name: "desk", Backend: "cpu1"})
			n.Payload = func(names.Variant) (sent, received int64, ok bool) { return 0, 0, false }
			return n
		}(),
		"holds no execution of": func() computed.Needs {
			n := needs(computed.Host{Name: "desk", Backend: "cpu1"})
			n.Combinations[0].Variant = "model=vgg16/input=32/compression=pq"
			return n
		}(),
	} {
		got, not := computed.Blocks(run, n)
		if len(got) > 0 || len(not) != 1 || !strings.Contains(not[0].Reason, want) {
			t.Errorf("%s: %d blocks, %v", want, len(got), not)
		}
	}
}
