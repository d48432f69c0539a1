package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// modelled is the origin of every figure that the cost model alone gives.
const modelled = "modelled"

// profileFlags say where profiles come from.
type profileFlags struct {
	Profiles string `placeholder:"FILE" help:"Lay the links, devices and hosts of this YAML file over the built-in ones."`
}

func (f profileFlags) load() (*profiles.Set, error) {
	if f.Profiles == "" {
		return profiles.BuiltIn(), nil
	}
	s, err := profiles.Load(f.Profiles)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--profiles: %w", err)
	}
	return s, nil
}

// deviceFlags say which device waits, and how.
type deviceFlags struct {
	profileFlags
	Device     string         `default:"imx8mp" placeholder:"NAME" help:"Device profile (default ${default})."`
	Idle       string         `placeholder:"NAME" help:"How the device waits: an idle mode of its profile, by default the first. imx8mp has high (awake) and low (suspended)."`
	IdlePower  *model.Watts   `placeholder:"0.91W" help:"Power while the device waits, instead of --idle."`
	WakeTime   *model.Seconds `placeholder:"300ms" help:"Time to wake up from a suspended idle mode."`
	WakeEnergy *model.Joules  `placeholder:"400mJ" help:"Energy to wake up from a suspended idle mode."`
}

// A scene is what the flags say beside the inference itself.
type scene struct {
	profiles *profiles.Set
	device   model.Device
	idle     model.Idle
	links    []model.Link
}

// scene loads the profiles and looks up what the flags and links name.
func (f deviceFlags) scene(links ...string) (scene, error) {
	set, err := f.load()
	if err != nil {
		return scene{}, err
	}
	s := scene{profiles: set}
	if s.device, err = set.Device(f.Device); err != nil {
		return scene{}, exit.Errorf(exit.Usage, "--device: %w", err)
	}
	if s.idle, err = f.mode(s.device); err != nil {
		return scene{}, err
	}
	for _, name := range links {
		l, err := set.Link(name)
		if err != nil {
			return scene{}, exit.Errorf(exit.Usage, "--link: %w", err)
		}
		s.links = append(s.links, l)
	}
	return s, nil
}

// mode returns how the device waits. A power that the device's profile has
// under a name is that mode, so that --idle-power 0.91W on a board which
// suspends at 0.91 W is still a lower bound.
func (f deviceFlags) mode(d model.Device) (model.Idle, error) {
	idle := d.Idle[0]
	switch {
	case f.Idle != "" && f.IdlePower != nil:
		return idle, exit.Errorf(exit.Usage, "--idle and --idle-power exclude each other")
	case f.Idle != "":
		var err error
		if idle, err = d.IdleMode(f.Idle); err != nil {
			return idle, exit.Errorf(exit.Usage, "--idle: %w", err)
		}
	case f.IdlePower != nil:
		idle = model.Idle{Name: "given", Power: *f.IdlePower}
		for _, i := range d.Idle {
			if i.Power == *f.IdlePower {
				idle = i
			}
		}
	}
	if (f.WakeTime != nil || f.WakeEnergy != nil) && !idle.Suspends {
		return idle, exit.Errorf(exit.Usage, "--wake-time and --wake-energy: device %s does not suspend in idle mode %s; choose one that does with --idle", d.Name, idle.Name)
	}
	if f.WakeTime != nil {
		idle.WakeTime = f.WakeTime
	}
	if f.WakeEnergy != nil {
		idle.WakeEnergy = f.WakeEnergy
	}
	return idle, nil
}

// tcpFlag adds slow start to the study's equations.
type tcpFlag struct {
	TCP bool `name:"tcp" help:"Add the round trips of a TCP connection that has paused (initial window of 10 segments of 1460 bytes, slow start)."`
}

func (f tcpFlag) tcp() *model.TCP {
	if !f.TCP {
		return nil
	}
	return model.DefaultTCP()
}

// usage turns an error of the model, which names the field, into a usage error.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return exit.Errorf(exit.Usage, "%w", err)
}

// An estimate is a figure with its interval: "30ms" or "30ms+-2ms".
type estimate[Q model.Quantity] struct {
	value  Q
	within model.Interval[Q]
}

// UnmarshalText reads a quantity, and after +- or ± how far it may be off.
func (e *estimate[Q]) UnmarshalText(b []byte) error {
	value, spread, interval := strings.Cut(strings.ReplaceAll(string(b), "±", "+-"), "+-")
	v, err := model.Parse[Q](strings.TrimSpace(value))
	if err != nil {
		return err
	}
	*e = estimate[Q]{value: v}
	if !interval {
		return nil
	}
	d, err := model.Parse[Q](strings.TrimSpace(spread))
	if err != nil {
		return err
	}
	if d >= v {
		return fmt.Errorf("%q reaches down to zero or below", b)
	}
	e.within = model.Interval[Q]{Lo: v - d, Hi: v + d}
	return nil
}

func (e estimate[Q]) String() string {
	if e.within == (model.Interval[Q]{}) {
		return fmt.Sprint(e.value)
	}
	return fmt.Sprintf("%v (%v to %v)", e.value, model.Round(e.within.Lo, 4), model.Round(e.within.Hi, 4))
}

// sheet is a table for people: headings that say the unit, figures aligned
// right, no frame.
type sheet struct{ table.Writer }

func newSheet(headings ...string) sheet {
	t := sheet{table.NewWriter()}
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.AppendHeader(row(headings))
	return t
}

func row(cells []string) table.Row {
	var r table.Row
	for _, c := range cells {
		r = append(r, c)
	}
	return r
}

// add appends a row of text.
func (t sheet) add(cells ...string) { t.AppendRow(row(cells)) }

// print writes the table with the columns from the given one on aligned right.
func (t sheet) print(w io.Writer, right int) {
	var columns []table.ColumnConfig
	for i := right; i < 40; i++ {
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for line := range strings.Lines(t.Render() + "\n") {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// in prints v in units of one, such as milliseconds for 1e-3.
func in[Q model.Quantity](v Q, one float64) string { return fmt.Sprintf("%.3f", float64(v)/one) }

// perhaps prints v as in does, and a question mark where it is not known.
func perhaps[Q model.Quantity](v *Q, one float64) string {
	if v == nil {
		return "?"
	}
	return in(*v, one)
}

// bound marks a figure that lacks something as the lower bound it is.
func bound(figure string, missing []string) string {
	if len(missing) > 0 {
		return ">=" + figure
	}
	return figure
}

// notes collects remarks without saying one twice.
type notes []string

func (n *notes) add(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(*n, s) {
		*n = append(*n, s)
	}
}

// lacks says what is not counted, and that this makes lower bounds.
func (n *notes) lacks(missing []string) {
	if len(missing) > 0 {
		n.add("%s: not known and not counted, so figures marked >= are lower bounds", strings.Join(missing, ", "))
	}
}

func (n notes) print(w io.Writer) {
	for _, s := range n {
		fmt.Fprintf(w, "note: %s\n", s)
	}
}

// writeJSON prints v for programs.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// idleJSON is how a device waits.
type idleJSON struct {
	Name       string         `json:"name"`
	Power      model.Watts    `json:"power_W"`
	Suspends   bool           `json:"suspends"`
	WakeTime   *model.Seconds `json:"wake_time_s"`
	WakeEnergy *model.Joules  `json:"wake_energy_J"`
}

type payloadJSON struct {
	Name string      `json:"name"`
	Size model.Bytes `json:"bytes"`
}

// list returns an empty list for nil, so that JSON shows [] and not null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// localEnergy is the energy of the local inference: as given, or the device's
// active power times the latency, or not known.
func localEnergy(given *estimate[model.Joules], d model.Device, latency model.Seconds) (*model.Joules, model.Interval[model.Joules], error) {
	switch {
	case given != nil && latency == 0:
		return nil, model.Interval[model.Joules]{}, exit.Errorf(exit.Usage, "--local-energy: give the latency of the local inference too, with --local")
	case given != nil:
		return &given.value, given.within, nil
	case latency == 0:
		return nil, model.Interval[model.Joules]{}, nil
	}
	if e := d.LocalEnergy(latency); e.Complete() {
		return &e.Joules, model.Interval[model.Joules]{}, nil
	}
	return nil, model.Interval[model.Joules]{}, nil
}
