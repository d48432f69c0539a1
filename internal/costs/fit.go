package costs

import (
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
)

// Fit answers how the layers of networks fit the memories of a device.
type Fit struct {
	Origin   names.Origin `json:"origin"`
	Device   string       `json:"device"`
	Networks []Network    `json:"networks"`

	memories []model.Memory
	models   string // folder of the built variants; empty without AddBuilt
}

// A Network is the layer fit of a model at one input size.
type Network struct {
	Origin      names.Origin   `json:"origin"`
	Model       string         `json:"model"`
	Input       int            `json:"input"` // side of the image in pixels
	Parameters  int            `json:"parameters"`
	KerasLayers int            `json:"keras_layers"`
	Fit         []LayerFit     `json:"layer_fit"` // by memory
	Variants    []BuiltVariant `json:"variants"`  // only built ones
}

// LayerFit is the share of a memory that an average layer's weights fill, equation (5.1).
type LayerFit struct {
	model.Memory
	Percent float64 `json:"percent"`
}

// A BuiltVariant counts the layers of a built variant that fit each memory.
type BuiltVariant struct {
	Name   names.Variant   `json:"name"`
	Title  string          `json:"title"`
	Layers int             `json:"layers_with_weights"`
	Levels []FittingLayers `json:"levels"`
}

// FittingLayers counts the layers that fit one memory.
type FittingLayers struct {
	model.Memory
	model.Fit
}

// FitLayers computes equation (5.1) for every model and input size of a catalog.
func FitLayers(catalog *fixtures.Catalog, device model.Device) (*Fit, error) {
	a := &Fit{Origin: names.Modelled, Device: device.Name, memories: device.Memories}
	for _, m := range catalog.Models {
		for _, input := range m.Inputs {
			n := Network{
				Origin: names.Modelled, Model: m.Name, Input: input.Size,
				Parameters: input.Parameters, KerasLayers: m.KerasLayers, Variants: []BuiltVariant{},
			}
			for _, memory := range device.Memories {
				percent, err := model.LayerFit(int64(input.Parameters), m.KerasLayers, memory.Size)
				if err != nil {
					return nil, fmt.Errorf("%s %d: %w", m.Name, input.Size, err)
				}
				n.Fit = append(n.Fit, LayerFit{memory, percent})
			}
			a.Networks = append(a.Networks, n)
		}
	}
	return a, nil
}

// AddBuilt counts the layers of the catalog's variants that the manifest has.
func (a *Fit) AddBuilt(catalog *fixtures.Catalog, manifest *fixtures.Manifest) error {
	a.models = manifest.Dir
	for i := range a.Networks {
		n := &a.Networks[i]
		for _, id := range catalog.Variants() {
			entry, built := manifest.Entry(id.Name())
			if !built || id.Model.Name != n.Model || id.Input.Size != n.Input {
				continue
			}
			if entry.Parameters != id.Input.Parameters {
				return fmt.Errorf("%s in %s has %d parameters, the catalog says %d; run: make fixtures",
					entry.Name, manifest.Dir, entry.Parameters, id.Input.Parameters)
			}
			v, err := a.variant(entry)
			if err != nil {
				return fmt.Errorf("%s in %s: %w", entry.Name, manifest.Dir, err)
			}
			n.Variants = append(n.Variants, v)
		}
	}
	return nil
}

// variant counts the layers of a built variant. A weight takes one byte in a quantized variant and
// four bytes otherwise; the conversion merges layers without a kernel into their neighbours.
func (a *Fit) variant(entry *fixtures.Entry) (BuiltVariant, error) {
	width := model.Bytes(4)
	if strings.Contains(entry.Compression, "q") {
		width = 1
	}
	var sizes []model.Bytes
	for _, l := range entry.Layers {
		sizes = append(sizes, model.Bytes(l.Weights)*width)
	}
	v := BuiltVariant{Name: entry.Name, Title: entry.Title}
	for _, memory := range a.memories {
		f, err := model.LayersThatFit(sizes, memory.Size)
		if err != nil {
			return BuiltVariant{}, err
		}
		v.Layers = f.Layers
		v.Levels = append(v.Levels, FittingLayers{memory, f})
	}
	return v, nil
}

// Text returns the layer fit as a table, and a second one of the built variants.
func (a *Fit) Text() string {
	var average sheet.Table[Network]
	average.Left("model", func(n Network) any { return n.Model })
	average.Left("input", func(n Network) any { return fmt.Sprintf("%dx%[1]d", n.Input) })
	average.Right("parameters", func(n Network) any { return n.Parameters })
	average.Right("Keras layers", func(n Network) any { return n.KerasLayers })
	var each sheet.Table[BuiltVariant]
	each.Left("variant", func(v BuiltVariant) any { return v.Title })
	each.Right("layers", func(v BuiltVariant) any { return v.Layers })
	for i, memory := range a.memories {
		average.Right(memory.Name+" %", func(n Network) any { return fmt.Sprintf("%.1f", n.Fit[i].Percent) })
		each.Right("fit "+memory.Name, func(v BuiltVariant) any { return v.Levels[i].Fitting })
		each.Right("weights %", func(v BuiltVariant) any { return fmt.Sprintf("%.1f", 100*v.Levels[i].Weights) })
	}
	var built []BuiltVariant
	for _, n := range a.Networks {
		built = append(built, n.Variants...)
	}
	text := fmt.Sprintf("Layer fit on %s: percent of a memory that an average layer fills. Origin: %s.\n\n",
		a.Device, a.Origin) + average.Text(a.Networks)
	switch {
	case a.models == "":
		return text
	case built == nil:
		return text + "\nnote: no variant is built in " + a.models +
			", so the layers that fit cannot be counted one by one; run: make fixtures\n"
	}
	return text + "\nLayers whose weights fit by themselves, and the share of all weights in them:\n\n" + each.Text(built)
}
