// Package interop tests Crossover's client and host with other implementations of the Open Inference
// Protocol: Triton's client, MLServer and KServe. interop.sh sets them up and runs the tests, which
// skip without them; overhead.sh compares the software overhead.
package interop
