// Package energy says what an inference costs the device in joules, and how that figure was
// obtained.
//
//  1. A [Meter] opens a [Window] over some inferences; its end gives a [Reading].
//  2. Without a meter, an [Estimator] works the energy of one inference out from a device profile
//     and the measured latency.
//
// results.BlockEnergy is a Reading as a run records it.
package energy

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// An Estimator works out energy from the power that a device profile states. It knows an inference
// only by its latency and its bytes.
type Estimator struct {
	Device model.Device
	Idle   model.Idle // how the device waits for a host
	Links  *profiles.Set
}

// NewEstimator returns the estimator for a device of set that waits for a host in the idle mode of
// that name; empty means its first.
func NewEstimator(set *profiles.Set, device, idle string) (*Estimator, error) {
	d, err := set.Device(device)
	if err != nil {
		return nil, err
	}
	mode, err := d.IdleMode(idle)
	if err != nil {
		return nil, err
	}
	return &Estimator{Device: d, Idle: mode, Links: set}, nil
}

// Inference returns the energy of one inference of a combination that took latency and moved sent
// and received bytes: active power times latency for a local one, equation 2.5 of the study for an
// offloaded one.
//
// It is proportional to the latency by construction, so it supports no claim on energy.
func (e *Estimator) Inference(
	c names.Combination, latency model.Seconds, sent, received model.Bytes,
) (model.Energy, error) {
	if c.Backend.IsLocal() {
		return e.Device.LocalEnergy(latency), nil
	}
	var network model.Energy
	if c.Link == names.LinkDirect {
		network.Missing = []string{"the energy per byte of the link, which has no profile"}
	} else {
		link, err := e.Links.Link(string(c.Link))
		if err != nil {
			return model.Energy{}, fmt.Errorf("energy of %s: %w", c.Name(), err)
		}
		network = link.NetworkEnergy(sent, received)
	}
	return model.OffloadEnergy(latency, e.Idle.Power, network), nil
}

// Powers says, for people, which powers the modelled energy rests on.
func (e *Estimator) Powers() string {
	active := "unknown"
	if e.Device.Active != nil {
		active = fmt.Sprint(*e.Device.Active)
	}
	return fmt.Sprintf("powers of %s: %s active, %v waiting (%s)", e.Device.Name, active, e.Idle.Power, e.Idle.Name)
}

// Origin returns the origin of the energy that Inference gives: Mixed if the latency was measured
// over a real link, and Modelled otherwise.
func (e *Estimator) Origin(c names.Combination) names.Origin {
	if !c.Backend.IsLocal() && c.Link == names.LinkDirect && c.Backend != names.OffloadSelf {
		return names.Mixed
	}
	return names.Modelled
}
