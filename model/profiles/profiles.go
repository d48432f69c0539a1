// Package profiles holds the links, devices and hosts that the cost model knows by name. The
// built-in ones are three YAML files in this folder, where each figure has its source. A user's own
// file has the same form, as the README of the package model shows; its entries replace the built-in
// ones of the same name. Unknown keys, wrong units and missing fields are errors that name file,
// line and the nearest known key.
package profiles

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/strictyaml"
	"github.com/crossover-bench/crossover/model"
)

//go:embed links.yaml devices.yaml hosts.yaml
var builtin embed.FS

// A Set holds profiles by name. A later entry replaces an earlier one of the same name completely.
type Set struct {
	links   list[model.Link]
	devices list[model.Device]
	hosts   list[model.HostProfile]
}

// list holds profiles of one kind in the order of their files.
type list[T any] struct {
	names  []string
	values []T
}

// put replaces the entry of that name or appends one.
func (l *list[T]) put(name string, v T) {
	if i := slices.Index(l.names, name); i >= 0 {
		l.values[i] = v
		return
	}
	l.names, l.values = append(l.names, name), append(l.values, v)
}

func (l list[T]) find(kind, name string) (v T, err error) {
	if i := slices.Index(l.names, name); i >= 0 {
		return l.values[i], nil
	}
	if near := names.Nearest(name, l.names); near != "" {
		return v, fmt.Errorf("no %s is called %q; did you mean %q?", kind, name, near)
	}
	return v, fmt.Errorf("no %s is called %q; known are %s", kind, name, strings.Join(l.names, ", "))
}

// readBuiltIn reads the built-in profiles into a new set.
func readBuiltIn() *Set {
	s := &Set{}
	for _, name := range []string{"links.yaml", "devices.yaml", "hosts.yaml"} {
		var raw document
		data, err := builtin.ReadFile(name)
		if err == nil {
			err = strictyaml.Decode(name, data, &raw)
		}
		if err == nil {
			err = s.add(name, raw)
		}
		if err != nil {
			panic("the built-in profiles are invalid: " + err.Error())
		}
	}
	return s
}

var builtIn = sync.OnceValue(readBuiltIn)

// BuiltIn returns the built-in profiles.
func BuiltIn() *Set { return builtIn() }

// Link returns the built-in link of that name.
func Link(name string) (model.Link, error) { return builtIn().Link(name) }

// Load returns the built-in profiles and those of the named file, which replace built-in ones of
// the same name. Faults in the file are *strictyaml.Error.
func Load(file string) (*Set, error) {
	var raw document
	err := strictyaml.Read(file, &raw)
	s := readBuiltIn()
	if err == nil {
		err = s.add(file, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	return s, nil
}

// Links returns all links, in the order of their files.
func (s *Set) Links() []model.Link { return slices.Clone(s.links.values) }

// Devices returns all devices, in the order of their files.
func (s *Set) Devices() []model.Device { return slices.Clone(s.devices.values) }

// Hosts returns all hosts, in the order of their files.
func (s *Set) Hosts() []model.HostProfile { return slices.Clone(s.hosts.values) }

// Link returns the link of that name.
func (s *Set) Link(name string) (model.Link, error) { return s.links.find("link", name) }

// Device returns the device of that name.
func (s *Set) Device(name string) (model.Device, error) { return s.devices.find("device", name) }

// Host returns the host of that name.
func (s *Set) Host(name string) (model.HostProfile, error) { return s.hosts.find("host", name) }

// WriteLink writes one link as a profile file that Load can read.
func WriteLink(w io.Writer, l model.Link) error {
	err := l.Validate()
	if err == nil {
		err = yaml.NewEncoder(w, text[model.Seconds](), text[model.BytesPerSecond](), text[model.JoulesPerByte]()).
			Encode(map[string][]model.Link{"links": {l}})
	}
	if err != nil {
		return fmt.Errorf("write link: %w", err)
	}
	return nil
}

// text writes quantities with their units.
func text[Q model.Quantity]() yaml.EncodeOption {
	return yaml.CustomMarshaler(func(q Q) ([]byte, error) { return fmt.Append(nil, q), nil })
}
