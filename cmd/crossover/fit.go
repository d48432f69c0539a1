package main

import (
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
)

type fitCmd struct {
	profileFlags
	Device  string `default:"imx8mp" placeholder:"NAME" help:"Device profile (default ${default})."`
	Catalog string `placeholder:"FILE" help:"Catalog of models; by default the built-in one."`
	Models  string `default:"fixtures/models" placeholder:"DIR" help:"Folder with the built variants, whose manifest tells the size of every layer (default ${default})."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

func (fitCmd) Help() string {
	return `Layer fit: how much of each memory of the device an average layer's weights would fill, in percent, one byte a parameter (equation 5.1 of the study). Above 100 an average layer does not fit. For variants that are built it also counts the layers whose weights do fit, each by itself.

Examples:

    crossover fit
    crossover fit --device raspberry-pi-zero-2w
    crossover fit --models fixtures/models --json`
}

// networkFit is the layer fit of a model at an input size.
type networkFit struct {
	Origin      string       `json:"origin"`
	Model       string       `json:"model"`
	Input       int          `json:"input"` // side of the image in pixels
	Parameters  int          `json:"parameters"`
	KerasLayers int          `json:"keras_layers"`
	Fit         []levelFit   `json:"layer_fit"`
	Variants    []variantFit `json:"variants"` // those that are built
}

type levelFit struct {
	Memory  string      `json:"memory"`
	Size    model.Bytes `json:"bytes"`
	Percent float64     `json:"percent"`
}

type variantFit struct {
	Name   string     `json:"name"`
	Title  string     `json:"title"`
	Layers int        `json:"layers_with_weights"`
	Levels []levelHit `json:"levels"`
}

type levelHit struct {
	Memory  string      `json:"memory"`
	Size    model.Bytes `json:"bytes"`
	Fitting int         `json:"layers_fitting"`
	Share   float64     `json:"layers_share"`
	Weights float64     `json:"weights_share"`
}

func (c *fitCmd) Run(e *env) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	device, err := set.Device(c.Device)
	if err != nil {
		return exit.Errorf(exit.Usage, "--device: %w", err)
	}
	if len(device.Memories) == 0 {
		return exit.Errorf(exit.Usage, "--device: the profile of %s has no memories; declare them with --profiles", device.Name)
	}
	catalog := fixtures.Default()
	if c.Catalog != "" {
		if catalog, err = fixtures.ReadCatalog(c.Catalog); err != nil {
			return exit.Errorf(exit.Usage, "--catalog: %w", err)
		}
	}
	manifest, err := fixtures.ReadManifest(c.Models)
	if err != nil {
		return exit.Errorf(exit.NoData, "--models: %w", err)
	}
	networks, err := layerFits(catalog, device)
	if err != nil {
		return err
	}
	for i := range networks {
		for _, id := range catalog.Variants() {
			entry, built := manifest.Entry(id.Name())
			if !built || id.Model.Name != networks[i].Model || id.Input.Size != networks[i].Input {
				continue
			}
			if entry.Parameters != id.Input.Parameters {
				return exit.Errorf(exit.NoData, "--models: %s in %s has %d parameters, the catalog says %d; run: make fixtures", entry.Name, c.Models, entry.Parameters, id.Input.Parameters)
			}
			v, err := variantLayers(entry, device)
			if err != nil {
				return exit.Errorf(exit.NoData, "%s in %s: %w", entry.Name, c.Models, err)
			}
			networks[i].Variants = append(networks[i].Variants, v)
		}
	}
	if c.JSON {
		return writeJSON(e.stdout, struct {
			Origin   string       `json:"origin"`
			Device   string       `json:"device"`
			Networks []networkFit `json:"networks"`
		}{modelled, device.Name, networks})
	}
	fmt.Fprintf(e.stdout, "Layer fit on %s: percent of a memory that an average layer fills. Origin: %s.\n\n", device.Name, modelled)
	fitSheet(networks, device).print(e.stdout, 2)
	c.printVariants(e, networks, device)
	return nil
}

// layerFits works out (5.1) for every model and input size of a catalog.
func layerFits(catalog *fixtures.Catalog, device model.Device) ([]networkFit, error) {
	var out []networkFit
	for _, m := range catalog.Models {
		for _, input := range m.Inputs {
			n := networkFit{Origin: modelled, Model: m.Name, Input: input.Size, Parameters: input.Parameters, KerasLayers: m.KerasLayers, Variants: []variantFit{}}
			for _, level := range device.Memories {
				percent, err := model.LayerFit(int64(input.Parameters), m.KerasLayers, level.Size)
				if err != nil {
					return nil, exit.Errorf(exit.Usage, "%s %d: %w", m.Name, input.Size, err)
				}
				n.Fit = append(n.Fit, levelFit{Memory: level.Name, Size: level.Size, Percent: percent})
			}
			out = append(out, n)
		}
	}
	return out, nil
}

// variantLayers counts the layers of a built variant that fit each memory. A
// weight takes one byte where the variant is quantized and four where it is not;
// layers without a kernel are folded into their neighbours by the conversion.
func variantLayers(entry *fixtures.Entry, device model.Device) (variantFit, error) {
	width := model.Bytes(4)
	if strings.Contains(entry.Compression, "q") {
		width = 1
	}
	var sizes []model.Bytes
	for _, l := range entry.Layers {
		sizes = append(sizes, model.Bytes(l.Weights)*width)
	}
	v := variantFit{Name: string(entry.Name), Title: entry.Title}
	for _, level := range device.Memories {
		f, err := model.LayersThatFit(sizes, level.Size)
		if err != nil {
			return variantFit{}, err
		}
		v.Layers = f.Layers
		v.Levels = append(v.Levels, levelHit{Memory: level.Name, Size: level.Size, Fitting: f.Fitting, Share: f.Share, Weights: f.Weights})
	}
	return v, nil
}

func fitSheet(networks []networkFit, device model.Device) sheet {
	headings := []string{"model", "input", "parameters", "Keras layers"}
	for _, level := range device.Memories {
		headings = append(headings, level.Name+" %")
	}
	t := newSheet(headings...)
	for _, n := range networks {
		cells := []string{n.Model, fmt.Sprintf("%dx%d", n.Input, n.Input), fmt.Sprint(n.Parameters), fmt.Sprint(n.KerasLayers)}
		for _, f := range n.Fit {
			cells = append(cells, fmt.Sprintf("%.1f", f.Percent))
		}
		t.add(cells...)
	}
	return t
}

// printVariants writes what is known of each layer.
func (c *fitCmd) printVariants(e *env, networks []networkFit, device model.Device) {
	headings := []string{"variant", "layers"}
	for _, level := range device.Memories {
		headings = append(headings, "fit "+level.Name, "weights %")
	}
	t := newSheet(headings...)
	built := 0
	for _, n := range networks {
		for _, v := range n.Variants {
			built++
			cells := []string{v.Title, fmt.Sprint(v.Layers)}
			for _, l := range v.Levels {
				cells = append(cells, fmt.Sprint(l.Fitting), fmt.Sprintf("%.1f", 100*l.Weights))
			}
			t.add(cells...)
		}
	}
	fmt.Fprintln(e.stdout)
	if built == 0 {
		fmt.Fprintf(e.stdout, "note: no variant is built in %s, so the layers that fit cannot be counted one by one; run: make fixtures\n", c.Models)
		return
	}
	fmt.Fprintf(e.stdout, "Layers whose weights fit by themselves, and the share of all weights in them:\n\n")
	t.print(e.stdout, 1)
}
