// Package grid reads grids, the declared sets of combinations, and names them.
// A combination is a variant on a backend over a link: one benchmark, one spec.
package grid

import (
	"fmt"
	"strings"
)

// LinkNone is the link of a local backend.
const LinkNone = "none"

// A Combination is variant x backend x link.
type Combination struct {
	Variant string `json:"variant"` // as in a benchmark's name: "model=mobilenet/input=32/compression=pq"
	Backend string `json:"backend"` // "cpu1", "offload-self"
	Link    string `json:"link"`    // a profile's name, "direct", or LinkNone
}

// Name returns the combination as the sub-benchmark names it:
// "model=mobilenet/input=32/compression=pq/backend=cpu1/link=none".
func (c Combination) Name() string {
	return c.Variant + "/backend=" + c.Backend + "/link=" + c.Link
}

// ParseName is the inverse of Combination.Name.
func ParseName(name string) (Combination, error) {
	variant, rest, ok := strings.Cut(name, "/backend=")
	backend, link, ok2 := strings.Cut(rest, "/link=")
	if !ok || !ok2 || variant == "" || backend == "" || link == "" || strings.Contains(link, "/") {
		return Combination{}, fmt.Errorf("%q is no combination; want VARIANT/backend=NAME/link=NAME", name)
	}
	return Combination{Variant: variant, Backend: backend, Link: link}, nil
}
