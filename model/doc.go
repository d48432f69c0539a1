// Package model is the cost model: what one neural-network inference costs in
// time and energy on the edge device and offloaded to a host, when offloading
// pays, and how the answer shifts. It measures nothing and touches nothing
// outside; its figures have the origin "modelled".
//
// The chapter follows Frennborn and Oliv, "Neural Networks, Edge Computing or
// Offloading" (Chalmers University of Technology, 2022), whose equations keep
// their numbers here.
//
// # The way there and back
//
// A [Link] has a propagation delay and two rates. A message without content
// takes two delays there and back, and the payload adds its own time:
//
//	(2.1)  t_RTT     = 2 * t_latency                                     Link.RTT
//	(2.2)  t_network = t_RTT + s_input/B_upload + s_result/B_download    Link.NetworkTime
//
// The device waits for the whole of it, and for the host:
//
//	(2.3)  t_offload = t_inference_on_host + t_network                   OffloadLatency
//
// # What it costs the device
//
// Moving a byte costs energy, and so does waiting. The study prints (2.4) as a
// division; in joules per byte it can only be a product:
//
//	(2.4)  E_network = s_input*E_upload + s_result*E_download            Link.NetworkEnergy
//	(2.5)  E_offload = t_offload*P_idle + E_network                      OffloadEnergy
//	(4.1)  EDP       = energy per inference * latency                    EDP
//
// A local inference costs its latency and its energy as they were measured, or
// [Device.LocalEnergy]. All this is the device's energy; [WholeSystem] adds the
// host's and the network's.
//
// [Predict] does it in one step and says where time and energy go. An energy
// with an unknown part is an [Energy] that names what is missing: a lower
// bound, never a zero. What the study leaves out is 0 unless given: the
// software's overhead, the time and energy to wake a suspended board, jitter
// and loss, and the round trips of a [TCP] connection that has paused.
//
// # Where it crosses
//
// A [Comparison] sets a local inference against an offloaded one. Where both
// cost the same lies a [Crossing]: the local latency above which offloading
// pays, the least bandwidth, the largest round trip, the largest payload and
// the idle power, each for latency, energy and EDP, and each with the interval
// that its inputs' intervals allow.
//
// # When many share a host
//
// The equations describe an inference alone. Under load, requests wait: at the
// device, on the link and at the host. [MD1], [MG1], [MMk] and [MDk] are mean
// waiting times in queues, and [Load] puts them together into the latency
// against the arrival rate.
//
// # Whether the layers fit
//
// The study found that latency follows how a network's layers fit the
// memories better than its number of parameters:
//
//	(5.1)  layer fit = 100 * parameters / layers / memory                LayerFit
//
// [LayersThatFit] asks the same of each layer.
//
// # Units
//
// Every quantity has a type, [Seconds], [Bytes], [BytesPerSecond], [Joules],
// [JoulesPerByte], [Watts], [JouleSeconds] or [PerSecond], in SI base units, so
// that a mix-up does not compile; text is read with its unit ("202Mbit/s",
// "10ms", "128nJ/B", "0.91W") and the wrong unit is refused by name.
package model
