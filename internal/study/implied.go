package study

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// A Host is where inferences run, and what the rows of its platforms say about its execution times.
// The same host stands behind each of its rows, so an execution time must fit them all: if the
// ranges of the rows do not intersect, a link is wrong.
type Host struct {
	Name      string    `json:"host"`
	Platforms []string  `json:"platforms"`
	Implied   []Implied `json:"implied"`
}

// Implied is what one printed figure implies for the execution times on a host.
type Implied struct {
	Figure string  `json:"figure"` // "mean, by latency"
	Rows   []Range `json:"by_platform_s"`
	// Both is the intersection of the rows, nil if it is empty even if the print is truncated.
	Both *Range `json:"all_platforms_s"`
	// Truncated says that the rows agree only if the study truncated a figure instead of rounding it.
	Truncated bool `json:"only_if_truncated,omitempty"`

	want string // what a disagreement is about: "mean"
}

// A Range is a range of execution times; both ends belong to it. It is empty if Lo is above Hi.
type Range struct {
	Lo model.Seconds `json:"lo"`
	Hi model.Seconds `json:"hi"`
}

func (r Range) empty() bool { return r.Lo > r.Hi }

func intersect(rows []Range) Range {
	out := rows[0]
	for _, r := range rows[1:] {
		out = Range{max(out.Lo, r.Lo), min(out.Hi, r.Hi)}
	}
	return out
}

// print is how a figure was printed: rounded, so that it lies at most half a unit away, or
// truncated as well, so that it may also be up to a whole unit larger. The study rounds its tables,
// and truncates at least one figure.
type print struct{ above float64 }

var rounded, truncated = print{0.5}, print{1}

// latency returns what a printed time may have been.
func (p print) latency(ms float64) Range {
	return Range{model.Seconds((ms - 0.5) / 1e3), model.Seconds((ms + p.above) / 1e3)}
}

// waiting returns the latency that a printed energy stands for at an idle power that is known to
// half a hundredth of a watt.
func (p print) waiting(mJ float64, idle model.Watts) Range {
	return Range{
		model.Seconds((mJ - 0.5) / 1e3 / float64(idle+0.005)),
		model.Seconds((mJ + p.above) / 1e3 / float64(idle-0.005)),
	}
}

// less returns the execution times of a latency with that network time; none is below 0.
func (r Range) less(network model.Seconds) Range { return Range{max(0, r.Lo-network), r.Hi - network} }

// imply returns what a figure implies: of says what it means for the i-th platform of the host.
func imply(figure, want string, platforms int, of func(print, int) Range) Implied {
	out := Implied{Figure: figure, want: want}
	for _, p := range []print{rounded, truncated} {
		out.Rows = nil
		for i := range platforms {
			out.Rows = append(out.Rows, of(p, i))
		}
		if both := intersect(out.Rows); !both.empty() {
			out.Both, out.Truncated = &both, p == truncated
			return out
		}
	}
	return out
}

// sides are the inputs' sides in pixels, as Network.Times has them.
var sides = []string{"32", "75", "128"}

// host returns what the thresholds of one host imply.
func (a *Tables) host(name string) Host {
	h := Host{Name: name}
	var rows []Threshold
	for i, s := range thresholds {
		if s.host == name {
			rows = append(rows, a.Thresholds[i])
			h.Platforms = append(h.Platforms, s.platform)
		}
	}
	mean := func(what string, latency func(print, Threshold) Range) {
		h.Implied = append(h.Implied, imply("mean, by "+what, "mean", len(rows), func(p print, i int) Range {
			return latency(p, rows[i]).less(rows[i].Modelled.Network.Mean)
		}))
	}
	mean("latency", func(p print, t Threshold) Range { return p.latency(t.Printed.Latency.Mean * 1e3) })
	for i, idle := range a.device.Idle[:2] {
		mean("energy at "+idle.Name+" idle", func(p print, t Threshold) Range {
			printed := [...]Spread{t.Printed.HighEnergy, t.Printed.LowEnergy}[i]
			return p.waiting(printed.Mean*1e3, idle.Power)
		})
	}
	// The slowest variant on one link is the slowest on the other: the ranges must meet for one of
	// the input sizes that it may have.
	extreme := func(what string, of func(Spread) float64) {
		var found []Implied
		for _, side := range sides {
			found = append(found, imply(what+" of "+side+"x"+side, what, len(rows), func(p print, i int) Range {
				return p.latency(of(rows[i].Printed.Latency) * 1e3).less(rows[i].Modelled.Times[side])
			}))
		}
		possible := false
		for _, f := range found {
			if f.Both != nil {
				possible = true
				h.Implied = append(h.Implied, f)
			}
		}
		if !possible {
			h.Implied = append(h.Implied, found...)
		}
	}
	extreme("longest", func(s Spread) float64 { return s.Max })
	extreme("shortest", func(s Spread) float64 { return s.Min })
	return h
}

// disagreements returns a note for each figure that no execution time on the host fits.
func (h Host) disagreements() []string {
	var out []string
	said := map[string]bool{}
	for _, f := range h.Implied {
		if f.Both == nil && !said[f.want] {
			said[f.want] = true
			out = append(out, fmt.Sprintf("no %s execution time on the %s host fits the rows %s:"+
				" a link of theirs is wrong", f.want, h.Name, strings.Join(h.Platforms, " and ")))
		}
	}
	return out
}

// text prints what the rows imply.
func (h Host) text() string {
	between := func(r Range) string {
		if r.empty() {
			return "none"
		}
		return sheet.Milli(r.Lo) + " to " + sheet.Milli(r.Hi)
	}
	var t sheet.Table[Implied]
	t.Left("on the "+h.Name+" host", func(f Implied) any { return f.Figure })
	for i, p := range h.Platforms {
		t.Right(p, func(f Implied) any { return between(f.Rows[i]) })
	}
	t.Right(strconv.Itoa(len(h.Platforms))+" rows together", func(f Implied) any {
		if f.Both == nil {
			return "none"
		}
		return between(*f.Both)
	})
	t.Left("print", func(f Implied) any {
		switch {
		case f.Both == nil:
			return "-"
		case f.Truncated:
			return "truncated"
		}
		return "rounded"
	})
	return t.Text(h.Implied)
}
