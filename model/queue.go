package model

import (
	"errors"
	"fmt"
	"math"
)

// UnstableError says that requests arrive faster than they are served: the
// queue grows without bound and has no mean wait.
type UnstableError struct {
	Where       string  // "host", "uplink"
	Utilization float64 // requested over possible work; 1 or above
}

func (e *UnstableError) Error() string {
	return fmt.Sprintf("%s: the queue is unstable at a utilization of %.4g; it has a mean wait below 1 only", e.Where, e.Utilization)
}

// maxServers bounds the recursion of ErlangC.
const maxServers = 1_000_000

// load validates a queue and returns its utilization.
func load(arrivals PerSecond, service Seconds, servers int) (float64, error) {
	errs := []error{positive("arrivals", arrivals), positive("service time", service)}
	if servers < 1 || servers > maxServers {
		errs = append(errs, fmt.Errorf("servers: want 1 to %d, got %d", maxServers, servers))
	}
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	rho := float64(arrivals) * float64(service) / float64(servers)
	if rho >= 1 {
		return rho, &UnstableError{Where: "queue", Utilization: rho}
	}
	return rho, nil
}

// MD1 is the mean wait in a queue with Poisson arrivals, one server and a
// constant service time s, at utilization rho = arrivals * s:
//
//	W = s * rho / (2 * (1 - rho))
//
// It is MG1 without variation.
func MD1(arrivals PerSecond, service Seconds) (Seconds, error) {
	return MG1(arrivals, service, 0)
}

// MG1 is the mean wait in a queue with Poisson arrivals and one server whose
// service time has the given mean and squared coefficient of variation (scv,
// variance over squared mean): the formula of Pollaczek and Khinchine,
//
//	W = mean * rho * (1 + scv) / (2 * (1 - rho))
func MG1(arrivals PerSecond, mean Seconds, scv float64) (Seconds, error) {
	return MGk(arrivals, mean, scv, 1)
}

// ErlangC is the probability that an arrival finds all servers busy in a queue
// with Poisson arrivals and exponential service times; offered is the load in
// erlangs, arrivals times mean service time, below the number of servers.
func ErlangC(offered float64, servers int) (float64, error) {
	rho, err := load(PerSecond(offered), 1, servers)
	if err != nil {
		return 0, at("Erlang C", err)
	}
	// By Erlang B's recursion, which neither overflows nor cancels.
	b := 1.0
	for i := 1; i <= servers; i++ {
		b = offered * b / (float64(i) + offered*b)
	}
	return b / (1 - rho*(1-b)), nil
}

// MMk is the mean wait in a queue with Poisson arrivals, exponential service
// times of the given mean and k servers:
//
//	W = ErlangC(a, k) * mean / (k - a),  a = arrivals * mean
func MMk(arrivals PerSecond, mean Seconds, k int) (Seconds, error) {
	if _, err := load(arrivals, mean, k); err != nil {
		return 0, at("queue", err)
	}
	offered := float64(arrivals) * float64(mean)
	c, err := ErlangC(offered, k)
	if err != nil {
		return 0, err
	}
	wait := c * float64(mean) / (float64(k) - offered)
	if !finite(wait) {
		return 0, fmt.Errorf("queue: service time: %v is so large that the wait is no finite number", mean)
	}
	return Seconds(wait), nil
}

// MDk is the mean wait in a queue with Poisson arrivals, a constant service
// time and k servers. It has no closed form; this is the approximation of
// Cosmetatos with the bound that Whitt (1993) sets for light load:
//
//	W = (1 + g) / 2 * MMk,  g = min(0.24, (1-rho) * (k-1) * (sqrt(4+5k)-2) / (16*k*rho))
//
// It is exact for k = 1. For up to 64 servers it is within 1 % of Crommelin's
// exact series where the wait is a twentieth of the service time or longer, and
// within 0.3 % of a service time everywhere; a test holds it to that.
func MDk(arrivals PerSecond, service Seconds, k int) (Seconds, error) {
	return MGk(arrivals, service, 0, k)
}

// MGk is the mean wait in a queue with Poisson arrivals and k servers whose
// service time has the given mean and squared coefficient of variation. Up to
// scv = 1 it lies on the line between MDk and MMk, above it is that of Lee and
// Longton, (1 + scv) / 2 * MMk. It is exact for k = 1, and for exponential
// service times; else it is an approximation from two moments, within 5 % in
// the simulations of the tests.
func MGk(arrivals PerSecond, mean Seconds, scv float64, k int) (Seconds, error) {
	if !(scv >= 0) || math.IsInf(scv, 0) {
		return 0, fmt.Errorf("queue: scv: want a number of zero or above, got %v", scv)
	}
	exponential, err := MMk(arrivals, mean, k)
	if err != nil {
		return 0, err
	}
	if scv > 1 {
		wait := Seconds((1+scv)/2) * exponential
		if !finite(float64(wait)) {
			return 0, fmt.Errorf("queue: scv: %v is so large that the wait is no finite number", scv)
		}
		return wait, nil
	}
	n := float64(k)
	rho := float64(arrivals) * float64(mean) / n
	g := min(0.24, (1-rho)*(n-1)*(math.Sqrt(4+5*n)-2)/(16*n*rho))
	constant := Seconds((1+g)/2) * exponential
	return Seconds(scv)*exponential + Seconds(1-scv)*constant, nil
}

// A Stream is the work that one tenant gives a host.
type Stream struct {
	Arrivals PerSecond
	Service  Seconds // mean
	SCV      float64 // squared coefficient of variation of the service time
}

// Merge adds up streams: Poisson streams together are one, whose service time
// is the mixture of theirs.
func Merge(streams ...Stream) (Stream, error) {
	if len(streams) == 0 {
		return Stream{}, errors.New("merge: there are no streams")
	}
	var rate, work, square float64
	for i, s := range streams {
		err := errors.Join(positive("arrivals", s.Arrivals), positive("service time", s.Service))
		if !(s.SCV >= 0) || math.IsInf(s.SCV, 0) {
			err = errors.Join(err, fmt.Errorf("scv: want a number of zero or above, got %v", s.SCV))
		}
		if err != nil {
			return Stream{}, fmt.Errorf("merge: stream %d: %w", i+1, err)
		}
		a, m := float64(s.Arrivals), float64(s.Service)
		rate += a
		work += a * m
		square += a * m * m * (1 + s.SCV)
	}
	mean := work / rate
	return Stream{Arrivals: PerSecond(rate), Service: Seconds(mean), SCV: max(0, square/rate/(mean*mean)-1)}, nil
}

// A Load is a host that many devices share. Requests of each device arrive at
// random (Poisson) at the same rate. They wait where something is busy: at the
// device for a local inference, else on the uplink, at the host and on the
// downlink. The stations are taken one by one, each with Poisson arrivals,
// which is exact for the first and an approximation after it.
type Load struct {
	// Latency is that of the local inference.
	Latency Seconds
	// Offload is the offloaded inference, alone.
	Offload Offload
	// Tenants is the number of devices, this one included.
	Tenants int
	// Workers is the number of inferences that the host runs at a time.
	Workers int
	// SharedLink tells that the devices share the link's rate, as those of one
	// radio cell do; else each has its own.
	SharedLink bool
	// Others is further work of the host.
	Others []Stream
}

// Waits is a mean latency under load and where its waits are.
type Waits struct {
	Latency                Seconds // all of it
	Device, Up, Host, Down Seconds // waits
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

// Local is the mean latency of local inferences that arrive at the given rate.
// Errors include *UnstableError.
func (l Load) Local(rate PerSecond) (Waits, error) {
	if err := l.Validate(); err != nil {
		return Waits{}, fmt.Errorf("load: %w", err)
	}
	wait, err := MD1(rate, l.Latency)
	if err != nil {
		return Waits{}, at("device", err)
	}
	return Waits{Latency: l.Latency + wait, Device: wait}, nil
}

// Offloaded is the mean latency of offloaded inferences that arrive at the
// given rate at every device. Errors include *UnstableError.
func (l Load) Offloaded(rate PerSecond) (Waits, error) {
	if err := l.Validate(); err != nil {
		return Waits{}, fmt.Errorf("load: %w", err)
	}
	onLink := rate
	if l.SharedLink {
		onLink *= PerSecond(l.Tenants)
	}
	var w Waits
	var err error
	if w.Up, err = MD1(onLink, l.Offload.Input.At(l.Offload.Link.Up)); err != nil {
		return Waits{}, at("uplink", err)
	}
	if w.Down, err = MD1(onLink, l.Offload.Output.At(l.Offload.Link.Down)); err != nil {
		return Waits{}, at("downlink", err)
	}
	ours := Stream{Arrivals: rate * PerSecond(l.Tenants), Service: l.Offload.Exec}
	work, err := Merge(append([]Stream{ours}, l.Others...)...)
	if err != nil {
		return Waits{}, at("host", err)
	}
	if w.Host, err = MGk(work.Arrivals, work.Service, work.SCV, l.Workers); err != nil {
		return Waits{}, at("host", err)
	}
	w.Latency = l.Offload.predict().Latency + w.Up + w.Host + w.Down
	return w, nil
}

// at names the station in an error.
func at(where string, err error) error {
	if u, ok := errors.AsType[*UnstableError](err); ok {
		return &UnstableError{Where: where, Utilization: u.Utilization}
	}
	return fmt.Errorf("%s: %w", where, err)
}

// Capacity returns the arrival rates a device below which local and offloaded
// inferences are stable, and the station that bounds the latter. offload is 0
// when the other work alone fills the host.
func (l Load) Capacity() (local, offload PerSecond, bound string, err error) {
	if err := l.Validate(); err != nil {
		return 0, 0, "", fmt.Errorf("capacity: %w", err)
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

// PayingRates returns the intervals of the arrival rate a device in which
// offloading has the lower mean latency, in ascending order. An interval may
// start at 0; the last may end at the offload's capacity. It is empty when
// offloading never pays.
func (l Load) PayingRates() ([]Interval[PerSecond], error) {
	_, capacity, _, err := l.Capacity()
	if err != nil {
		return nil, fmt.Errorf("paying rates: %w", err)
	}
	pays := func(rate PerSecond) bool {
		offloaded, err := l.Offloaded(rate)
		if err != nil {
			return false
		}
		local, err := l.Local(rate)
		return err != nil || offloaded.Latency < local.Latency
	}
	// Both latencies are smooth between their capacities, and a fine scan brackets
	// every change; the first point stands for a rate of zero.
	const steps = 4096
	var out []Interval[PerSecond]
	var from, last PerSecond
	paying := false
	for i := range steps + 1 {
		rate := capacity * PerSecond(max(float64(i), 1e-6)) / steps
		now := i < steps && pays(rate)
		if now != paying {
			change := rate
			switch {
			case i == 0:
				change = 0
			case i < steps || !pays(capacity*(1-1e-12)):
				change = bisect(last, rate, func(r PerSecond) bool { return pays(r) == paying })
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

// bisect returns the greatest x in [lo, hi) for which before holds, given that
// it holds at lo, not at hi, and changes once.
func bisect(lo, hi PerSecond, before func(PerSecond) bool) PerSecond {
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

// MaxTenants is the greatest number of devices sharing the host at which
// offloading still has the lower mean latency, each with the given arrival
// rate: 0 when it does not pay for a single one. l.Tenants is not looked at.
func (l Load) MaxTenants(rate PerSecond) (int, error) {
	l.Tenants = 1
	if err := errors.Join(l.Validate(), positive("arrivals", rate)); err != nil {
		return 0, fmt.Errorf("tenants: %w", err)
	}
	local := math.Inf(1)
	if w, err := l.Local(rate); err == nil {
		local = float64(w.Latency)
	}
	pays := func(n int) bool {
		l.Tenants = n
		w, err := l.Offloaded(rate)
		return err == nil && float64(w.Latency) < local
	}
	if !pays(1) {
		return 0, nil
	}
	// Beyond this many the host itself is unstable.
	bound := float64(l.Workers) / (float64(rate) * float64(l.Offload.Exec))
	if bound >= math.MaxInt32 {
		return 0, fmt.Errorf("tenants: arrivals: %v is so rare that more than %d devices may share the host", rate, math.MaxInt32)
	}
	lo, hi := 1, int(bound)+2
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; pays(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, nil
}
