package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/model"
)

type queueCmd struct {
	Local      model.Seconds     `default:"30ms" placeholder:"TIME" help:"Latency on the device itself (default ${default})."`
	Link       string            `default:"ethernet" placeholder:"NAME" help:"Link profile (default ${default})."`
	Input      model.Payload     `default:"75x75x3" placeholder:"SIZE" help:"What is sent (default ${default})."`
	Output     model.Payload     `default:"100B" placeholder:"SIZE" help:"What comes back (default ${default})."`
	Exec       model.Seconds     `default:"3ms" placeholder:"TIME" help:"Execution time on the host (default ${default})."`
	Overhead   model.Seconds     `default:"0s" placeholder:"TIME" help:"Time that the software adds on both sides (default ${default})."`
	Tenants    int               `default:"1" placeholder:"N" help:"Devices that share the host (default ${default})."`
	Workers    int               `default:"1" placeholder:"N" help:"Inferences that the host runs at a time (default ${default})."`
	Other      []stream          `placeholder:"20/s@5ms" help:"Other work of the host: its arrivals and how long each takes; may be repeated."`
	SharedLink bool              `help:"The devices share the link's rate too, as in one radio cell."`
	Rate       []model.PerSecond `placeholder:"20/s" help:"Arrival rate a device; may be repeated. By default a sweep up to where both are unstable."`
	deviceFlags
	tcpFlag
	JSON bool `name:"json" help:"Print JSON in SI base units."`
}

func (queueCmd) Help() string {
	return `Sweeps the arrival rate and says what an inference waits at the device, on the link and at the host, and up to which rate and how many devices offloading pays. Arrivals are Poisson, times of service constant.

Examples:

    crossover queue
    crossover queue --tenants 20 --workers 4 --exec 8ms --local 50ms
    crossover queue --other 20/s@5ms --other 2/s@80ms
    crossover queue --link radio --shared-link --tenants 5 --rate 1/s --rate 5/s --json`
}

// stream is the work of another tenant: "20/s@5ms".
type stream model.Stream

// UnmarshalText reads arrivals and time of service.
func (s *stream) UnmarshalText(b []byte) error {
	arrivals, service, ok := strings.Cut(string(b), "@")
	if !ok {
		return fmt.Errorf("want arrivals@time such as 20/s@5ms, got %q", b)
	}
	rate, err := model.Parse[model.PerSecond](arrivals)
	if err != nil {
		return err
	}
	each, err := model.Parse[model.Seconds](service)
	if err != nil {
		return err
	}
	*s = stream{Arrivals: rate, Service: each}
	return nil
}

// loadJSON is one arrival rate for programs; a side is null where it is
// unstable, and then the station that is says so.
type loadJSON struct {
	Origin          string          `json:"origin"`
	Rate            model.PerSecond `json:"arrivals_per_s"`
	Local           *waitsJSON      `json:"local"`
	LocalUnstable   *unstableJSON   `json:"local_unstable,omitempty"`
	Offload         *waitsJSON      `json:"offload"`
	OffloadUnstable *unstableJSON   `json:"offload_unstable,omitempty"`
	Pays            bool            `json:"offloading_pays"`
	MaxTenants      int             `json:"max_tenants"` // at this rate
}

type waitsJSON struct {
	Latency model.Seconds `json:"latency_s"`
	Device  model.Seconds `json:"wait_device_s"`
	Up      model.Seconds `json:"wait_up_s"`
	Host    model.Seconds `json:"wait_host_s"`
	Down    model.Seconds `json:"wait_down_s"`
}

type unstableJSON struct {
	Where       string  `json:"where"`
	Utilization float64 `json:"utilization"`
}

// settle turns waits, or the queue that has none, into JSON.
func settle(w model.Waits, err error) (*waitsJSON, *unstableJSON, error) {
	if u, ok := errors.AsType[*model.UnstableError](err); ok {
		return nil, &unstableJSON{Where: u.Where, Utilization: u.Utilization}, nil
	}
	return new(waitsJSON(w)), nil, err
}

func (c *queueCmd) Run(e *env) error {
	at, err := c.scene(c.Link)
	if err != nil {
		return err
	}
	link := at.links[0]
	var others []model.Stream
	for _, o := range c.Other {
		others = append(others, model.Stream(o))
	}
	load := model.Load{
		Latency: c.Local,
		Offload: model.Offload{Link: link, Input: c.Input.Size, Output: c.Output.Size, Exec: c.Exec, Overhead: c.Overhead, Idle: at.idle, TCP: c.tcp()},
		Tenants: c.Tenants, Workers: c.Workers, SharedLink: c.SharedLink, Others: others,
	}
	local, offload, station, err := load.Capacity()
	if err != nil {
		return usage(err)
	}
	rates := c.Rate
	if rates == nil {
		// Latencies bend near the capacities: look closely below the smaller one,
		// then beyond it, where only one side is left.
		less, more := min(local, offload), max(local, offload)
		for _, share := range []model.PerSecond{0.1, 0.25, 0.5, 0.75, 0.9, 0.95} {
			if less > 0 { // 0 when other work fills the host
				rates = append(rates, model.Round(less*share, 3))
			}
		}
		for _, share := range []model.PerSecond{0.25, 0.5, 0.75, 0.95} {
			rates = append(rates, model.Round(less+(more-less)*share, 3))
		}
	}
	var all []loadJSON
	for _, rate := range rates {
		j := loadJSON{Origin: modelled, Rate: rate}
		if j.Local, j.LocalUnstable, err = settle(load.Local(rate)); err != nil {
			return usage(err)
		}
		if j.Offload, j.OffloadUnstable, err = settle(load.Offloaded(rate)); err != nil {
			return usage(err)
		}
		j.Pays = j.Offload != nil && (j.Local == nil || j.Offload.Latency < j.Local.Latency)
		if j.MaxTenants, err = load.MaxTenants(rate); err != nil {
			return usage(err)
		}
		all = append(all, j)
	}
	intervals, err := load.PayingRates()
	if err != nil {
		return usage(err)
	}
	if c.JSON {
		type intervalJSON struct {
			From model.PerSecond `json:"from_per_s"`
			To   model.PerSecond `json:"to_per_s"`
		}
		paying := []intervalJSON{}
		for _, i := range intervals {
			paying = append(paying, intervalJSON{i.Lo, i.Hi})
		}
		return writeJSON(e.stdout, struct {
			Origin          string          `json:"origin"`
			Device          string          `json:"device"`
			Link            string          `json:"link"`
			Tenants         int             `json:"tenants"`
			Workers         int             `json:"workers"`
			LocalCapacity   model.PerSecond `json:"local_capacity_per_s"`
			OffloadCapacity model.PerSecond `json:"offload_capacity_per_s"`
			Bottleneck      string          `json:"offload_bottleneck"`
			Paying          []intervalJSON  `json:"offloading_pays"`
			Loads           []loadJSON      `json:"loads"`
		}{modelled, at.device.Name, link.Name, c.Tenants, c.Workers, local, offload, station, paying, all})
	}
	fmt.Fprintf(e.stdout, "%d of %s, each %v alone or offloading %v over %s to a shared host: %v each, %d at a time. Origin: %s.\n\n", c.Tenants, at.device.Name, c.Local, c.Input, link.Name, c.Exec, c.Workers, modelled)
	t := newSheet("arrivals/s", "local ms", "wait device", "offload ms", "wait up", "wait host", "wait down", "pays", "pays up to devices")
	for _, j := range all {
		cells := []string{fmt.Sprintf("%.4g", float64(j.Rate)), "unstable", "-", "unstable", "-", "-", "-", "no", fmt.Sprint(j.MaxTenants)}
		if w := j.Local; w != nil {
			cells[1], cells[2] = in(w.Latency, 1e-3), in(w.Device, 1e-3)
		}
		if w := j.Offload; w != nil {
			cells[3], cells[4], cells[5], cells[6] = in(w.Latency, 1e-3), in(w.Up, 1e-3), in(w.Host, 1e-3), in(w.Down, 1e-3)
		}
		if j.Pays {
			cells[7] = "yes"
		}
		t.add(cells...)
	}
	t.print(e.stdout, 0)
	fmt.Fprintf(e.stdout, "\nthe device alone is stable below %.4g/s, offloading below %.4g/s a device (%s)\n", float64(local), float64(offload), station)
	if len(intervals) == 0 {
		fmt.Fprintln(e.stdout, "offloading pays at no arrival rate")
	}
	for _, i := range intervals {
		to := fmt.Sprintf("to %.4g/s", float64(i.Hi))
		if i.Hi == offload {
			to += ", where the " + station + " is full"
		}
		fmt.Fprintf(e.stdout, "offloading pays from %.4g/s %s\n", float64(i.Lo), to)
	}
	var n notes
	p, err := model.Predict(load.Offload)
	if err != nil {
		return usage(err)
	}
	n.lacks(p.LatencyMissing)
	n.print(e.stdout)
	return nil
}
