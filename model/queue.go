package model

import (
	"errors"
	"fmt"
	"math"
)

// UnstableError says that requests arrive faster than they are served: the queue grows without
// bound and has no mean wait.
type UnstableError struct {
	Where       string  `json:"where"`       // "host", "uplink"
	Utilization float64 `json:"utilization"` // requested work over possible work; at least 1
}

func (e *UnstableError) Error() string {
	return fmt.Sprintf("%s: the queue is unstable at a utilization of %.4g; it has a mean wait only below 1",
		e.Where, e.Utilization)
}

// maxServers bounds the recursion of ErlangC.
const maxServers = 1_000_000

// load checks a queue's parameters and returns its utilization.
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

// ErlangC is the probability that an arrival finds all servers busy in a queue with Poisson
// arrivals and exponential service times; offered is the load in erlangs, arrivals times mean
// service time, below the number of servers.
func ErlangC(offered float64, servers int) (float64, error) {
	rho, err := load(PerSecond(offered), 1, servers)
	if err != nil {
		return 0, station("Erlang C", err)
	}
	// Erlang B's recursion neither overflows nor loses digits to cancellation.
	b := 1.0
	for i := 1; i <= servers; i++ {
		b = offered * b / (float64(i) + offered*b)
	}
	return b / (1 - rho*(1-b)), nil
}

// MMk is the mean wait in a queue with Poisson arrivals, exponential service times of the given
// mean and k servers:
//
//	W = ErlangC(a, k) * mean / (k - a),  a = arrivals * mean
func MMk(arrivals PerSecond, mean Seconds, k int) (Seconds, error) {
	if _, err := load(arrivals, mean, k); err != nil {
		return 0, station("queue", err)
	}
	offered := float64(arrivals) * float64(mean)
	c, err := ErlangC(offered, k)
	if err != nil {
		return 0, err
	}
	wait := c * float64(mean) / (float64(k) - offered)
	if !finite(wait) {
		return 0, fmt.Errorf("queue: service time: %v is so large that the wait is not finite", mean)
	}
	return Seconds(wait), nil
}

// MGk is the mean wait in a queue with Poisson arrivals and k servers whose service time has the
// given mean and squared coefficient of variation (scv, variance over squared mean). With one server
// it is the formula of Pollaczek and Khinchine, at utilization rho = arrivals * mean:
//
//	W = mean * rho * (1 + scv) / (2 * (1 - rho))
//
// A constant service time (scv = 0) has no closed form for more servers; this is the approximation
// by Cosmetatos with the bound by Whitt (1993) for light load:
//
//	W = (1 + g) / 2 * MMk,  g = min(0.24, (1-rho) * (k-1) * (sqrt(4+5k)-2) / (16*k*rho))
//
// For up to 64 servers its error against Crommelin's exact series is at most 1 % if the wait is at
// least a twentieth of the service time, and at most 0.3 % of a service time otherwise, as a test
// checks.
//
// Up to scv = 1 the wait is interpolated linearly between that and MMk; above, it is the formula of
// Lee and Longton, (1 + scv) / 2 * MMk. It is exact for k = 1 and for exponential service times.
// Otherwise it is an approximation from two moments, within 5 % of the simulations in the tests.
func MGk(arrivals PerSecond, mean Seconds, scv float64, k int) (Seconds, error) {
	if err := checkSCV(scv); err != nil {
		return 0, at("queue", err)
	}
	exponential, err := MMk(arrivals, mean, k)
	if err != nil {
		return 0, err
	}
	if scv > 1 {
		wait := Seconds((1+scv)/2) * exponential
		if !finite(float64(wait)) {
			return 0, fmt.Errorf("queue: scv: %v is so large that the wait is not finite", scv)
		}
		return wait, nil
	}
	n := float64(k)
	rho := float64(arrivals) * float64(mean) / n
	g := min(0.24, (1-rho)*(n-1)*(math.Sqrt(4+5*n)-2)/(16*n*rho))
	constant := Seconds((1+g)/2) * exponential
	return Seconds(scv)*exponential + Seconds(1-scv)*constant, nil
}

func checkSCV(scv float64) error {
	if !(scv >= 0) || math.IsInf(scv, 0) {
		return fmt.Errorf("scv: want a number of zero or above, got %v", scv)
	}
	return nil
}

// station puts the station's name into an error.
func station(name string, err error) error {
	if u, ok := errors.AsType[*UnstableError](err); ok {
		return &UnstableError{Where: name, Utilization: u.Utilization}
	}
	return at(name, err)
}
