package main

import (
	"fmt"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

type studyCmd struct {
	JSON bool `name:"json" help:"Print JSON in SI base units."`
}

func (studyCmd) Help() string {
	return `Prints the threshold and layer-fit tables of Frennborn and Oliv, "Neural Networks, Edge Computing or Offloading" (Chalmers, 2022), beside what the model gives for them, and where the print contradicts itself. The study's execution times on its hosts are not published in these tables: what follows without them is worked out, and the mean execution time that the tables imply is named as such.

Examples:

    crossover study
    crossover study --json`
}

// spread is mean, standard deviation, maximum and minimum over the 33 variants,
// as the study prints them.
type spread struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	Max  float64 `json:"max"`
	Min  float64 `json:"min"`
}

// per divides every figure by n.
func (s spread) per(n float64) spread {
	return spread{Mean: s.Mean / n, SD: s.SD / n, Max: s.Max / n, Min: s.Min / n}
}

// thresholds are the study's: milliseconds and millijoules, as printed.
var thresholds = []struct {
	platform, host     string
	tables, text       string // the links that fit the tables, and that the text states
	latency, high, low spread
}{
	{"radio CPU", "i9-10850k", "radio-tables", "radio", spread{72, 12, 96, 59}, spread{220, 35, 291, 180}, spread{66, 11, 87, 54}},
	{"Ethernet CPU", "i9-10850k", "ethernet-tables", "ethernet", spread{29, 8, 47, 20}, spread{89, 25, 144, 62}, spread{27, 7, 43, 19}},
	{"radio GPU", "rtx-3070", "radio-tables", "radio", spread{68, 7, 79, 59}, spread{207, 21, 241, 180}, spread{62, 6, 72, 54}},
	{"Ethernet GPU", "rtx-3070", "ethernet-tables", "ethernet", spread{25, 3, 31, 21}, spread{76, 9, 94, 63}, spread{23, 3, 28, 19}},
}

// printedFits are the rows of the study's layer-fit table to compare with:
// percent of L1, L2 and RAM.
var printedFits = []struct {
	model   string
	input   int
	percent [3]float64
}{
	{"Mobilenet", 32, [3]float64{120, 8, 4}},
	{"VGG16", 32, [3]float64{2063, 129, 76}},
}

// slips is where the print of the study contradicts itself, and what the model
// says to it.
var slips = []string{
	"equation (2.4) is printed as a division; joules per byte need a product",
	"the result tables fit only with upload and download rates exchanged and no energy per byte: the links named -tables; those named without follow the text",
	"low idle over radio to the GPU is 32 mJ in the text and 62 mJ in the table: 0.91 W for the mean latency of 68 ms is 61.9 mJ, so the table is right",
	"Ethernet to the GPU is 24 ms in the text and 25 ms in the table; 76 mJ at 3.05 W are 24.9 ms, so the table is right",
	"low idle suspends the board, and neither time nor energy for waking up is counted: the low-idle figures are lower bounds",
	"layer fit of MobileNet 32 in L1 is printed as 120, truncated from 120.6",
}

// thresholdJSON is one platform of the study for programs.
type thresholdJSON struct {
	Platform string `json:"platform"`
	Printed  struct {
		Latency    spread `json:"latency_s"`
		HighEnergy spread `json:"energy_high_idle_J"`
		LowEnergy  spread `json:"energy_low_idle_J"`
	} `json:"printed"`
	Modelled struct {
		Origin      string                   `json:"origin"`
		Link        string                   `json:"link"`
		Network     map[string]model.Seconds `json:"network_s"` // by side of the input
		NetworkMean model.Seconds            `json:"network_mean_s"`
		HighEnergy  spread                   `json:"energy_high_idle_of_printed_latency_J"`
		LowEnergy   spread                   `json:"energy_low_idle_of_printed_latency_J"`
		// What the printed latencies say about the execution times on the host, which
		// are not published: bounds of their mean, of the longest, whose input may be
		// the largest or the smallest, and of the shortest.
		MeanExec     [2]model.Seconds `json:"implied_mean_exec_s"`
		LongestExec  [2]model.Seconds `json:"implied_longest_exec_s"`
		ShortestExec model.Seconds    `json:"implied_shortest_exec_at_most_s"`
	} `json:"modelled"`
	Text struct {
		Origin      string                   `json:"origin"`
		Link        string                   `json:"link"`
		Network     map[string]model.Seconds `json:"network_s"`
		NetworkMean model.Seconds            `json:"network_mean_s"`
		Energy      map[string]model.Joules  `json:"network_energy_J"`
		Possible    bool                     `json:"below_printed_max"` // whether 128x128 over this link can be below the printed maximum
	} `json:"text"`
}

type printedFit struct {
	Origin  string     `json:"origin"`
	Model   string     `json:"model"`
	Input   int        `json:"input"`
	Printed [3]float64 `json:"printed_percent"`
	Fit     []levelFit `json:"modelled"`
}

func (c *studyCmd) Run(e *env) error {
	set := profiles.BuiltIn()
	device, err := set.Device("imx8mp")
	if err != nil {
		return err
	}
	high, err := device.IdleMode("high")
	if err != nil {
		return err
	}
	low, err := device.IdleMode("low")
	if err != nil {
		return err
	}
	catalog := fixtures.Default()
	var rows []thresholdJSON
	for _, s := range thresholds {
		r := thresholdJSON{Platform: s.platform}
		r.Printed.Latency, r.Printed.HighEnergy, r.Printed.LowEnergy = s.latency.per(1e3), s.high.per(1e3), s.low.per(1e3)
		tables, err := set.Link(s.tables)
		if err != nil {
			return err
		}
		text, err := set.Link(s.text)
		if err != nil {
			return err
		}
		r.Modelled.Origin, r.Modelled.Link = modelled, tables.Name
		r.Modelled.Network, r.Modelled.NetworkMean = networkTimes(catalog, tables)
		r.Modelled.HighEnergy = s.latency.per(1e3 / float64(high.Power))
		r.Modelled.LowEnergy = s.latency.per(1e3 / float64(low.Power))
		printed := r.Printed.Latency
		r.Modelled.MeanExec = [2]model.Seconds{atLeast(printed.Mean) - r.Modelled.NetworkMean, atMost(printed.Mean) - r.Modelled.NetworkMean}
		r.Modelled.LongestExec = [2]model.Seconds{atLeast(printed.Max) - r.Modelled.Network["128"], atMost(printed.Max) - r.Modelled.Network["32"]}
		r.Modelled.ShortestExec = atMost(printed.Min) - r.Modelled.Network["32"]
		r.Text.Origin, r.Text.Link = modelled, text.Name
		r.Text.Network, r.Text.NetworkMean = networkTimes(catalog, text)
		r.Text.Energy = map[string]model.Joules{}
		for _, side := range []int{32, 75, 128} {
			r.Text.Energy[fmt.Sprint(side)] = text.NetworkEnergy(imageBytes(side), resultBytes).Joules
		}
		r.Text.Possible = r.Text.Network["128"] <= atMost(printed.Max)
		rows = append(rows, r)
	}
	all, err := layerFits(catalog, device)
	if err != nil {
		return err
	}
	var fits []printedFit
	for _, p := range printedFits {
		found := false
		for _, n := range all {
			if n.Model == p.model && n.Input == p.input {
				fits = append(fits, printedFit{Origin: modelled, Model: p.model, Input: p.input, Printed: p.percent, Fit: n.Fit})
				found = true
			}
		}
		if !found {
			return exit.Errorf(exit.Internal, "the built-in catalog has no %s with input %d", p.model, p.input)
		}
	}
	if c.JSON {
		return writeJSON(e.stdout, struct {
			Thresholds []thresholdJSON `json:"thresholds"`
			LayerFit   []printedFit    `json:"layer_fit"`
			Notes      []string        `json:"notes"`
		}{rows, fits, slips})
	}
	c.print(e, device, rows, fits)
	return nil
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

// networkTimes returns (2.2) by input size, and its mean over the variants of
// the catalog, which is exact: it does not depend on the execution times.
func networkTimes(catalog *fixtures.Catalog, l model.Link) (map[string]model.Seconds, model.Seconds) {
	by := map[string]model.Seconds{}
	var sum model.Seconds
	n := 0
	for _, m := range catalog.Models {
		for _, input := range m.Inputs {
			t := l.NetworkTime(imageBytes(input.Size), resultBytes)
			by[fmt.Sprint(input.Size)] = t
			sum += t
			n++
		}
	}
	return by, sum / model.Seconds(n)
}

func (s spread) String() string {
	return fmt.Sprintf("%.0f %.0f %.0f %.0f", s.Mean*1e3, s.SD*1e3, s.Max*1e3, s.Min*1e3)
}

func (c *studyCmd) print(e *env, device model.Device, rows []thresholdJSON, fits []printedFit) {
	w := e.stdout
	fmt.Fprint(w, "The study's thresholds: mean, standard deviation, maximum, minimum over 33 variants.\n")
	fmt.Fprintf(w, "Energy by the model is the printed latency times the idle power, %v and %v. Origin: %s.\n\n", device.Idle[0].Power, device.Idle[1].Power, modelled)
	t := newSheet("platform", "latency ms printed", "high idle mJ printed", "by the model", "low idle mJ printed", "by the model")
	for _, r := range rows {
		t.add(r.Platform, r.Printed.Latency.String(), r.Printed.HighEnergy.String(), r.Modelled.HighEnergy.String(), r.Printed.LowEnergy.String(), r.Modelled.LowEnergy.String())
	}
	t.print(w, 1)

	fmt.Fprint(w, "\nThe way there and back, which needs no execution time, by equation (2.2) in ms, with the links\n")
	fmt.Fprint(w, "that fit the tables. What the printed latencies leave is what they imply about the execution times\n")
	fmt.Fprint(w, "on the host; they are whole milliseconds, rounded or truncated.\n\n")
	t = newSheet("platform", "link", "32x32", "75x75", "128x128", "mean of 33", "share of printed %", "exec mean", "longest", "shortest")
	for _, r := range rows {
		t.add(
			r.Platform, r.Modelled.Link, in(r.Modelled.Network["32"], 1e-3), in(r.Modelled.Network["75"], 1e-3), in(r.Modelled.Network["128"], 1e-3), in(r.Modelled.NetworkMean, 1e-3),
			fmt.Sprintf("%.0f", 100*float64(r.Modelled.NetworkMean)/r.Printed.Latency.Mean), in(r.Modelled.MeanExec[0], 1e-3)+" to "+in(r.Modelled.MeanExec[1], 1e-3),
			in(r.Modelled.LongestExec[0], 1e-3)+" to "+in(r.Modelled.LongestExec[1], 1e-3), "<="+in(r.Modelled.ShortestExec, 1e-3),
		)
	}
	t.print(w, 2)

	fmt.Fprint(w, "\nThe same with the links as the text states them, and the energy per byte that the tables leave out.\n\n")
	t = newSheet("platform", "link", "32x32", "75x75", "128x128", "mean of 33", "energy of 128x128 mJ", "printed max", "128x128 below it")
	for _, r := range rows {
		possible := "no"
		if r.Text.Possible {
			possible = "possible"
		}
		t.add(
			r.Platform, r.Text.Link, in(r.Text.Network["32"], 1e-3), in(r.Text.Network["75"], 1e-3), in(r.Text.Network["128"], 1e-3), in(r.Text.NetworkMean, 1e-3),
			in(r.Text.Energy["128"], 1e-3), fmt.Sprintf("%.0f", r.Printed.Latency.Max*1e3), possible,
		)
	}
	t.print(w, 2)

	fmt.Fprintf(w, "\nLayer fit on %s, percent, equation (5.1); crossover fit shows all networks.\n\n", device.Name)
	headings := []string{"model", "input"}
	for _, m := range device.Memories {
		headings = append(headings, m.Name+" printed", "by the model")
	}
	t = newSheet(headings...)
	for _, f := range fits {
		cells := []string{f.Model, fmt.Sprintf("%dx%d", f.Input, f.Input)}
		for i, l := range f.Fit {
			cells = append(cells, fmt.Sprintf("%.0f", f.Printed[i]), fmt.Sprintf("%.1f", l.Percent))
		}
		t.add(cells...)
	}
	t.print(w, 2)
	fmt.Fprintln(w)
	n := notes(slips)
	n.add("the execution times on the study's hosts are not in these tables: the model cannot give maximum, minimum and deviation of the latency; it gives the way there and back, and with it the mean and the bounds that the print implies")
	n.print(w)
}
