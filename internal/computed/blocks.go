// Package computed derives, from a run that is judged, what offloading to a recorded host would
// have taken: the method of Frennborn and Oliv (2022), whose offloading was computed as well.
//
//  1. A [Host] names the run that stands for it, this one or another, one of its local backends,
//     and a factor.
//  2. [Blocks] takes the combinations that claims need and the run lacks. The execution time of
//     each sample on the host's backend, scaled, plus equation 2.2 for the link is a latency
//     (equation 2.3). Its round is that of the execution time, so comparisons pair it.
//  3. The blocks have the origin "computed", and are never written to the run.
package computed

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A Host is a host that exists only as a recorded run.
type Host struct {
	Name    string
	Run     *results.Run  // nil for the run that is judged
	Backend names.Backend // a local one, or names.CPUAll for the one with the most threads
	Factor  float64       // of its execution times; 0 means 1
}

// Scale returns the host's execution time for one of the recorded backend.
func (h Host) Scale(exec time.Duration) time.Duration {
	return time.Duration(float64(exec) * cmp.Or(h.Factor, 1))
}

// BackendOf returns the backend of a run that stands for the host. It returns an error that names
// the run's backends if there is none.
func (h Host) BackendOf(run *results.Run) (names.Backend, error) {
	var found []string
	var best names.Backend
	most := 0
	for i := range run.Blocks {
		b := run.Blocks[i].Combination.Backend
		if !slices.Contains(found, string(b)) {
			found = append(found, string(b))
		}
		threads, reference, cpu := b.CPU()
		switch {
		case b == h.Backend:
			return b, nil
		case h.Backend == names.CPUAll && cpu && !reference && threads > most:
			best, most = b, threads
		}
	}
	if best == "" {
		return "", fmt.Errorf("host %s: recorded run %s: no execution of backend %q; it has %s",
			h.Name, run.Dir, h.Backend, strings.Join(found, ", "))
	}
	return best, nil
}

// Needs says what Blocks is to derive, and from what.
type Needs struct {
	Hosts        []Host
	Combinations []names.Combination // that claims need
	// Link returns a link's profile.
	Link func(string) (model.Link, error)
	// Payload returns the bytes that an inference of a variant sends and receives, false if they are
	// unknown. What the run itself measured comes first.
	Payload func(names.Variant) (sent, received int64, ok bool)
}

// Blocks returns the needed combinations that the run holds no block of, on hosts of n. Those that
// cannot be derived are outcomes with the reason.
func Blocks(run *results.Run, n Needs) ([]results.Block, []results.Outcome) {
	held := map[names.Combination]bool{}
	for i := range run.Blocks {
		held[run.Blocks[i].Combination] = true
	}
	var blocks []results.Block
	var not []results.Outcome
	for _, c := range n.Combinations {
		name, offloaded := c.Backend.Host()
		i := slices.IndexFunc(n.Hosts, func(h Host) bool { return h.Name == name })
		if !offloaded || i < 0 || held[c] {
			continue
		}
		derived, err := n.blocks(run, n.Hosts[i], c)
		if err != nil {
			not = append(not, results.Outcome{Combination: c, Reason: err.Error()})
		}
		blocks = append(blocks, derived...)
	}
	return blocks, not
}

// blocks derives one combination.
func (n Needs) blocks(run *results.Run, h Host, c names.Combination) ([]results.Block, error) {
	source := cmp.Or(h.Run, run)
	backend, err := h.BackendOf(source)
	if err != nil {
		return nil, err
	}
	if c.Link == names.LinkDirect {
		return nil, fmt.Errorf("host %s is recorded, so there is no link %q to it; choose a link with a profile",
			h.Name, c.Link)
	}
	link, err := n.Link(string(c.Link))
	if err != nil {
		return nil, err
	}
	sent, received, ok := measured(run, c.Variant)
	if !ok {
		if sent, received, ok = n.Payload(c.Variant); !ok {
			return nil, fmt.Errorf("host %s is recorded, and the payload of %s is unknown:"+
				" no offloaded block of %s has it", h.Name, c.Variant.Title(), run.Dir)
		}
	}
	network := time.Duration(math.Round(float64(link.NetworkTime(model.Bytes(sent), model.Bytes(received))) * 1e9))
	var out []results.Block
	for i := range source.Blocks {
		b := &source.Blocks[i]
		if b.Combination.Variant != c.Variant || b.Combination.Backend != backend {
			continue
		}
		d := results.Block{Combination: c, Round: b.Round, Start: b.Start, Warmup: b.Warmup, Origin: names.Computed}
		for _, s := range b.Samples {
			if s.Phase == results.PhaseSteady && s.Exec > 0 {
				exec := h.Scale(s.Exec)
				d.Samples = append(d.Samples, results.Sample{
					Phase: s.Phase, Mark: s.Mark, At: s.At, Total: exec + network, Exec: exec, Network: network,
					Sent: sent, Received: received,
				})
			}
		}
		if len(d.Samples) > 0 {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("host %s stands for %s of %s, which holds no execution of %s",
			h.Name, backend, source.Dir, c.Variant.Title())
	}
	if source != run {
		// Rounds of another run are independent of this one's: they are paired in their order.
		slices.SortFunc(out, func(a, b results.Block) int { return cmp.Compare(a.Round, b.Round) })
		for i, round := range rounds(run)[:min(len(out), len(rounds(run)))] {
			out[i].Round = round
		}
		out = out[:min(len(out), len(rounds(run)))]
	}
	return out, nil
}

// measured returns the payload that the run measured of a variant.
func measured(run *results.Run, v names.Variant) (sent, received int64, ok bool) {
	for i := range run.Blocks {
		if run.Blocks[i].Combination.Variant != v {
			continue
		}
		for _, s := range run.Blocks[i].Samples {
			if s.Phase == results.PhaseSteady && s.Mark == 0 && s.Sent > 0 && s.Received > 0 {
				return s.Sent, s.Received, true
			}
		}
	}
	return 0, 0, false
}

// rounds returns the numbers of the run's rounds in order.
func rounds(run *results.Run) []int {
	var out []int
	for i := range run.Blocks {
		out = append(out, run.Blocks[i].Round)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
