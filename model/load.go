package model

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// A Load is a host that many devices share. Each device's requests arrive at random (Poisson), at
// the same rate. A local inference waits at the device, an offloaded one on the uplink, at the host
// and on the downlink. Each of these stations is modelled by itself, with Poisson arrivals: this is
// exact for the first station and an approximation for those after it.
type Load struct {
	Latency Seconds // of the local inference
	Offload Offload // the offloaded inference without load
	Tenants int     // devices, this one included
	Workers int     // inferences that the host runs at once
	// SharedLink says that the devices share the link's rate, as in one radio cell; otherwise each
	// has a link of its own.
	SharedLink bool
	Others     []Stream // other work of the host
}

// Waits is a mean latency under load and the waits in it.
type Waits struct {
	Latency Seconds `json:"latency_s"` // waits included
	Device  Seconds `json:"wait_device_s"`
	Up      Seconds `json:"wait_up_s"`
	Host    Seconds `json:"wait_host_s"`
	Down    Seconds `json:"wait_down_s"`
}

// Validate returns an error that names every field that is out of its bounds.
func (l Load) Validate() error {
	errs := []error{positive("local latency", l.Latency), l.Offload.Validate()}
	if l.Tenants < 1 {
		errs = append(errs, fmt.Errorf("tenants: want at least 1, got %d", l.Tenants))
	}
	if l.Workers < 1 || l.Workers > maxServers {
		errs = append(errs, fmt.Errorf("workers: want 1 to %d, got %d", maxServers, l.Workers))
	}
	if len(l.Others) > 0 {
		_, err := Merge(l.Others...)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Local is the mean latency of local inferences that arrive at the given rate. Errors include
// *UnstableError.
func (l Load) Local(rate PerSecond) (Waits, error) {
	if err := l.Validate(); err != nil {
		return Waits{}, at("load", err)
	}
	wait, err := MGk(rate, l.Latency, 0, 1)
	if err != nil {
		return Waits{}, station("device", err)
	}
	return Waits{Latency: l.Latency + wait, Device: wait}, nil
}

// Offloaded is the mean latency of offloaded inferences that arrive at the given rate at every
// device. Errors include *UnstableError.
func (l Load) Offloaded(rate PerSecond) (Waits, error) {
	if err := l.Validate(); err != nil {
		return Waits{}, at("load", err)
	}
	onLink := rate
	if l.SharedLink {
		onLink *= PerSecond(l.Tenants)
	}
	var w Waits
	var err error
	if w.Up, err = MGk(onLink, l.Offload.Input.At(l.Offload.Link.Up), 0, 1); err != nil {
		return Waits{}, station("uplink", err)
	}
	if w.Down, err = MGk(onLink, l.Offload.Output.At(l.Offload.Link.Down), 0, 1); err != nil {
		return Waits{}, station("downlink", err)
	}
	ours := Stream{Arrivals: rate * PerSecond(l.Tenants), Service: l.Offload.Exec}
	work, err := Merge(append([]Stream{ours}, l.Others...)...)
	if err != nil {
		return Waits{}, station("host", err)
	}
	if w.Host, err = MGk(work.Arrivals, work.Service, work.SCV, l.Workers); err != nil {
		return Waits{}, station("host", err)
	}
	w.Latency = l.Offload.predict().Latency + w.Up + w.Host + w.Down
	return w, nil
}

// Capacity returns the arrival rates per device below which local and offloaded inferences are
// stable, and the station that limits the offloaded ones. offload is 0 if the host is full with
// other work.
func (l Load) Capacity() (local, offload PerSecond, bound string, err error) {
	if err := l.Validate(); err != nil {
		return 0, 0, "", at("capacity", err)
	}
	onLink := 1.0
	if l.SharedLink {
		onLink = float64(l.Tenants)
	}
	free := float64(l.Workers)
	for _, o := range l.Others {
		free -= float64(o.Arrivals) * float64(o.Service)
	}
	offload, bound = PerSecond(max(0, free)/(float64(l.Tenants)*float64(l.Offload.Exec))), "host"
	if up := PerSecond(1 / (onLink * float64(l.Offload.Input.At(l.Offload.Link.Up)))); up < offload {
		offload, bound = up, "uplink"
	}
	if down := PerSecond(1 / (onLink * float64(l.Offload.Output.At(l.Offload.Link.Down)))); down < offload {
		offload, bound = down, "downlink"
	}
	return PerSecond(1 / float64(l.Latency)), offload, bound, nil
}

// pays reports whether offloading is stable and has the lower mean latency.
func (l Load) pays(rate PerSecond) bool {
	offloaded, err := l.Offloaded(rate)
	if err != nil {
		return false
	}
	local, err := l.Local(rate)
	return err != nil || offloaded.Latency < local.Latency
}

// PayingRates returns the intervals of the arrival rate per device in which offloading has the
// lower mean latency, in ascending order. The first may start at 0, and the last may end at the
// capacity of offloading. There are none if offloading never pays.
func (l Load) PayingRates() ([]Interval[PerSecond], error) {
	_, capacity, _, err := l.Capacity()
	if err != nil {
		return nil, at("paying rates", err)
	}
	// Both latencies are smooth below their capacities, so a fine scan brackets every change. The
	// first point stands for a rate of zero.
	const steps = 4096
	var out []Interval[PerSecond]
	var from, last PerSecond
	paying := false
	for i := range steps + 1 {
		rate := capacity * PerSecond(max(float64(i), 1e-6)) / steps
		now := i < steps && l.pays(rate)
		if now != paying {
			change := rate
			switch {
			case i == 0:
				change = 0
			case i < steps || !l.pays(capacity*(1-1e-12)):
				change = bisect(last, rate, func(r PerSecond) bool { return l.pays(r) == paying })
			}
			if now {
				from = change
			} else {
				out = append(out, Interval[PerSecond]{Lo: from, Hi: change})
			}
			paying = now
		}
		last = rate
	}
	return out, nil
}

// bisect returns the greatest x in [lo, hi) for which before holds, given that it holds at lo, not
// at hi, and changes once.
func bisect[F ~float64](lo, hi F, before func(F) bool) F {
	for {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			return lo
		}
		if before(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
}

// MaxTenants is the largest number of devices, each with the given arrival rate, for which
// offloading to the shared host still has the lower mean latency: 0 if it does not pay for a single
// device. It ignores l.Tenants.
func (l Load) MaxTenants(rate PerSecond) (int, error) {
	l.Tenants = 1
	if err := at("tenants", l.Validate(), positive("arrivals", rate)); err != nil {
		return 0, err
	}
	pays := func(n int) bool {
		l.Tenants = n
		return l.pays(rate)
	}
	if !pays(1) {
		return 0, nil
	}
	// With more devices than this the host is unstable.
	bound := float64(l.Workers) / (float64(rate) * float64(l.Offload.Exec))
	if bound >= math.MaxInt32 {
		return 0, fmt.Errorf("tenants: arrivals: %v is so rare that more than %d devices can share the host",
			rate, math.MaxInt32)
	}
	return sort.Search(int(bound)+1, func(n int) bool { return !pays(n + 1) }), nil
}
