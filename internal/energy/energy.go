// Package energy says what an inference costs the device in joules, and where
// that figure comes from. A meter gives it for a window of inferences; until
// there is one, a Model works it out from a device profile and the measured
// latency.
package energy

import (
	"fmt"
	"time"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// An Origin says where a figure comes from. It stands beside every figure.
type Origin string

// The origins.
const (
	Measured Origin = "measured"
	Modelled Origin = "modelled" // the cost model alone
	Computed Origin = "computed" // a recorded execution time on another host, the link's model, idle power
	Mixed    Origin = "mixed"    // a measured part and a modelled one
)

// Energy is what a window of inferences, or one of them, cost the device.
type Energy struct {
	Joules      model.Joules
	Uncertainty model.Joules // standard uncertainty; 0 when not known
	Duration    time.Duration
	Origin      Origin
	// Missing names the parts that are not in Joules because nobody knows
	// them: Joules is then a lower bound.
	Missing []string
}

// A Meter measures the device's energy.
type Meter interface {
	// Name names the meter in results: "joulescope", "ina226".
	Name() string
	// Begin starts a window.
	Begin() (Window, error)
}

// A Window is a span of time whose energy is being metered.
type Window interface {
	// End closes the window and returns its energy.
	End() (Energy, error)
}

// A Model works out energy from power profiles.
type Model struct {
	Device model.Device
	Idle   model.Idle // how the device waits for a host
	Links  *profiles.Set
}

// NewModel returns the model of a device of set, waiting in the idle mode
// of that name.
func NewModel(set *profiles.Set, device, idle string) (*Model, error) {
	d, err := set.Device(device)
	if err != nil {
		return nil, err
	}
	mode, err := d.IdleMode(idle)
	if err != nil {
		return nil, err
	}
	return &Model{Device: d, Idle: mode, Links: set}, nil
}

// Inference returns the energy of one inference of a combination that took
// latency and moved sent and received bytes: active power times latency for a
// local one, equation 2.5 of the study for an offloaded one.
//
// Its origin is Mixed where the latency was measured over a real link, and
// Modelled elsewhere. Either way it is proportional to the latency by
// construction: no claim on energy may rest on it.
func (m *Model) Inference(c grid.Combination, latency model.Seconds, sent, received model.Bytes) (Energy, error) {
	e := Energy{Duration: latency.Duration(), Origin: m.Origin(c)}
	if grid.IsLocal(c.Backend) {
		local := m.Device.LocalEnergy(latency)
		e.Joules, e.Missing = local.Joules, local.Missing
		return e, nil
	}
	var network model.Energy
	if c.Link == LinkDirect {
		network.Missing = []string{"the energy per byte of the link, which has no profile"}
	} else {
		link, err := m.Links.Link(string(c.Link))
		if err != nil {
			return Energy{}, fmt.Errorf("energy of %s: %w", c.Name(), err)
		}
		network = link.NetworkEnergy(sent, received)
	}
	offload := model.OffloadEnergy(latency, m.Idle.Power, network)
	e.Joules, e.Missing = offload.Joules, offload.Missing
	return e, nil
}

// LinkDirect is a host's link as it is, unshaped.
const LinkDirect = names.LinkDirect

// Origin returns the origin of the energy that Inference gives.
func (m *Model) Origin(c grid.Combination) Origin {
	if !grid.IsLocal(c.Backend) && c.Link == LinkDirect && c.Backend != grid.OffloadSelf {
		return Mixed
	}
	return Modelled
}
