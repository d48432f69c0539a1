package model

import (
	"errors"
	"fmt"
)

// A Device is an edge device: its power while it waits and while it computes, and its memories for
// weights.
type Device struct {
	Name     string
	Idle     []Idle   // the ways in which the device can wait for a host
	Active   *Watts   // the power while it runs an inference itself; nil if unknown
	Memories []Memory // the levels for layer fit, smallest first
	Source   string   // where the figures come from
}

// Idle is a way of waiting for the host.
type Idle struct {
	Name string `json:"name"`
	// Power is P_idle of (2.5): the power of the whole board, radio included.
	Power Watts `json:"power_W"`
	// Suspends says that the operating system is suspended while the device waits, so that waking
	// up costs time and energy.
	Suspends bool `json:"suspends"`
	// WakeTime and WakeEnergy are the costs of waking up; nil if unknown. If Suspends is set,
	// latency and energy are then lower bounds.
	WakeTime   *Seconds `json:"wake_time_s"`
	WakeEnergy *Joules  `json:"wake_energy_J"`
}

// Memory is one level of a device's memory.
type Memory struct {
	Name string `json:"memory"` // "L1"
	Size Bytes  `json:"bytes"`
}

// A HostProfile is the power of a machine that serves offloaded inferences. How to reach such a
// machine is declared elsewhere, in a hosts file.
type HostProfile struct {
	Name   string
	Active *Watts // the power while it runs an inference, for WholeSystem; nil if unknown
	Source string // where the figures come from
}

// Validate returns an error that names every field that is out of its bounds.
func (i Idle) Validate() error {
	errs := []error{
		positive("idle power", i.Power),
		ifKnown(notNegative, "wake-time", i.WakeTime),
		ifKnown(notNegative, "wake-energy", i.WakeEnergy),
	}
	if !i.Suspends && (i.WakeTime != nil || i.WakeEnergy != nil) {
		errs = append(errs, errors.New("wake-time and wake-energy belong to an idle mode that suspends"))
	}
	return errors.Join(errs...)
}

// Validate returns an error that names every field that is out of its bounds.
func (d Device) Validate() error {
	var errs []error
	for _, i := range d.Idle {
		errs = append(errs, at("idle "+i.Name, i.Validate()))
	}
	errs = append(errs, ifKnown(positive, "active", d.Active))
	for _, m := range d.Memories {
		errs = append(errs, positive("memory "+m.Name, m.Size))
	}
	return at("device "+d.Name, errs...)
}

// Validate returns an error that names every field that is out of its bounds.
func (h HostProfile) Validate() error {
	return at("host "+h.Name, ifKnown(positive, "active", h.Active))
}

// IdleMode returns the idle mode of that name, or the first if it is empty.
func (d Device) IdleMode(name string) (Idle, error) {
	var known []string
	for _, i := range d.Idle {
		if i.Name == name || name == "" {
			return i, nil
		}
		known = append(known, i.Name)
	}
	return Idle{}, fmt.Errorf("device %s has no idle mode %q; it has %v", d.Name, name, known)
}

// LocalEnergy is the modelled energy of an inference on the device itself: its active power times
// the latency. The study measured this energy. Without the active power the energy is incomplete.
func (d Device) LocalEnergy(latency Seconds) Energy {
	var e Energy
	e.add(spent(d.Active, latency), "active power of device ", d.Name)
	return e
}
