package load

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/stats"
)

// A Config says whom to ask, how, and for how long. Its tags make flags of it.
type Config struct {
	Hosts   []offload.Host `kong:"-"` // each with a name and an address; several are compared
	Tenants []Tenant       `kong:"-"` // of every host
	SLO     *SLO           `kong:"-"` // nil judges nothing

	Rates    []float64 `kong:"-"` // arrivals per second of all tenants together
	Clients  []int     `sep:"," placeholder:"N" help:"Clients of each tenant, who wait for answers."`
	Arrivals string    `enum:"poisson,constant" default:"poisson" help:"How they arrive: poisson or constant."`

	Rounds      int           `default:"8" placeholder:"N" help:"Rounds, each in another order (${default})."`
	Duration    time.Duration `default:"5s" placeholder:"TIME" help:"Measured time of a block, at least (${default})."`
	Warmup      time.Duration `default:"1s" placeholder:"TIME" help:"Time before it, at the same load (${default})."`
	Connections int           `default:"1" placeholder:"N" help:"Connections of each tenant (${default})."`
	Timeout     time.Duration `default:"10s" placeholder:"TIME" help:"When a request is lost (${default})."`
	Outstanding int           `default:"10000" placeholder:"N" help:"Requests without answer at a time (${default})."`
	Seed        uint64        `placeholder:"N" help:"Seed of arrivals, inputs and order (default: drawn)."`

	Results string    `kong:"-"` // folder of runs
	Command []string  `kong:"-"` // as the user typed it, for run.json
	Version string    `kong:"-"` // of the program, for run.json
	Log     io.Writer `kong:"-"` // receives a line per block; nil drops them
}

// A Tenant asks for one model.
type Tenant struct {
	Name  string // in combinations; may be empty if it is the only one
	Model string // as the server names it
	Share int    // of a rate, relative to the other tenants'; at least 1
}

// ParseTenant reads NAME=MODEL or NAME=MODEL@SHARE.
func ParseTenant(text string) (Tenant, error) {
	name, rest, ok := strings.Cut(text, "=")
	model, share, shared := strings.Cut(rest, "@")
	t := Tenant{Name: name, Model: model, Share: 1}
	if !ok || model == "" {
		return Tenant{}, fmt.Errorf("tenant %q: want NAME=MODEL or NAME=MODEL@SHARE", text)
	}
	if err := names.CheckTenant(name); err != nil {
		return Tenant{}, err
	}
	if shared {
		n, err := strconv.Atoi(share)
		if err != nil || n < 1 || n > 1e6 {
			return Tenant{}, fmt.Errorf("tenant %q: share %q: want a whole number from 1", name, share)
		}
		t.Share = n
	}
	return t, nil
}

// variant returns the tenant's model as a run names it: as the catalog's variant if the server calls
// it as the variant's file, "mobilenet-32-pq", and as a file of the user's own otherwise. It has no
// image, so that the session takes the tensors that the server names.
func (t Tenant) variant(catalog *fixtures.Catalog) fixtures.Variant {
	file := t.Model + ".tflite" // for the hint of a host that lacks it
	for _, id := range catalog.Variants() {
		if t.Model == fileName(id.Name()) {
			return fixtures.Variant{Name: id.Name(), Title: id.Title(), Path: file}
		}
	}
	return fixtures.Variant{Name: names.Variant("model=" + url.PathEscape(t.Model)), Title: t.Model, Path: file}
}

// fileName returns the name of a variant's file without its extension, as fixtures/build writes it:
// "mobilenet-32-pq", "mobilenet-32-q-io_uint8".
func fileName(v names.Variant) string {
	var parts []string
	for part := range strings.SplitSeq(string(v), "/") {
		key, value, _ := strings.Cut(part, "=")
		if len(parts) >= 3 {
			value = key + "_" + value
		}
		parts = append(parts, value)
	}
	return strings.Join(parts, "-")
}

// A Point is what is measured in every round: a rate or a number of clients at one host.
type Point struct {
	Host    int     // index of the host
	Rate    float64 // arrivals per second; 0 in a closed loop
	Clients int     // of each tenant; 0 in an open loop
}

// title returns the point as people read it: "at 50/s", with the host's name if there are several.
func (c *Config) title(p Point) string {
	if len(c.Hosts) > 1 {
		return c.Hosts[p.Host].Name + " " + p.load("").String()
	}
	return p.load("").String()
}

func (p Point) load(tenant string) names.Load {
	l := names.Load{Tenant: tenant}
	if p.Rate > 0 {
		l.Rate = names.Rate(p.Rate)
	}
	if p.Clients > 0 {
		l.Clients = strconv.Itoa(p.Clients)
	}
	return l
}

// points returns the points in ascending order, each once.
func (c *Config) points() []Point {
	var all []Point
	for host := range c.Hosts {
		for _, r := range c.Rates {
			all = append(all, Point{Host: host, Rate: r})
		}
		for _, n := range c.Clients {
			all = append(all, Point{Host: host, Clients: n})
		}
	}
	slices.SortFunc(all, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Clients, b.Clients), cmp.Compare(a.Host, b.Host))
	})
	return slices.Compact(all)
}

// Bounds that keep a slip of the pen from filling the memory or from measuring nothing.
const (
	mostClients  = 10_000
	mostRequests = 20_000_000 // of one block
	fewestDue    = 10         // in one block, on average: with Poisson arrivals one in 22 000 blocks has none
)

// check returns a usage error that names the flag that is wrong.
func (c *Config) check() error {
	usage := func(format string, args ...any) error { return exit.Errorf(exit.Usage, format, args...) }
	switch {
	case len(c.Hosts) == 0:
		return usage("name a --host")
	case c.SLO != nil && len(c.Hosts) > 1:
		return usage("--slo finds the rate of one host; name one --host")
	case len(c.Tenants) == 0:
		return usage("name a --model, or several with --tenant NAME=MODEL")
	case c.Rounds < 1 || c.Connections < 1 || c.Outstanding < 1:
		return usage("--rounds, --connections and --outstanding want 1 or more")
	case c.Duration <= 0 || c.Timeout <= 0 || c.Warmup < 0:
		return usage("--duration and --timeout want a time above 0, --warmup 0 or more")
	case len(c.Rates) == 0 && len(c.Clients) == 0 && c.SLO == nil:
		return usage("say how to ask: --rate 50,100 (arrivals per second), --clients 1,4, or --slo 'p99 50ms'")
	case c.SLO != nil && len(c.Clients) > 0:
		return usage("--slo finds a rate of arrivals; leave --clients out")
	case c.Timeout > time.Hour || c.Duration > 24*time.Hour || c.Warmup > 24*time.Hour:
		return usage("--timeout is at most 1h, --duration and --warmup at most 24h")
	}
	hosts := map[string]bool{}
	for _, h := range c.Hosts {
		if hosts[h.Name] {
			return usage("host %q is named twice; give several hosts names of their own with --hosts FILE", h.Name)
		}
		hosts[h.Name] = true
	}
	seen := map[string]bool{}
	for _, t := range c.Tenants {
		if seen[t.Name] {
			return usage("tenant %q is named twice", t.Name)
		}
		seen[t.Name] = true
	}
	for _, n := range c.Clients {
		if n < 1 || n > mostClients {
			return usage("--clients %d: want 1 to %d", n, mostClients)
		}
	}
	for _, r := range c.Rates {
		if n := r * (c.Warmup + c.duration(r)).Seconds(); n > mostRequests {
			return usage("%.0f requests in one block at %v/s: at most %d; lower --rate or --duration", n, r, mostRequests)
		}
		if n := r * c.leastShare() * c.duration(r).Seconds(); n < fewestDue {
			return usage("only %.2g requests of a tenant are due in a block of %v at %v/s: want %d; raise --duration",
				n, c.duration(r), r, fewestDue)
		}
	}
	return nil
}

// duration returns how long a block at a rate is measured: long enough for the percentile that is
// judged, of the tenant with the smallest share.
func (c *Config) duration(rate float64) time.Duration {
	if c.SLO == nil || rate <= 0 {
		return c.Duration
	}
	// A fifth more than the least, since the number of arrivals varies.
	needed := 1.2 * float64(stats.LeastForPercentile(c.SLO.Percentile)) / c.leastShare() / rate
	return max(c.Duration, time.Duration(math.Ceil(needed*1e3))*time.Millisecond)
}

// leastShare returns the part of a rate that the tenant with the smallest share has.
func (c *Config) leastShare() float64 {
	least, sum := math.MaxInt, 0
	for _, t := range c.Tenants {
		least, sum = min(least, t.Share), sum+t.Share
	}
	return float64(least) / float64(sum)
}

func (c *Config) logf(format string, args ...any) {
	if c.Log != nil {
		fmt.Fprintf(c.Log, format+"\n", args...)
	}
}
