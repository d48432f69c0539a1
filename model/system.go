package model

import (
	"errors"
	"fmt"
)

// System is what WholeSystem adds to the device's energy. The study names it as
// future work.
type System struct {
	// Host is the machine that runs the inference.
	Host HostProfile
	// Path is the energy of the network between device and host to move a byte in
	// either direction; nil if unknown.
	Path *JoulesPerByte
}

// SystemEnergy is the energy of an offloaded inference in the whole system.
// Unknown parts are nil, and Total names them as missing.
type SystemEnergy struct {
	Total  Energy  // Device + Host + Path
	Device Joules  // E_offload of (2.5), which may itself be incomplete
	Host   *Joules // t_inference_on_host times the host's active power
	Path   *Joules // (s_input + s_result) times the path's energy per byte
}

// WholeSystem adds the host's energy and the network's to the device's:
//
//	E_system = E_offload + t_inference_on_host * P_host + (s_input + s_result) * E_path
//
// The idle power of the host and the network is left out, as it is for a local
// inference.
func WholeSystem(o Offload, s System) (SystemEnergy, error) {
	p, err := Predict(o)
	errs := []error{err, s.Host.Validate()}
	if s.Path != nil {
		errs = append(errs, notNegative("path energy", *s.Path))
	}
	if err := errors.Join(errs...); err != nil {
		return SystemEnergy{}, fmt.Errorf("whole system: %w", err)
	}
	e := SystemEnergy{Device: p.Energy.Joules, Total: p.Energy}
	if s.Host.Active != nil {
		e.Host = new(s.Host.Active.For(o.Exec))
		e.Total = e.Total.plus(*e.Host)
	} else {
		e.Total.Missing = append(e.Total.Missing, "active power of host "+s.Host.Name)
	}
	if s.Path != nil {
		e.Path = new((o.Input + o.Output).Cost(*s.Path))
		e.Total = e.Total.plus(*e.Path)
	} else {
		e.Total.Missing = append(e.Total.Missing, "energy per byte of the network between device and host")
	}
	return e, nil
}
