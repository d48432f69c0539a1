package main

import (
	"path/filepath"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model"
)

type predictCmd struct {
	Link  []string        `default:"ethernet,radio,5g" help:"Link profile; may be repeated."`
	Input []model.Payload `default:"32x32x3,75x75x3,128x128x3" help:"What is sent; may be repeated."`
	Model []string        `placeholder:"FILE" help:"Instead of --input: what a .tflite file sends; may be repeated."`
	Exec  model.Seconds   `default:"3ms" help:"Execution time on the host."`
	assumptionFlags
	Local       *model.Seconds       `placeholder:"TIME" help:"Latency on the device itself, to compare with."`
	LocalEnergy *model.Joules        `placeholder:"ENERGY" help:"Energy of an inference on the device itself."`
	Host        string               `placeholder:"NAME" help:"Add the whole system's energy, with this host profile."`
	PathEnergy  *model.JoulesPerByte `placeholder:"10nJ/B" help:"Energy per byte of the network, for --host."`
	answerFlags
}

func (predictCmd) Help() string {
	return `Computes what an offloaded inference costs, before anything is measured: latency,
the device's energy and the energy-delay product, with the parts of each. With --model, a
float32 input that is an image is shown in each form in which it can travel; the JPEG is
that of a synthetic image. By default,
--local-energy is the device's active power times --local, if its profile has one.

` + assumptionHelp + `

Examples:

    crossover predict
    crossover predict --link 5g --input 128x128x3 --exec 8ms --local 30ms --local-energy 90mJ
    crossover predict --idle low --wake-time 300ms --wake-energy 400mJ
    crossover predict --link ethernet --model face.tflite --output 59kB
    crossover predict --host rtx-3070 --path-energy 10nJ/B --tcp
    crossover predict --profiles mine.yaml --link factory-wifi --json`
}

func (c *predictCmd) Run(e *env) error {
	inputs := c.Input
	if len(c.Model) > 0 {
		inputs = nil
	}
	for _, file := range c.Model {
		sent, err := payloadsOf(file)
		if err != nil {
			return exit.Errorf(exit.NoData, "--model: %w", err)
		}
		inputs = append(inputs, sent...)
	}
	s, err := c.scene(c.Link, inputs, model.Estimate[model.Seconds]{Value: c.Exec})
	if err != nil {
		return err
	}
	var system *model.System
	if c.Host != "" {
		set, err := c.load()
		if err != nil {
			return err
		}
		host, err := set.Host(c.Host)
		if err != nil {
			return exit.Errorf(exit.Usage, "--host: %w", err)
		}
		system = &model.System{Host: host, Path: c.PathEnergy}
	} else if c.PathEnergy != nil {
		return exit.Errorf(exit.Usage, "--path-energy counts only for the whole system; name its host with --host")
	}
	if s.Local, err = localCosts(exactly(c.Local), exactly(c.LocalEnergy)); err != nil {
		return err
	}
	answer, err := costs.Predict(s, system)
	return c.print(e, answer, err)
}

// payloadsOf returns what an inference of a user's own file sends: its tensors, and for an image each
// encoding.
func payloadsOf(file string) ([]model.Payload, error) {
	v, err := fixtures.OwnFile(file)
	if err != nil {
		return nil, err
	}
	name, raw := filepath.Base(file), 0
	for _, t := range v.Inputs {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return nil, err
		}
		raw += n
	}
	if v.Image == nil {
		return []model.Payload{{Name: name, Size: model.Bytes(raw)}}, nil
	}
	encoded, err := fixtures.SyntheticJPEG(*v.Image, 1)
	return []model.Payload{
		{Name: name + " " + names.EncodingRaw, Size: model.Bytes(raw)},
		{Name: name + " " + names.EncodingUint8, Size: model.Bytes(v.Image.Bytes())},
		{Name: name + " " + names.EncodingJPEG, Size: model.Bytes(len(encoded))},
	}, err
}
