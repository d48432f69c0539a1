// Package load asks a server of the Open Inference Protocol for inferences as many clients would,
// and records how long they waited.
//
//  1. A [Config] names the host, the tenants (each asks for one model), and the points to measure:
//     arrival rates (open loop) or numbers of clients (closed loop).
//  2. [Run] takes the points in rounds, in shuffled order. For each it opens new connections, draws
//     the arrivals (arrivals.go), and asks (generator.go).
//  3. In an open loop a request is due at its arrival, whether or not earlier ones were answered. In
//     a closed loop it is due when its client has its answer. Latency counts from the moment a
//     request was due, so the generator's own lateness is part of it and is reported beside it.
//  4. Nothing is repeated. A request that fails is lost: it counts as one that took the timeout, and
//     its reason is counted (block.go). A host whose answer cannot be true ends its combination.
//  5. Every point gives one block for each tenant in a run folder of package results, whose
//     combinations have the keys rate, clients and tenant. The [Report] in its run.json holds what
//     the samples do not: losses by reason, the throughput, the generator's lateness.
//  6. With an [SLO], [Report.Judge] says which rates keep the limit, by the test of a limit over the
//     rounds' percentiles. Without rates to measure, scout.go finds rates around the highest first.
package load
