// Package study compares the printed tables of Frennborn and Oliv, "Neural
// Networks, Edge Computing or Offloading" (Chalmers, 2022), with the cost model.
// The study's execution times on its hosts are not in these tables: Compare says
// what follows without them, and which execution times the tables imply.
package study

import (
	"fmt"
	"strings"

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
	LayerFit   []LayerFit  `json:"layer_fit"`
	Notes      []string    `json:"notes"` // contradictions in print

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
		// The printed latencies imply these execution times on the host: bounds of the
		// mean, of the longest, whose input may be the largest or the smallest, and of
		// the shortest.
		MeanExec     [2]model.Seconds `json:"implied_mean_exec_s"`
		LongestExec  [2]model.Seconds `json:"implied_longest_exec_s"`
		ShortestExec model.Seconds    `json:"implied_shortest_exec_at_most_s"`
	} `json:"modelled"`
	// Text uses the link that the text states.
	Text struct {
		Network
		Energy   map[string]model.Joules `json:"network_energy_J"`
		Possible bool                    `json:"below_printed_max"` // whether 128x128 can be below the printed maximum
	} `json:"text"`
}

// Network is the network time over one link by (2.2). It does not depend on
// execution times.
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
	Printed [3]float64       `json:"printed_percent"`
	Fit     []costs.LayerFit `json:"modelled"`
}

// Compare computes the model's figures for the study's tables.
func Compare() (*Tables, error) {
	set, catalog := profiles.BuiltIn(), fixtures.Default()
	device, err := set.Device("imx8mp")
	if err != nil {
		return nil, err
	}
	a := &Tables{Notes: contradictions, device: device}
	for _, s := range thresholds {
		t := Threshold{Platform: s.platform}
		tables, err := set.Link(s.tables)
		if err != nil {
			return nil, err
		}
		text, err := set.Link(s.text)
		if err != nil {
			return nil, err
		}
		printed := s.latency.per(1e3)
		t.Printed.Latency, t.Printed.HighEnergy, t.Printed.LowEnergy = printed, s.high.per(1e3), s.low.per(1e3)

		m := &t.Modelled
		m.Network = network(catalog, tables)
		m.HighEnergy = s.latency.per(1e3 / float64(device.Idle[0].Power))
		m.LowEnergy = s.latency.per(1e3 / float64(device.Idle[1].Power))
		m.MeanExec = [2]model.Seconds{atLeast(printed.Mean) - m.Mean, atMost(printed.Mean) - m.Mean}
		m.LongestExec = [2]model.Seconds{atLeast(printed.Max) - m.Times["128"], atMost(printed.Max) - m.Times["32"]}
		m.ShortestExec = atMost(printed.Min) - m.Times["32"]

		t.Text.Network = network(catalog, text)
		t.Text.Energy = map[string]model.Joules{}
		for _, side := range []int{32, 75, 128} {
			t.Text.Energy[fmt.Sprint(side)] = text.NetworkEnergy(imageBytes(side), resultBytes).Joules
		}
		t.Text.Possible = t.Text.Times["128"] <= atMost(printed.Max)
		a.Thresholds = append(a.Thresholds, t)
	}
	if a.LayerFit, err = fits(catalog, device); err != nil {
		return nil, err
	}
	return a, nil
}

// fits computes the printed rows of the layer fit.
func fits(catalog *fixtures.Catalog, device model.Device) ([]LayerFit, error) {
	all, err := costs.FitLayers(catalog, device)
	if err != nil {
		return nil, err
	}
	var rows []LayerFit
	for _, p := range layerFits {
		before := len(rows)
		for _, n := range all.Networks {
			if n.Model == p.model && n.Input == p.input {
				rows = append(rows, LayerFit{names.Modelled, p.model, p.input, p.percent, n.Fit})
			}
		}
		if len(rows) == before {
			return nil, fmt.Errorf("the built-in catalog has no %s with input %d", p.model, p.input)
		}
	}
	return rows, nil
}

// atLeast and atMost bound what a latency was before it was printed in whole
// milliseconds. The study rounds its tables, and truncates at least one figure.
func atLeast(printed float64) model.Seconds { return model.Seconds(printed - 0.0005) }
func atMost(printed float64) model.Seconds  { return model.Seconds(printed + 0.001) }

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

// cells prints the link and its network times.
func (n Network) cells() []string {
	return []string{
		n.Link, sheet.Milli(n.Times["32"]), sheet.Milli(n.Times["75"]), sheet.Milli(n.Times["128"]), sheet.Milli(n.Mean),
	}
}

// Text returns the tables.
func (a *Tables) Text() string {
	var b strings.Builder
	b.WriteString("The study's thresholds: mean, standard deviation, maximum, minimum over 33 variants.\n")
	fmt.Fprintf(&b, "Energy by the model is the printed latency times the idle power, %v and %v. Origin: %s.\n\n",
		a.device.Idle[0].Power, a.device.Idle[1].Power, names.Modelled)
	energies := sheet.New("platform", "latency ms printed", "high idle mJ printed", "by the model", "low idle mJ printed",
		"by the model")
	tables := sheet.New("platform", "link", "32x32", "75x75", "128x128", "mean of 33", "share of printed %",
		"exec mean", "longest", "shortest")
	text := sheet.New("platform", "link", "32x32", "75x75", "128x128", "mean of 33", "energy of 128x128 mJ",
		"printed max", "128x128 below it")
	for _, t := range a.Thresholds {
		p, m := t.Printed, t.Modelled
		energies.Add(t.Platform, p.Latency.milli(), p.HighEnergy.milli(), m.HighEnergy.milli(), p.LowEnergy.milli(),
			m.LowEnergy.milli())
		cells := append([]string{t.Platform}, m.cells()...)
		tables.Add(append(
			cells, fmt.Sprintf("%.0f", 100*float64(m.Mean)/p.Latency.Mean),
			sheet.Milli(m.MeanExec[0])+" to "+sheet.Milli(m.MeanExec[1]),
			sheet.Milli(m.LongestExec[0])+" to "+sheet.Milli(m.LongestExec[1]), "<="+sheet.Milli(m.ShortestExec),
		)...)
		possible := "no"
		if t.Text.Possible {
			possible = "possible"
		}
		cells = append([]string{t.Platform}, t.Text.cells()...)
		text.Add(append(cells, sheet.Milli(t.Text.Energy["128"]), fmt.Sprintf("%.0f", p.Latency.Max*1e3), possible)...)
	}
	b.WriteString(energies.Text(1))
	b.WriteString("\nThe network time, which needs no execution time, by equation (2.2) in ms, with the links that fit\n" +
		"the tables. The rest of the printed latencies implies the execution times on the host; latencies\n" +
		"are printed in whole milliseconds, rounded or truncated.\n\n")
	b.WriteString(tables.Text(2) + "\n")
	b.WriteString("The same with the links as the text states them, " +
		"and the energy per byte that the tables leave out.\n\n")
	b.WriteString(text.Text(2))
	fmt.Fprintf(&b, "\nLayer fit on %s, percent, equation (5.1); crossover fit shows all networks.\n\n", a.device.Name)
	b.WriteString(a.fitText() + "\n")
	n := sheet.Notes(a.Notes)
	n.Add("the execution times on the study's hosts are not in these tables: " +
		"the model cannot give maximum, minimum and deviation of the latency; " +
		"it gives the network time, and with it the mean and the bounds that the print implies")
	return b.String() + n.Text()
}

func (a *Tables) fitText() string {
	headings := []string{"model", "input"}
	for _, m := range a.device.Memories {
		headings = append(headings, m.Name+" printed", "by the model")
	}
	t := sheet.New(headings...)
	for _, f := range a.LayerFit {
		cells := []string{f.Model, fmt.Sprintf("%dx%[1]d", f.Input)}
		for i, l := range f.Fit {
			cells = append(cells, fmt.Sprintf("%.0f", f.Printed[i]), fmt.Sprintf("%.1f", l.Percent))
		}
		t.Add(cells...)
	}
	return t.Text(2)
}
