package model

import (
	"errors"
	"math"
	"slices"
)

// An Offload is one inference that a host runs for the device.
type Offload struct {
	Link     Link
	Input    Bytes   // s_input of (2.2)
	Output   Bytes   // s_result of (2.2)
	Exec     Seconds // t_inference_on_host of (2.3)
	Overhead Seconds // the time that the software on both sides adds; 0 in the study
	Idle     Idle    // how the device waits
	TCP      *TCP    // adds the round trips of slow start; nil keeps to the study's equations
}

// TimeParts splits the latency of an offloaded inference. The parts add up to it.
type TimeParts struct {
	Up          Seconds `json:"up_s"`          // s_input / B_upload
	Propagation Seconds `json:"propagation_s"` // t_RTT
	Down        Seconds `json:"down_s"`        // s_result / B_download
	Disturbance Seconds `json:"disturbance_s"` // mean of the link's jitter and loss
	SlowStart   Seconds `json:"slow_start_s"`  // waiting for acknowledgements; only with TCP
	Exec        Seconds `json:"exec_s"`        // on the host
	Overhead    Seconds `json:"overhead_s"`    // of the software
	Wake        Seconds `json:"wake_s"`        // of the device, if it was suspended
}

// EnergyParts splits the device's energy of an offloaded inference. The parts add up to it. Unknown
// parts are nil, and Prediction.Energy names them as missing. Wake is also nil if the device does
// not suspend.
type EnergyParts struct {
	Idle     Joules  `json:"idle_J"`     // waiting, t_offload * P_idle
	Wake     *Joules `json:"wake_J"`     // waking up
	Transmit *Joules `json:"transmit_J"` // s_input * E_upload
	Receive  *Joules `json:"receive_J"`  // s_result * E_download
}

// A Prediction is what the cost model says about one offloaded inference.
type Prediction struct {
	// Latency is t_offload of (2.3).
	Latency Seconds `json:"latency_s"`
	// Network is t_network of (2.2) plus disturbance and slow start, if any.
	Network Seconds   `json:"network_s"`
	Time    TimeParts `json:"time"`
	// LatencyMissing names the unknown parts, which are not in Latency; it is then a lower bound.
	LatencyMissing Unknowns `json:"latency_missing"`
	// Energy is E_offload of (2.5): the device's energy only.
	Energy
	EnergyParts EnergyParts `json:"energy"`
	// EDP is (4.1). It lacks what Energy or Latency lacks.
	EDP JouleSeconds `json:"edp_Js"`
}

// Cost returns the cost of the offloaded inference in the SI unit of the metric.
func (p Prediction) Cost(m Metric) float64 { return m.cost(p.Latency, p.Joules) }

// Missing names the unknown costs that Cost(m) lacks.
func (p Prediction) Missing(m Metric) Unknowns {
	switch m {
	case MetricLatency:
		return p.LatencyMissing
	case MetricEnergy:
		return p.Energy.Missing
	default:
		return slices.Concat(p.LatencyMissing, p.Energy.Missing)
	}
}

// Validate returns an error that names every field that is out of its bounds.
func (o Offload) Validate() error {
	errs := []error{
		o.Link.Validate(),
		positive("input", o.Input),
		positive("output", o.Output),
		positive("exec", o.Exec),
		notNegative("overhead", o.Overhead),
		o.Idle.Validate(),
	}
	if o.TCP != nil {
		errs = append(errs, o.TCP.Validate())
	}
	return errors.Join(errs...)
}

// Predict computes latency, energy and EDP of an offloaded inference and their parts: equations
// (2.1) to (2.5) and (4.1) of the study, and what the study leaves out if o has it. Errors name
// every field that is out of its bounds.
func Predict(o Offload) (Prediction, error) {
	if err := o.Validate(); err != nil {
		return Prediction{}, at("predict", err)
	}
	p := o.predict()
	if !finite(float64(p.EDP), float64(p.Latency), float64(p.Energy.Joules)) {
		return Prediction{}, errors.New("predict: the inputs are so large or so small that the result is not finite")
	}
	return p, nil
}

// finite reports whether every value is a number below infinity.
func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// predict is Predict without checks: for inputs within their bounds, and for the limits 0 and
// infinity between which crossing points are searched.
func (o Offload) predict() Prediction {
	t := TimeParts{
		Up:          o.Input.At(o.Link.Up),
		Propagation: o.Link.RTT(),
		Down:        o.Output.At(o.Link.Down),
		Disturbance: o.Link.Disturbance(),
		Exec:        o.Exec,
		Overhead:    o.Overhead,
	}
	if o.TCP != nil {
		t.SlowStart = o.TCP.SlowStart(o.Input, o.Link.Up, o.Link.RTT()) +
			o.TCP.SlowStart(o.Output, o.Link.Down, o.Link.RTT())
	}
	p := Prediction{Network: o.Link.NetworkTime(o.Input, o.Output) + t.Disturbance + t.SlowStart}
	waiting := OffloadLatency(t.Exec, p.Network) + t.Overhead

	p.EnergyParts = EnergyParts{
		Idle: o.Idle.Power.For(waiting), Transmit: cost(o.Input, o.Link.EnergyUp), Receive: cost(o.Output, o.Link.EnergyDown),
	}
	p.Energy = OffloadEnergy(waiting, o.Idle.Power, o.Link.NetworkEnergy(o.Input, o.Output))
	if o.Idle.Suspends {
		if o.Idle.WakeTime != nil {
			t.Wake = *o.Idle.WakeTime
		} else {
			p.LatencyMissing = append(p.LatencyMissing, "time to wake up from idle "+o.Idle.Name)
		}
		p.EnergyParts.Wake = o.Idle.WakeEnergy
		p.Energy.add(o.Idle.WakeEnergy, "energy to wake up from idle ", o.Idle.Name)
	}
	p.Time = t
	p.Latency = waiting + t.Wake
	p.EDP = EDP(p.Energy.Joules, p.Latency)
	return p
}

// OffloadLatency is the latency of an offloaded inference, equation (2.3) of the study:
//
//	t_offload = t_inference_on_host + t_network
func OffloadLatency(exec, network Seconds) Seconds { return exec + network }

// OffloadEnergy is the device's energy of an offloaded inference, equation (2.5) of the study:
//
//	E_offload = t_offload * P_idle + E_network
func OffloadEnergy(latency Seconds, idle Watts, network Energy) Energy {
	network.Joules += idle.For(latency)
	return network
}

// EDP is the energy-delay product of an inference, equation (4.1) of the study:
//
//	EDP = energy per inference * latency
func EDP(energy Joules, latency Seconds) JouleSeconds {
	return JouleSeconds(float64(energy) * float64(latency))
}
