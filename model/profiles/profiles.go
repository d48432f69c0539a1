// Package profiles holds the links, devices and hosts that Crossover knows by
// name. Those built in are three YAML files beside this one, each figure with
// its source; a user's own file has the same form and is laid over them, entry
// by entry:
//
//	links:
//	  - name: factory-wifi
//	    latency: 4ms            # one way
//	    up: 12Mbit/s
//	    down: 30Mbit/s
//	    energy-up: 150nJ/B      # optional: without it energies are incomplete
//	    energy-down: 120nJ/B
//	    jitter: {distribution: exponential, mean: 2ms}   # optional
//	    loss: {probability: 0.01, retransmit: 200ms}     # optional
//	    source: measured on the shop floor
//	devices:
//	  - name: my-board
//	    idle:
//	      - {name: awake, power: 1.2W, source: bench supply}
//	      - {name: suspended, power: 80mW, suspends: true, wake-time: 300ms, wake-energy: 400mJ, source: bench supply}
//	    active: 4.1W            # optional: while it runs an inference
//	    memories:
//	      - {name: L1, size: 32KiB}
//	    source: data sheet and bench supply
//	hosts:
//	  - {name: my-server, active: 180W, source: wall meter}
//
// Unknown keys, wrong units and missing fields are refused with file, line and
// the nearest known key.
package profiles

import (
	"embed"
	"encoding"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/strictyaml"
	"github.com/crossover-bench/crossover/model"
)

//go:embed links.yaml devices.yaml hosts.yaml
var builtin embed.FS

// A Set is what is known by name. Later entries of the same name replace
// earlier ones whole.
type Set struct {
	links   []model.Link
	devices []model.Device
	hosts   []model.Host
}

var builtIn = sync.OnceValue(func() *Set {
	s := &Set{}
	for _, name := range []string{"links.yaml", "devices.yaml", "hosts.yaml"} {
		data, err := builtin.ReadFile(name)
		if err == nil {
			err = s.merge(name, data)
		}
		if err != nil {
			panic("the built-in profiles are broken: " + err.Error())
		}
	}
	return s
})

// BuiltIn returns the profiles that come with Crossover.
func BuiltIn() *Set { return builtIn().clone() }

// Links returns the built-in links.
func Links() []model.Link { return builtIn().Links() }

// Link returns the built-in link of that name.
func Link(name string) (model.Link, error) { return builtIn().Link(name) }

// Load returns the built-in profiles with those of the named file laid over
// them. Faults in the file are *strictyaml.Error.
func Load(file string) (*Set, error) {
	var raw document
	if err := strictyaml.Read(file, &raw); err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	s := BuiltIn()
	if err := s.add(file, raw); err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	return s, nil
}

// Links returns all links, in the order of their files.
func (s *Set) Links() []model.Link { return slices.Clone(s.links) }

// Devices returns all devices, in the order of their files.
func (s *Set) Devices() []model.Device { return slices.Clone(s.devices) }

// Hosts returns all hosts, in the order of their files.
func (s *Set) Hosts() []model.Host { return slices.Clone(s.hosts) }

// Link returns the link of that name.
func (s *Set) Link(name string) (model.Link, error) {
	return find("link", name, s.links, func(l model.Link) string { return l.Name })
}

// Device returns the device of that name.
func (s *Set) Device(name string) (model.Device, error) {
	return find("device", name, s.devices, func(d model.Device) string { return d.Name })
}

// Host returns the host of that name.
func (s *Set) Host(name string) (model.Host, error) {
	return find("host", name, s.hosts, func(h model.Host) string { return h.Name })
}

// WriteLink writes one link as a file that Load reads.
func WriteLink(w io.Writer, l model.Link) error {
	if err := l.Validate(); err != nil {
		return fmt.Errorf("write link: %w", err)
	}
	out := yaml.MapSlice{
		{Key: "name", Value: l.Name},
		{Key: "latency", Value: l.OneWay.String()},
		{Key: "up", Value: l.Up.String()},
		{Key: "down", Value: l.Down.String()},
	}
	if l.EnergyUp != nil {
		out = append(out, yaml.MapItem{Key: "energy-up", Value: l.EnergyUp.String()})
	}
	if l.EnergyDown != nil {
		out = append(out, yaml.MapItem{Key: "energy-down", Value: l.EnergyDown.String()})
	}
	if j := l.Jitter; j != nil {
		out = append(out, yaml.MapItem{Key: "jitter", Value: yaml.MapSlice{
			{Key: "distribution", Value: j.Distribution},
			{Key: "mean", Value: j.Mean.String()},
		}})
	}
	if l := l.Loss; l != nil {
		out = append(out, yaml.MapItem{Key: "loss", Value: yaml.MapSlice{
			{Key: "probability", Value: l.Probability},
			{Key: "retransmit", Value: l.Retransmit.String()},
		}})
	}
	out = append(out, yaml.MapItem{Key: "source", Value: l.Source})
	data, err := yaml.Marshal(yaml.MapSlice{{Key: "links", Value: []yaml.MapSlice{out}}})
	if err != nil {
		return fmt.Errorf("write link: %w", err)
	}
	_, err = w.Write(data)
	return err
}

func (s *Set) clone() *Set {
	return &Set{links: slices.Clone(s.links), devices: slices.Clone(s.devices), hosts: slices.Clone(s.hosts)}
}

func find[T any](kind, name string, all []T, nameOf func(T) string) (T, error) {
	var known []string
	for _, v := range all {
		if nameOf(v) == name {
			return v, nil
		}
		known = append(known, nameOf(v))
	}
	var none T
	if near := names.Nearest(name, known); near != "" {
		return none, fmt.Errorf("no %s is called %q; did you mean %q?", kind, name, near)
	}
	return none, fmt.Errorf("no %s is called %q; known are %s", kind, name, strings.Join(known, ", "))
}

// put replaces the entry of the same name or appends v.
func put[T any](all []T, v T, nameOf func(T) string) []T {
	for i := range all {
		if nameOf(all[i]) == nameOf(v) {
			all[i] = v
			return all
		}
	}
	return append(all, v)
}

// document is a profile file.
type document struct {
	Links   []rawLink   `yaml:"links"`
	Devices []rawDevice `yaml:"devices"`
	Hosts   []rawHost   `yaml:"hosts"`
}

type rawLink struct {
	Name       field[string]               `yaml:"name"`
	Latency    field[model.Seconds]        `yaml:"latency"`
	Up         field[model.BytesPerSecond] `yaml:"up"`
	Down       field[model.BytesPerSecond] `yaml:"down"`
	EnergyUp   field[model.JoulesPerByte]  `yaml:"energy-up"`
	EnergyDown field[model.JoulesPerByte]  `yaml:"energy-down"`
	Jitter     *struct {
		Distribution field[string]        `yaml:"distribution"`
		Mean         field[model.Seconds] `yaml:"mean"`
	} `yaml:"jitter"`
	Loss *struct {
		Probability field[float64]       `yaml:"probability"`
		Retransmit  field[model.Seconds] `yaml:"retransmit"`
	} `yaml:"loss"`
	Source field[string] `yaml:"source"`
}

type rawDevice struct {
	Name     field[string]      `yaml:"name"`
	Idle     []rawIdle          `yaml:"idle"`
	Active   field[model.Watts] `yaml:"active"`
	Memories []rawMemory        `yaml:"memories"`
	Source   field[string]      `yaml:"source"`
}

type rawIdle struct {
	Name       field[string]        `yaml:"name"`
	Power      field[model.Watts]   `yaml:"power"`
	Suspends   bool                 `yaml:"suspends"`
	WakeTime   field[model.Seconds] `yaml:"wake-time"`
	WakeEnergy field[model.Joules]  `yaml:"wake-energy"`
	Source     field[string]        `yaml:"source"`
}

type rawMemory struct {
	Name field[string]      `yaml:"name"`
	Size field[model.Bytes] `yaml:"size"`
}

type rawHost struct {
	Name   field[string]      `yaml:"name"`
	Active field[model.Watts] `yaml:"active"`
	Source field[string]      `yaml:"source"`
}

// field is a scalar with its place in the file.
type field[T any] struct {
	value T
	token *token.Token // nil when the field is not there
}

// UnmarshalYAML reads a scalar through the type's own parser.
func (f *field[T]) UnmarshalYAML(n ast.Node) error {
	key := n.GetPath()[strings.LastIndex(n.GetPath(), ".")+1:]
	s, ok := n.(ast.ScalarNode)
	if !ok {
		return strictyaml.At(n.GetToken(), "%s: want one value", key)
	}
	text := s.GetToken().Value
	var err error
	switch v := any(&f.value).(type) {
	case *string:
		*v = text
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case encoding.TextUnmarshaler:
		err = v.UnmarshalText([]byte(text))
	}
	if err != nil {
		return strictyaml.At(s.GetToken(), "%s: %v", key, err)
	}
	f.token = s.GetToken()
	return nil
}

// pointer returns the value, or nil when the field is not there.
func (f field[T]) pointer() *T {
	if f.token == nil {
		return nil
	}
	return &f.value
}

// checker collects the faults of one file.
type checker struct {
	file string
	errs []error
}

func (c *checker) fault(t *token.Token, format string, args ...any) {
	err := strictyaml.At(t, format, args...)
	if e, ok := errors.AsType[*strictyaml.Error](err); ok {
		e.File = c.file
	}
	c.errs = append(c.errs, err)
}

// need checks that the required fields are there and not empty or zero.
func need[T comparable](c *checker, at *token.Token, what, key string, f field[T]) T {
	var zero T
	switch {
	case f.token == nil:
		c.fault(at, "%s: %q is missing", what, key)
	case f.value == zero:
		c.fault(f.token, "%s: %s: want a value that is not empty or zero", what, key)
	}
	return f.value
}

// named checks an entry's name and source, and returns how to call the entry.
func (c *checker) named(kind string, name, source field[string]) (at *token.Token, what string) {
	at, what = name.token, kind+" "+name.value
	need(c, firstToken(name.token, source.token), kind, "name", name)
	need(c, at, what, "source", source)
	return at, what
}

func firstToken(a, b *token.Token) *token.Token {
	if a != nil {
		return a
	}
	return b
}

func (s *Set) merge(file string, data []byte) error {
	var raw document
	if err := strictyaml.Decode(file, data, &raw); err != nil {
		return err
	}
	return s.add(file, raw)
}

// add checks every entry and lays it over s.
func (s *Set) add(file string, raw document) error {
	c := &checker{file: file}
	if len(raw.Links)+len(raw.Devices)+len(raw.Hosts) == 0 {
		c.fault(nil, "it declares no links, devices or hosts")
	}
	seen := map[string]bool{}
	once := func(at *token.Token, what string) {
		if seen[what] {
			c.fault(at, "%s is declared twice", what)
		}
		seen[what] = true
	}
	for _, r := range raw.Links {
		at, what := c.named("link", r.Name, r.Source)
		once(at, what)
		s.links = put(s.links, c.link(at, what, r), func(l model.Link) string { return l.Name })
	}
	for _, r := range raw.Devices {
		at, what := c.named("device", r.Name, r.Source)
		once(at, what)
		s.devices = put(s.devices, c.device(at, what, r), func(d model.Device) string { return d.Name })
	}
	for _, r := range raw.Hosts {
		at, what := c.named("host", r.Name, r.Source)
		once(at, what)
		h := model.Host{Name: r.Name.value, Active: r.Active.pointer(), Source: r.Source.value}
		if err := h.Validate(); err != nil {
			c.fault(r.Active.token, "%v", err)
		}
		s.hosts = put(s.hosts, h, func(h model.Host) string { return h.Name })
	}
	return errors.Join(c.errs...)
}

func (c *checker) link(at *token.Token, what string, r rawLink) model.Link {
	before := len(c.errs)
	l := model.Link{
		Name:       r.Name.value,
		OneWay:     need(c, at, what, "latency", r.Latency),
		Up:         need(c, at, what, "up", r.Up),
		Down:       need(c, at, what, "down", r.Down),
		EnergyUp:   r.EnergyUp.pointer(),
		EnergyDown: r.EnergyDown.pointer(),
		Source:     r.Source.value,
	}
	if j := r.Jitter; j != nil {
		l.Jitter = &model.Jitter{
			Distribution: need(c, at, what, "jitter: distribution", j.Distribution),
			Mean:         need(c, at, what, "jitter: mean", j.Mean),
		}
		at = firstToken(j.Distribution.token, at)
	}
	if o := r.Loss; o != nil {
		l.Loss = &model.Loss{
			Probability: need(c, at, what, "loss: probability", o.Probability),
			Retransmit:  need(c, at, what, "loss: retransmit", o.Retransmit),
		}
		if !(o.Probability.value >= 0 && o.Probability.value < 1) {
			at = firstToken(o.Probability.token, at)
		}
	}
	if len(c.errs) == before {
		if err := l.Validate(); err != nil {
			c.fault(at, "%v", err)
		}
	}
	return l
}

func (c *checker) device(at *token.Token, what string, r rawDevice) model.Device {
	before := len(c.errs)
	d := model.Device{Name: r.Name.value, Active: r.Active.pointer(), Source: r.Source.value}
	if len(r.Idle) == 0 {
		c.fault(at, "%s: %q is missing: offloading needs the power while the device waits", what, "idle")
	}
	for _, i := range r.Idle {
		at := firstToken(i.Name.token, at)
		d.Idle = append(d.Idle, model.Idle{
			Name:       need(c, at, what+": idle", "name", i.Name),
			Power:      need(c, at, what+": idle", "power", i.Power),
			Suspends:   i.Suspends,
			WakeTime:   i.WakeTime.pointer(),
			WakeEnergy: i.WakeEnergy.pointer(),
		})
		need(c, at, what+": idle", "source", i.Source)
	}
	for _, m := range r.Memories {
		at := firstToken(m.Name.token, at)
		d.Memories = append(d.Memories, model.Memory{
			Name: need(c, at, what+": memories", "name", m.Name),
			Size: need(c, at, what+": memories", "size", m.Size),
		})
	}
	if len(c.errs) == before {
		if err := d.Validate(); err != nil {
			c.fault(at, "%v", err)
		}
	}
	return d
}
