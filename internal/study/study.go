// Package study compares the printed tables of Frennborn and Oliv, "Neural Networks, Edge Computing
// or Offloading" (Chalmers, 2022), with the cost model. The study's execution times on its hosts
// are not in these tables: [Compare] says what follows without them, and which execution times the
// tables imply.
package study

import (
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/sheet"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// Tables are the study's tables beside the model's figures.
type Tables struct {
	Thresholds []Threshold `json:"thresholds"`
	Hosts      []Host      `json:"hosts"`     // the execution times that the tables imply
	LayerFit   []LayerFit  `json:"layer_fit"` // of every network
	Notes      []string    `json:"notes"`     // contradictions in print

	device model.Device // its idle modes are high and low
}

// A Threshold is the cost of offloading on one platform, in SI base units.
type Threshold struct {
	Platform string `json:"platform"`
	Printed  struct {
		Latency    Spread `json:"latency_s"`
		HighEnergy Spread `json:"energy_high_idle_J"`
		LowEnergy  Spread `json:"energy_low_idle_J"`
	} `json:"printed"`
	// Modelled uses the link that fits the tables.
	Modelled struct {
		Network
		HighEnergy Spread `json:"energy_high_idle_of_printed_latency_J"`
		LowEnergy  Spread `json:"energy_low_idle_of_printed_latency_J"`
	} `json:"modelled"`
	// Text uses the link that the text states.
	Text struct {
		Network
		Energy   map[string]model.Joules `json:"network_energy_J"`
		Possible bool                    `json:"below_printed_max"` // whether 128x128 can be below the printed maximum
	} `json:"text"`
}

// Network is the network time over one link by (2.2). It does not depend on execution times.
type Network struct {
	Origin names.Origin             `json:"origin"`
	Link   string                   `json:"link"`
	Times  map[string]model.Seconds `json:"network_s"`      // by side of the input
	Mean   model.Seconds            `json:"network_mean_s"` // over the variants of the catalog
}

// LayerFit is a row of the study's table of layer fit.
type LayerFit struct {
	Origin  names.Origin     `json:"origin"`
	Model   string           `json:"model"`
	Input   int              `json:"input"`
	Printed *[3]float64      `json:"printed_percent"` // nil if the print of this row is not at hand
	Fit     []costs.LayerFit `json:"modelled"`
}

// Compare computes the model's figures for the study's tables with the links and the device of set.
func Compare(set *profiles.Set) (*Tables, error) {
	catalog := fixtures.Default()
	device, err := set.Device("imx8mp")
	if err != nil {
		return nil, err
	}
	if len(device.Idle) < 2 || len(device.Memories) != 3 {
		return nil, fmt.Errorf("device %s: want two idle modes, the higher first, and three memories", device.Name)
	}
	a := &Tables{Notes: slices.Clone(contradictions), device: device}
	for _, s := range thresholds {
		tables, err := set.Link(s.tables)
		if err != nil {
			return nil, err
		}
		text, err := set.Link(s.text)
		if err != nil {
			return nil, err
		}
		t := Threshold{Platform: s.platform}
		printed := s.latency.per(1e3)
		t.Printed.Latency, t.Printed.HighEnergy, t.Printed.LowEnergy = printed, s.high.per(1e3), s.low.per(1e3)

		m := &t.Modelled
		m.Network = network(catalog, tables)
		m.HighEnergy = s.latency.per(1e3 / float64(device.Idle[0].Power))
		m.LowEnergy = s.latency.per(1e3 / float64(device.Idle[1].Power))

		t.Text.Network = network(catalog, text)
		t.Text.Energy = map[string]model.Joules{}
		for _, side := range []int{32, 75, 128} {
			t.Text.Energy[fmt.Sprint(side)] = text.NetworkEnergy(imageBytes(side), resultBytes).Joules
		}
		t.Text.Possible = t.Text.Times["128"] <= truncated.latency(s.latency.Max).Hi
		a.Thresholds = append(a.Thresholds, t)
	}
	all, err := costs.FitLayers(catalog, device)
	if err != nil {
		return nil, err
	}
	for _, n := range all.Networks {
		row := LayerFit{Origin: names.Modelled, Model: n.Model, Input: n.Input, Fit: n.Fit}
		for _, p := range layerFits {
			if p.model == n.Model && p.input == n.Input {
				row.Printed = &p.percent
			}
		}
		a.LayerFit = append(a.LayerFit, row)
	}
	for _, name := range []string{"CPU", "GPU"} {
		h := a.host(name)
		a.Hosts = append(a.Hosts, h)
		a.Notes = append(a.Notes, h.disagreements()...)
	}
	return a, nil
}

// resultBytes is the result of an inference: one byte for each of 100 classes.
const resultBytes = 100

// imageBytes is the payload of a square image, whatever the tensor's type.
func imageBytes(side int) model.Bytes {
	return model.Bytes((&fixtures.Image{Height: side, Width: side}).Bytes())
}

func network(catalog *fixtures.Catalog, l model.Link) Network {
	n := Network{Origin: names.Modelled, Link: l.Name, Times: map[string]model.Seconds{}}
	var sum model.Seconds
	variants := 0
	for _, m := range catalog.Models {
		for _, input := range m.Inputs {
			t := l.NetworkTime(imageBytes(input.Size), resultBytes)
			n.Times[fmt.Sprint(input.Size)] = t
			sum += t
			variants++
		}
	}
	n.Mean = sum / model.Seconds(variants)
	return n
}

// milli prints the spread in thousandths of its unit.
func (s Spread) milli() string {
	return fmt.Sprintf("%.0f %.0f %.0f %.0f", s.Mean*1e3, s.SD*1e3, s.Max*1e3, s.Min*1e3)
}

// Text returns the tables.
func (a *Tables) Text() string {
	n := sheet.Notes(a.Notes)
	n.Add("the execution times on the study's hosts are not in these tables: " +
		"the model cannot give maximum, minimum and deviation of the latency; " +
		"it gives the network time, and with it the mean and the bounds that the print implies")
	text := "The study's thresholds: mean, standard deviation, maximum, minimum over 33 variants.\n" +
		fmt.Sprintf("Energy by the model is the printed latency times the idle power, %v and %v. Origin: %s.\n\n",
			a.device.Idle[0].Power, a.device.Idle[1].Power, names.Modelled) +
		a.energies() +
		"\nThe network time, which needs no execution time, by equation (2.2) in ms, with the links that fit\n" +
		"the tables.\n\n" +
		a.times() +
		"\nThe rest of the printed figures implies the execution times on the host, in ms. One host stands\n" +
		"behind two rows, so their ranges must meet; where they do not, a link is wrong.\n\n"
	for _, h := range a.Hosts {
		text += h.text() + "\n"
	}
	return text + "The same with the links as the text states them, " +
		"and the energy per byte that the tables leave out.\n\n" +
		a.stated() +
		fmt.Sprintf("\nLayer fit on %s, percent, equation (5.1), of all %d networks. Two printed rows are at hand.\n\n",
			a.device.Name, len(a.LayerFit)) +
		a.fits() + "\n" + n.Text()
}

// energies prints the costs of offloading and the energies by the model.
func (a *Tables) energies() string {
	var t sheet.Table[Threshold]
	t.Left("platform", func(t Threshold) any { return t.Platform })
	t.Right("latency ms printed", func(t Threshold) any { return t.Printed.Latency.milli() })
	t.Right("high idle mJ printed", func(t Threshold) any { return t.Printed.HighEnergy.milli() })
	t.Right("by the model", func(t Threshold) any { return t.Modelled.HighEnergy.milli() })
	t.Right("low idle mJ printed", func(t Threshold) any { return t.Printed.LowEnergy.milli() })
	t.Right("by the model", func(t Threshold) any { return t.Modelled.LowEnergy.milli() })
	return t.Text(a.Thresholds)
}

// networks returns a table of platforms, links and network times.
func networks(of func(Threshold) Network) *sheet.Table[Threshold] {
	var t sheet.Table[Threshold]
	t.Left("platform", func(t Threshold) any { return t.Platform })
	t.Left("link", func(t Threshold) any { return of(t).Link })
	for _, side := range sides {
		t.Right(side+"x"+side, func(t Threshold) any { return sheet.Milli(of(t).Times[side]) })
	}
	t.Right("mean of 33", func(t Threshold) any { return sheet.Milli(of(t).Mean) })
	return &t
}

// times prints the network times.
func (a *Tables) times() string {
	t := networks(func(t Threshold) Network { return t.Modelled.Network })
	t.Right("share of printed %", func(t Threshold) any {
		return fmt.Sprintf("%.0f", 100*float64(t.Modelled.Mean)/t.Printed.Latency.Mean)
	})
	return t.Text(a.Thresholds)
}

// stated prints what follows from the links that the text states.
func (a *Tables) stated() string {
	t := networks(func(t Threshold) Network { return t.Text.Network })
	t.Right("energy of 128x128 mJ", func(t Threshold) any { return sheet.Milli(t.Text.Energy["128"]) })
	t.Right("printed max", func(t Threshold) any { return fmt.Sprintf("%.0f", t.Printed.Latency.Max*1e3) })
	t.Right("128x128 below it", func(t Threshold) any {
		if t.Text.Possible {
			return "possible"
		}
		return "no"
	})
	return t.Text(a.Thresholds)
}

// fits prints the layer fit.
func (a *Tables) fits() string {
	var t sheet.Table[LayerFit]
	t.Left("model", func(f LayerFit) any { return f.Model })
	t.Left("input", func(f LayerFit) any { return fmt.Sprintf("%dx%[1]d", f.Input) })
	for i, m := range a.device.Memories {
		t.Right(m.Name+" printed", func(f LayerFit) any {
			if f.Printed == nil {
				return "-"
			}
			return fmt.Sprintf("%.0f", f.Printed[i])
		})
		t.Right("by the model", func(f LayerFit) any { return fmt.Sprintf("%.1f", f.Fit[i].Percent) })
	}
	return t.Text(a.LayerFit)
}
