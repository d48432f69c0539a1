// Package model is the cost model, not a neural network: it computes what one inference costs in
// time and energy on the edge device and offloaded to a host, when offloading pays, and how the
// answer changes with the inputs. It has pure functions only and measures nothing; its figures have
// the origin "modelled".
//
// The equations are those of Frennborn and Oliv, "Neural Networks, Edge Computing or Offloading"
// (Chalmers University of Technology, 2022), and keep their numbers here.
//
// # Network time
//
// A [Link] has a propagation delay and two rates. An empty message and its answer take two delays;
// the payload adds its own time:
//
//	(2.1)  t_RTT     = 2 * t_latency                                     Link.RTT
//	(2.2)  t_network = t_RTT + s_input/B_upload + s_result/B_download    Link.NetworkTime
//
// The device waits for the network and for the host:
//
//	(2.3)  t_offload = t_inference_on_host + t_network                   OffloadLatency
//
// # The device's energy
//
// Moving a byte costs energy, and so does waiting. The study prints (2.4) as a division; with
// energy given in joules per byte it must be a product:
//
//	(2.4)  E_network = s_input*E_upload + s_result*E_download            Link.NetworkEnergy
//	(2.5)  E_offload = t_offload*P_idle + E_network                      OffloadEnergy
//	(4.1)  EDP       = energy per inference * latency                    EDP
//
// A local inference costs its measured latency and energy, or [Device.LocalEnergy]. All this is the
// device's energy; [WholeSystem] adds the host's and the network's.
//
// [Predict] computes all of it in one step and says where time and energy go. An energy with an
// unknown part is an [Energy] that names what is missing: a lower bound, never a zero. What the
// study leaves out is 0 unless given: the software's overhead, the time and energy to wake a
// suspended board, jitter and loss, and the round trips of a [TCP] connection that has paused.
//
// # Crossing points
//
// A [Tradeoff] compares a local inference with an offloaded one. A [Crossing] is the value of one
// quantity at which both cost the same: the local latency above which offloading pays, the lowest
// bandwidth, the longest round trip, the largest payload and the highest idle power. Each is
// computed for latency, energy and EDP, with the interval that follows from the inputs' intervals.
//
// # Many devices that share a host
//
// The equations describe a single inference. Under load, requests wait: at the device, on the link
// and at the host. [MMk] and [MGk] are mean waiting times in queues; [Load] combines them into the
// latency as a function of the arrival rate.
//
// # Layer fit
//
// The study found that latency depends more on how a network's layers fit the memories than on its
// number of parameters:
//
//	(5.1)  layer fit = 100 * parameters / layers / memory                LayerFit
//
// [LayersThatFit] answers the same question for each layer.
//
// # Units
//
// Every quantity has a type, [Seconds], [Bytes], [BytesPerSecond], [Joules], [JoulesPerByte],
// [Watts], [JouleSeconds] or [PerSecond], in SI base units, so that mixed-up units do not compile.
// Text is read with its unit ("202Mbit/s", "10ms", "128nJ/B", "0.91W"); an error names the wrong
// unit.
package model
