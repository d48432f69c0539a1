// Package names defines and parses the names that grids, features, benchmarks, hosts files and
// results share. Each has a spelling for programs, which stands in benchmark names and JSON, and one
// for people:
//
//	Variant      model=mobilenet/input=32/compression=pq            Mobilenet PQ 32
//	Backend      cpu1, npu, npu-vx, offload-workstation              the same
//	Link         ethernet, direct, none                              the same
//	Load         rate=50, clients=4, tenant=b; optional              at 50/s, with 4 clients
//	Combination  VARIANT/backend=cpu1/link=none[/LOAD]               Mobilenet PQ 32 on cpu1
//
// The types are strings, so that a name read from an old result stays readable even if this version
// would refuse it. The Parse functions check names that people write. Which models, links and hosts
// exist is for the catalog, the profiles and the hosts file to say.
package names

import (
	"fmt"
	"slices"
	"strings"
)

// A Link is how an offloaded inference reaches its host: the name of a profile, LinkDirect or
// LinkNone.
type Link string

// The links without a profile.
const (
	LinkNone   Link = "none"   // of a local backend
	LinkDirect Link = "direct" // the connection as it is, unshaped
)

// A Place is a backend and, where it offloads, the link to its host, and the load under which it was
// asked if that was a load generator's.
type Place struct {
	Backend Backend
	Link    Link
	Load    Load
}

// String returns the place as people read it: "cpu1", "offload-self over 5g", "offload-lab over
// direct at 50/s".
func (p Place) String() string {
	text := string(p.Backend)
	if p.Link != LinkNone && p.Link != "" {
		text += " over " + string(p.Link)
	}
	if load := p.Load.String(); load != "" {
		text += " " + load
	}
	return text
}

// Of returns the combination of a variant at this place.
func (p Place) Of(v Variant) Combination {
	return Combination{Variant: v, Backend: p.Backend, Link: p.Link, Load: p.Load}
}

// A Combination is a variant at a place: one benchmark, one spec.
type Combination struct {
	Variant Variant `json:"variant"`
	Backend Backend `json:"backend"`
	Link    Link    `json:"link"`
	Load    Load    `json:"load,omitzero"`
}

// Name returns the combination as the sub-benchmark names it:
// "model=mobilenet/input=32/compression=pq/backend=cpu1/link=none". A load adds its keys:
// ".../link=direct/rate=50/tenant=b".
func (c Combination) Name() string {
	return string(c.Variant) + "/backend=" + string(c.Backend) + "/link=" + string(c.Link) + c.Load.suffix()
}

// Place returns where the combination runs.
func (c Combination) Place() Place { return Place{c.Backend, c.Link, c.Load} }

// Title returns the combination as people read it, given its variant's title: "Mobilenet PQ 32 on
// offload-self over ethernet".
func (c Combination) Title(variant string) string { return variant + " on " + c.Place().String() }

// Variants returns the variants of the combinations, each once.
func Variants(all []Combination) []Variant {
	var out []Variant
	for _, c := range all {
		if !slices.Contains(out, c.Variant) {
			out = append(out, c.Variant)
		}
	}
	return out
}

// ParseCombination is the inverse of Combination.Name.
func ParseCombination(name string) (Combination, error) {
	variant, rest, ok := strings.Cut(name, "/backend=")
	backend, link, ok2 := strings.Cut(rest, "/link=")
	link, keys, loaded := strings.Cut(link, "/")
	var load Load
	if loaded && ok2 {
		load, ok2 = parseLoad(keys)
	}
	if !ok || !ok2 || variant == "" || backend == "" || link == "" {
		return Combination{}, fmt.Errorf("%q is not a combination; want VARIANT/backend=NAME/link=NAME,"+
			" and of crossover load also /rate=N, /clients=N or /tenant=NAME", name)
	}
	return Combination{Variant: Variant(variant), Backend: Backend(backend), Link: Link(link), Load: load}, nil
}
