package model

import "encoding/json"

// Energy is an energy that may lack unknown parts. No part is negative, so an incomplete energy is
// a lower bound.
type Energy struct {
	Joules Joules `json:"energy_J"`
	// Missing names the unknown parts, which are not in Joules.
	Missing Unknowns `json:"energy_missing"`
}

// Unknowns names costs that are unknown. In JSON it is a list, empty if there are none.
type Unknowns []string

// MarshalJSON writes [] for nil.
func (u Unknowns) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, u...)) }

// Complete reports whether nothing is missing.
func (e Energy) Complete() bool { return len(e.Missing) == 0 }

// add adds a part, or names it as missing if it is nil.
func (e *Energy) add(part *Joules, what, name string) {
	if part != nil {
		e.Joules += *part
		return
	}
	e.Missing = append(e.Missing, what+name)
}

// cost is the energy to move b, nil if the energy per byte is unknown.
func cost(b Bytes, perByte *JoulesPerByte) *Joules {
	if perByte == nil {
		return nil
	}
	return new(b.Cost(*perByte))
}

// spent is the energy that the power takes in the time t, nil if the power is unknown.
func spent(power *Watts, t Seconds) *Joules {
	if power == nil {
		return nil
	}
	return new(power.For(t))
}
