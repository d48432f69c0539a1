package profiles

import (
	"cmp"
	"encoding"
	"errors"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/crossover-bench/crossover/internal/strictyaml"
	"github.com/crossover-bench/crossover/model"
)

// document is a profile file.
type document struct {
	Links   []rawLink   `yaml:"links"`
	Devices []rawDevice `yaml:"devices"`
	Hosts   []rawHost   `yaml:"hosts"`
}

type rawLink struct {
	Name       field[string]               `yaml:"name"`
	Source     field[string]               `yaml:"source"`
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
}

type rawDevice struct {
	Name     field[string]      `yaml:"name"`
	Source   field[string]      `yaml:"source"`
	Idle     []rawIdle          `yaml:"idle"`
	Active   field[model.Watts] `yaml:"active"`
	Memories []rawMemory        `yaml:"memories"`
}

type rawIdle struct {
	Name       field[string]        `yaml:"name"`
	Source     field[string]        `yaml:"source"`
	Power      field[model.Watts]   `yaml:"power"`
	Suspends   bool                 `yaml:"suspends"`
	WakeTime   field[model.Seconds] `yaml:"wake-time"`
	WakeEnergy field[model.Joules]  `yaml:"wake-energy"`
}

type rawMemory struct {
	Name field[string]      `yaml:"name"`
	Size field[model.Bytes] `yaml:"size"`
}

type rawHost struct {
	Name   field[string]      `yaml:"name"`
	Source field[string]      `yaml:"source"`
	Active field[model.Watts] `yaml:"active"`
}

// field is a scalar and its position in the file.
type field[T any] struct {
	value T
	token *token.Token // nil if the field is missing
}

// UnmarshalYAML reads a scalar with the parser of its type.
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

// pointer returns the value, or nil if the field is missing.
func (f field[T]) pointer() *T {
	if f.token == nil {
		return nil
	}
	return &f.value
}

// checker collects the faults of one file.
type checker struct {
	file     string
	errs     []error
	declared map[string]bool // "link ethernet"
}

func (c *checker) fault(t *token.Token, format string, args ...any) {
	err := strictyaml.At(t, format, args...)
	if e, ok := errors.AsType[*strictyaml.Error](err); ok {
		e.File = c.file
	}
	c.errs = append(c.errs, err)
}

// need returns a required field's value and records a fault if the field is missing, empty or zero.
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

// entry checks an entry's name and source, and that it is declared once. It returns the entry's
// position and what to call it in errors.
func (c *checker) entry(kind string, name, source field[string]) (at *token.Token, what string) {
	at, what = name.token, kind+" "+name.value
	need(c, cmp.Or(at, source.token), kind, "name", name)
	need(c, at, what, "source", source)
	if c.declared[what] {
		c.fault(at, "%s is declared twice", what)
	}
	c.declared[what] = true
	return at, what
}

// add checks every entry and puts it into s.
func (s *Set) add(file string, raw document) error {
	c := &checker{file: file, declared: map[string]bool{}}
	if len(raw.Links)+len(raw.Devices)+len(raw.Hosts) == 0 {
		c.fault(nil, "it declares no links, devices or hosts")
	}
	for _, r := range raw.Links {
		s.links.put(r.Name.value, c.link(r))
	}
	for _, r := range raw.Devices {
		s.devices.put(r.Name.value, c.device(r))
	}
	for _, r := range raw.Hosts {
		c.entry("host", r.Name, r.Source)
		h := model.HostProfile{Name: r.Name.value, Active: r.Active.pointer(), Source: r.Source.value}
		if err := h.Validate(); err != nil {
			c.fault(r.Active.token, "%v", err)
		}
		s.hosts.put(h.Name, h)
	}
	return errors.Join(c.errs...)
}

func (c *checker) link(r rawLink) model.Link {
	before := len(c.errs)
	at, what := c.entry("link", r.Name, r.Source)
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
		at = cmp.Or(j.Distribution.token, at)
	}
	if o := r.Loss; o != nil {
		l.Loss = &model.Loss{
			Probability: need(c, at, what, "loss: probability", o.Probability),
			Retransmit:  need(c, at, what, "loss: retransmit", o.Retransmit),
		}
		if !(o.Probability.value >= 0 && o.Probability.value < 1) {
			at = cmp.Or(o.Probability.token, at)
		}
	}
	if err := l.Validate(); err != nil && len(c.errs) == before {
		c.fault(at, "%v", err)
	}
	return l
}

func (c *checker) device(r rawDevice) model.Device {
	before := len(c.errs)
	at, what := c.entry("device", r.Name, r.Source)
	d := model.Device{Name: r.Name.value, Active: r.Active.pointer(), Source: r.Source.value}
	if len(r.Idle) == 0 {
		c.fault(at, "%s: %q is missing: offloading needs the power while the device waits", what, "idle")
	}
	for _, i := range r.Idle {
		at := cmp.Or(i.Name.token, at)
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
		at := cmp.Or(m.Name.token, at)
		d.Memories = append(d.Memories, model.Memory{
			Name: need(c, at, what+": memories", "name", m.Name),
			Size: need(c, at, what+": memories", "size", m.Size),
		})
	}
	if err := d.Validate(); err != nil && len(c.errs) == before {
		c.fault(at, "%v", err)
	}
	return d
}
