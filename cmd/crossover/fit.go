package main

import (
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/costs"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/sheet"
)

type fitCmd struct {
	profileFlags
	Device  string `default:"imx8mp" help:"Device profile."`
	Catalog string `placeholder:"FILE" help:"Catalog of models; the built-in one by default."`
	Models  string `default:"fixtures/models" help:"Folder of the built variants and their manifest."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

func (fitCmd) Help() string {
	return `Layer fit: the share of each memory of the device that an average layer's weights
fill, in percent, with one byte per parameter (equation 5.1 of the study). Above 100 an
average layer does not fit. For built variants it also counts the layers whose weights
fit, each by itself; the manifest in --models has the size of every layer.

Examples:

    crossover fit
    crossover fit --device raspberry-pi-zero-2w
    crossover fit --models fixtures/models --json`
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
		return exit.Errorf(exit.Usage, "--device: the profile of %s has no memories; declare them with --profiles",
			device.Name)
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
	answer, err := costs.FitLayers(catalog, device)
	if err != nil {
		return exit.Errorf(exit.Usage, "%w", err)
	}
	if err := answer.AddBuilt(catalog, manifest); err != nil {
		return exit.Errorf(exit.NoData, "--models: %w", err)
	}
	return sheet.Print(e.stdout, answer, c.JSON)
}
