// Package costs answers questions to the cost model, before anything is measured. A question is a
// plain value, and its answer has a text form for people (sheet.Answer) and a JSON form in SI base
// units. The text is what the command prints, so its notes name the command's flags. All functions
// are pure.
//
//  1. A [Scene] says what is offloaded, from which device and over which links.
//  2. [Predict] answers what that costs, [Cross] where it starts to pay compared with the device
//     itself.
//  3. [Queue] answers how long requests wait if devices share the host, given a model.Load.
//  4. [FitLayers] answers how the layers of a catalog's models fit a device's memories.
package costs

import "github.com/crossover-bench/crossover/model"

// A Scene is an inference that can run on a device or be offloaded.
type Scene struct {
	Device model.Device
	Idle   model.Idle // how the device waits for the host
	Links  []model.Link
	// Inputs are the payloads to send. Each is offloaded over each link.
	Inputs   []model.Payload
	Output   model.Payload
	Exec     model.Estimate[model.Seconds] // on the host
	Overhead model.Seconds                 // of the software on both sides
	TCP      *model.TCP                    // nil: without slow start
	Local    Local
}

// Local is the inference on the device itself.
type Local struct {
	Latency model.Estimate[model.Seconds] // zero if unknown
	// Energy is nil if unknown. It is then the device's active power times the latency, if both are
	// known.
	Energy *model.Estimate[model.Joules]
}

// energy returns the local energy and its interval; nil if unknown.
func (s Scene) energy() (*model.Joules, model.Interval[model.Joules]) {
	if e := s.Local.Energy; e != nil {
		return &e.Value, e.Within
	}
	if e := s.Device.LocalEnergy(s.Local.Latency.Value); s.Local.Latency.Value > 0 && e.Complete() {
		return &e.Joules, model.Interval[model.Joules]{}
	}
	return nil, model.Interval[model.Joules]{}
}

// offloaded is one input of a scene over one link.
type offloaded struct {
	model.Offload
	input model.Payload
}

// offloads returns every input over every link.
func (s Scene) offloads() []offloaded {
	var all []offloaded
	for _, l := range s.Links {
		for _, in := range s.Inputs {
			all = append(all, offloaded{model.Offload{
				Link: l, Input: in.Size, Output: s.Output.Size,
				Exec: s.Exec.Value, Overhead: s.Overhead, Idle: s.Idle, TCP: s.TCP,
			}, in})
		}
	}
	return all
}

// comparison compares the local inference with an offloaded one.
func (s Scene) comparison(o offloaded) model.Tradeoff {
	c := model.Tradeoff{Latency: s.Local.Latency.Value, Offload: o.Offload}
	c.Within.Latency, c.Within.Exec = s.Local.Latency.Within, s.Exec.Within
	c.Energy, c.Within.Energy = s.energy()
	return c
}
