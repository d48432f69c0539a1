package model

// System is what WholeSystem adds to the device's energy. The study names it as future work.
type System struct {
	Host HostProfile    // runs the inference
	Path *JoulesPerByte // to move a byte between device and host, in either direction; nil if unknown
}

// SystemEnergy is the energy of an offloaded inference in the whole system. Unknown parts are nil,
// and Energy names them as missing.
type SystemEnergy struct {
	Energy         // Device + Host + Path
	Device Joules  `json:"device_J"` // E_offload of (2.5), which may itself be incomplete
	Host   *Joules `json:"host_J"`   // t_inference_on_host times the host's active power
	Path   *Joules `json:"path_J"`   // (s_input + s_result) times the path's energy per byte
}

// WholeSystem adds the host's energy and the network's to the device's:
//
//	E_system = E_offload + t_inference_on_host * P_host + (s_input + s_result) * E_path
//
// The idle power of the host and the network is left out, as it is for a local inference.
func WholeSystem(o Offload, s System) (SystemEnergy, error) {
	p, err := Predict(o)
	if err := at("whole system", err, s.Host.Validate(), ifKnown(notNegative, "path energy", s.Path)); err != nil {
		return SystemEnergy{}, err
	}
	e := SystemEnergy{
		Energy: p.Energy, Device: p.Energy.Joules,
		Host: spent(s.Host.Active, o.Exec), Path: cost(o.Input+o.Output, s.Path),
	}
	e.add(e.Host, "active power of host ", s.Host.Name)
	e.add(e.Path, "energy per byte of the network between device and host", "")
	return e, nil
}
