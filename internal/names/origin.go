package names

// An Origin says how a figure was obtained. It stands beside every figure.
type Origin string

// The origins.
const (
	Measured Origin = "measured"
	Modelled Origin = "modelled" // by the cost model only
	Computed Origin = "computed" // execution time recorded on another host, link model, idle power
	Mixed    Origin = "mixed"    // a measured part and a modelled one
)
