package costs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// Waiting answers how long requests wait at a shared host.
type Waiting struct {
	Origin          names.Origin    `json:"origin"`
	Device          string          `json:"device"`
	Link            string          `json:"link"`
	Tenants         int             `json:"tenants"`
	Workers         int             `json:"workers"`
	LocalCapacity   model.PerSecond `json:"local_capacity_per_s"`
	OffloadCapacity model.PerSecond `json:"offload_capacity_per_s"`
	Bottleneck      string          `json:"offload_bottleneck"`
	Paying          []Rates         `json:"offloading_pays"`
	Loads           []LoadPoint     `json:"loads"`

	scene   Scene
	missing []string // of the offloaded latency
}

// Rates is an interval of arrival rates per device.
type Rates struct {
	From model.PerSecond `json:"from_per_s"`
	To   model.PerSecond `json:"to_per_s"`
}

// A LoadPoint is the latency at one arrival rate. An unstable side is nil, and its overloaded
// station is named instead.
type LoadPoint struct {
	Origin          names.Origin         `json:"origin"`
	Rate            model.PerSecond      `json:"arrivals_per_s"`
	Local           *model.Waits         `json:"local"`
	LocalUnstable   *model.UnstableError `json:"local_unstable,omitempty"`
	Offload         *model.Waits         `json:"offload"`
	OffloadUnstable *model.UnstableError `json:"offload_unstable,omitempty"`
	Pays            bool                 `json:"offloading_pays"`
	MaxTenants      int                  `json:"max_tenants"` // devices for which offloading pays at this rate
}

// Queue computes how long a scene's inferences wait if devices share the host, and at which arrival
// rates offloading pays. The scene has one link and one input, and gives load its inference.
// Arrivals are Poisson, service times constant. rates are arrival rates per device; nil for a sweep
// until both sides are unstable. Errors name the field that is out of its bounds.
func Queue(s Scene, load model.Load, rates []model.PerSecond) (*Waiting, error) {
	all := s.offloads()
	if len(all) != 1 {
		return nil, fmt.Errorf("queue: want one link and one input, got %d combinations", len(all))
	}
	load.Latency, load.Offload = s.Local.Latency.Value, all[0].Offload
	a := &Waiting{
		Origin: names.Modelled, Device: s.Device.Name, Link: load.Offload.Link.Name,
		Tenants: load.Tenants, Workers: load.Workers, Paying: []Rates{}, scene: s,
	}
	var err error
	if a.LocalCapacity, a.OffloadCapacity, a.Bottleneck, err = load.Capacity(); err != nil {
		return nil, err
	}
	if rates == nil {
		rates = sweep(a.LocalCapacity, a.OffloadCapacity)
	}
	for _, rate := range rates {
		l, err := at(load, rate)
		if err != nil {
			return nil, err
		}
		a.Loads = append(a.Loads, l)
	}
	paying, err := load.PayingRates()
	if err != nil {
		return nil, err
	}
	for _, i := range paying {
		a.Paying = append(a.Paying, Rates{i.Lo, i.Hi})
	}
	p, err := model.Predict(load.Offload)
	a.missing = p.LatencyMissing
	return a, err
}

// sweep returns arrival rates for a table. Latencies rise steeply close to the capacities: the
// rates are dense below the smaller one, and go on between both, where only one side is stable.
func sweep(local, offload model.PerSecond) []model.PerSecond {
	var rates []model.PerSecond
	less, more := min(local, offload), max(local, offload)
	for _, share := range []model.PerSecond{0.1, 0.25, 0.5, 0.75, 0.9, 0.95} {
		if less > 0 { // 0 if other work fills the host
			rates = append(rates, model.Round(less*share, 3))
		}
	}
	for _, share := range []model.PerSecond{0.25, 0.5, 0.75, 0.95} {
		rates = append(rates, model.Round(less+(more-less)*share, 3))
	}
	return rates
}

// at returns the load at one arrival rate.
func at(load model.Load, rate model.PerSecond) (LoadPoint, error) {
	l := LoadPoint{Origin: names.Modelled, Rate: rate}
	var err error
	if l.Local, l.LocalUnstable, err = stable(load.Local(rate)); err != nil {
		return l, err
	}
	if l.Offload, l.OffloadUnstable, err = stable(load.Offloaded(rate)); err != nil {
		return l, err
	}
	l.Pays = l.Offload != nil && (l.Local == nil || l.Offload.Latency < l.Local.Latency)
	l.MaxTenants, err = load.MaxTenants(rate)
	return l, err
}

// stable returns the waits, or the station that is unstable.
func stable(w model.Waits, err error) (*model.Waits, *model.UnstableError, error) {
	if u, ok := errors.AsType[*model.UnstableError](err); ok {
		return nil, u, nil
	}
	return &w, nil, err
}

// Text returns the waits as a table.
func (a *Waiting) Text() string {
	var t sheet.Table[LoadPoint]
	// wait adds a part of a latency; unstable is its cell at rates where that side is unstable.
	wait := func(heading, unstable string, side func(LoadPoint) *model.Waits, of func(*model.Waits) model.Seconds) {
		t.Right(heading, func(l LoadPoint) any {
			if w := side(l); w != nil {
				return sheet.Milli(of(w))
			}
			return unstable
		})
	}
	local := func(l LoadPoint) *model.Waits { return l.Local }
	offload := func(l LoadPoint) *model.Waits { return l.Offload }
	t.Right("arrivals/s", func(l LoadPoint) any { return fmt.Sprintf("%.4g", l.Rate) })
	wait("local ms", "unstable", local, func(w *model.Waits) model.Seconds { return w.Latency })
	wait("wait device", "-", local, func(w *model.Waits) model.Seconds { return w.Device })
	wait("offload ms", "unstable", offload, func(w *model.Waits) model.Seconds { return w.Latency })
	wait("wait up", "-", offload, func(w *model.Waits) model.Seconds { return w.Up })
	wait("wait host", "-", offload, func(w *model.Waits) model.Seconds { return w.Host })
	wait("wait down", "-", offload, func(w *model.Waits) model.Seconds { return w.Down })
	t.Right("pays", func(l LoadPoint) any {
		if l.Pays {
			return "yes"
		}
		return "no"
	})
	t.Right("pays up to devices", func(l LoadPoint) any { return l.MaxTenants })
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s, each taking %v itself or offloading %v over %s to a shared host "+
		"that takes %v, %d at a time. Origin: %s.\n\n",
		a.Tenants, a.Device, a.scene.Local.Latency, a.scene.Inputs[0], a.Link, a.scene.Exec, a.Workers, a.Origin)
	b.WriteString(t.Text(a.Loads))
	fmt.Fprintf(&b, "\nstable below %.4g/s per device locally, below %.4g/s offloaded (limited by the %s)\n",
		a.LocalCapacity, a.OffloadCapacity, a.Bottleneck)
	if len(a.Paying) == 0 {
		b.WriteString("offloading pays at no arrival rate\n")
	}
	for _, i := range a.Paying {
		fmt.Fprintf(&b, "offloading pays from %.4g/s to %.4g/s", i.From, i.To)
		if i.To == a.OffloadCapacity {
			b.WriteString(", where the " + a.Bottleneck + " is full")
		}
		b.WriteString("\n")
	}
	var n sheet.Notes
	n.AddMissing(a.missing)
	return b.String() + n.Text()
}
