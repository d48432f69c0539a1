package model

import (
	"errors"
	"fmt"
)

// A Device is an edge device: what it draws while it waits and while it
// computes, and the memories that weights may fit.
type Device struct {
	Name string
	// Idle are the ways in which the device can wait for a host, by name.
	Idle []Idle
	// Active is the power while it runs an inference itself, nil when not known.
	Active *Watts
	// Memories are the levels that layer fit looks at, smallest first.
	Memories []Memory
	// Source says where the figures are from.
	Source string
}

// Idle is a way of waiting for the host.
type Idle struct {
	Name string
	// Power is P_idle of (2.5): the whole board's, radio included.
	Power Watts
	// Suspends tells that the operating system is suspended meanwhile. Then
	// waking up costs time and energy.
	Suspends bool
	// WakeTime and WakeEnergy are what waking up costs; nil when not known,
	// which makes latency and energy lower bounds if Suspends is set.
	WakeTime   *Seconds
	WakeEnergy *Joules
}

// Memory is one level of a device's memory.
type Memory struct {
	Name string // "L1"
	Size Bytes
}

// A Host is a machine that serves offloaded inferences.
type Host struct {
	Name string
	// Active is what the host draws while it runs an inference, nil when not
	// known. It counts for the energy of the whole system alone.
	Active *Watts
	// Source says where the figures are from.
	Source string
}

// Validate returns an error that names every field that is out of its bounds.
func (i Idle) Validate() error {
	errs := []error{positive("idle power", i.Power)}
	if i.WakeTime != nil {
		errs = append(errs, notNegative("wake-time", *i.WakeTime))
	}
	if i.WakeEnergy != nil {
		errs = append(errs, notNegative("wake-energy", *i.WakeEnergy))
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
		if err := i.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("idle %s: %w", i.Name, err))
		}
	}
	if d.Active != nil {
		errs = append(errs, positive("active", *d.Active))
	}
	for _, m := range d.Memories {
		errs = append(errs, positive("memory "+m.Name, m.Size))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("device %s: %w", d.Name, err)
	}
	return nil
}

// Validate returns an error that names every field that is out of its bounds.
func (h Host) Validate() error {
	if h.Active == nil {
		return nil
	}
	if err := positive("active", *h.Active); err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	return nil
}

// IdleMode returns the idle mode of that name.
func (d Device) IdleMode(name string) (Idle, error) {
	var known []string
	for _, i := range d.Idle {
		if i.Name == name {
			return i, nil
		}
		known = append(known, i.Name)
	}
	return Idle{}, fmt.Errorf("device %s has no idle mode %q; it has %v", d.Name, name, known)
}

// LocalEnergy is the modelled energy of an inference on the device itself, its
// active power times the latency. The study measured this energy; the model
// needs the device's active power, and without it the energy is incomplete.
func (d Device) LocalEnergy(latency Seconds) Energy {
	if d.Active == nil {
		return Energy{Missing: []string{"active power of device " + d.Name}}
	}
	return Energy{Joules: d.Active.For(latency)}
}
