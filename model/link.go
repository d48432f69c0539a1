package model

import (
	"fmt"
	"strings"
)

// A Link is the path between a device and a host as the device sees it; a names.Link names it.
type Link struct {
	Name   string         // of the profile: "ethernet"
	OneWay Seconds        `yaml:"latency"` // t_latency of (2.1): the propagation delay of one direction
	Up     BytesPerSecond // B_upload, from the device to the host
	Down   BytesPerSecond // B_download
	// EnergyUp and EnergyDown are the device's energy to send and to receive a byte; nil if
	// unknown, which makes every energy over this link incomplete.
	EnergyUp   *JoulesPerByte `yaml:"energy-up,omitempty"`
	EnergyDown *JoulesPerByte `yaml:"energy-down,omitempty"`
	Jitter     *Jitter        `yaml:"jitter,omitempty"` // nil: none
	Loss       *Loss          `yaml:"loss,omitempty"`   // nil: none
	Source     string         // where the figures come from
}

// Jitter is a random delay added to the propagation in each direction.
type Jitter struct {
	Distribution string  // one of Distributions
	Mean         Seconds // of the delay; uniform delays lie between 0 and twice the mean
}

// The distributions of Jitter.
const (
	Uniform     = "uniform"
	Exponential = "exponential"
)

// Distributions lists the distributions that Jitter knows.
func Distributions() []string { return []string{Uniform, Exponential} }

// Loss is the loss of messages, modelled as the delay of sending them again.
type Loss struct {
	Probability float64 // that a transmission is lost, in [0, 1)
	Retransmit  Seconds // the delay that one loss adds
}

// Validate returns an error that names every field that is out of its bounds.
func (l Link) Validate() error {
	errs := []error{
		positive("latency", l.OneWay),
		positive("up", l.Up),
		positive("down", l.Down),
		ifKnown(notNegative, "energy-up", l.EnergyUp),
		ifKnown(notNegative, "energy-down", l.EnergyDown),
	}
	if j := l.Jitter; j != nil {
		if j.Distribution != Uniform && j.Distribution != Exponential {
			errs = append(errs, fmt.Errorf("jitter: distribution %q is not known; want %s",
				j.Distribution, strings.Join(Distributions(), " or ")))
		}
		errs = append(errs, positive("jitter: mean", j.Mean))
	}
	if l := l.Loss; l != nil {
		if !(l.Probability >= 0 && l.Probability < 1) {
			errs = append(errs, fmt.Errorf("loss: want a probability of at least 0 and below 1, got %v", l.Probability))
		}
		errs = append(errs, positive("loss: retransmit", l.Retransmit))
	}
	return at("link "+l.Name, errs...)
}

// RTT is the round-trip time of an empty message, equation (2.1) of the study:
//
//	t_RTT = 2 * t_latency
func (l Link) RTT() Seconds { return 2 * l.OneWay }

// NetworkTime is the time that an offloaded inference spends on the network if it sends in bytes
// and receives out bytes, equation (2.2) of the study:
//
//	t_network = t_RTT + s_input / B_upload + s_result / B_download
func (l Link) NetworkTime(in, out Bytes) Seconds {
	return l.RTT() + in.At(l.Up) + out.At(l.Down)
}

// NetworkEnergy is the device's energy to send in bytes and to receive out bytes, equation (2.4) of
// the study:
//
//	E_network = s_input * E_upload + s_result * E_download
//
// The study prints divisions, but gives E in joules per byte, so only the product is an energy.
//
// If the link's energy per byte is unknown, the result lacks it and names it.
func (l Link) NetworkEnergy(in, out Bytes) Energy {
	var e Energy
	e.add(cost(in, l.EnergyUp), "transmit energy of link ", l.Name)
	e.add(cost(out, l.EnergyDown), "receive energy of link ", l.Name)
	return e
}

// Disturbance is the mean delay that jitter and loss add to a round trip: twice the jitter's mean,
// and in each direction the expected number of retransmissions p/(1-p) times the delay of one. The
// study's equations do not have it; it is 0 for a link with neither.
func (l Link) Disturbance() Seconds {
	var s Seconds
	if l.Jitter != nil {
		s += 2 * l.Jitter.Mean
	}
	if l.Loss != nil {
		s += 2 * Seconds(l.Loss.Probability/(1-l.Loss.Probability)) * l.Loss.Retransmit
	}
	return s
}
