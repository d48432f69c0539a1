package synthetic

import (
	"fmt"
	"math"
	"time"

	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
	"github.com/crossover-bench/crossover/model/profiles"
)

// productTimes are the invented execution times of features/product in milliseconds: on the board's
// NPU, and on the host "server".
var productTimes = []struct {
	variant     names.Variant
	npu, server float64
}{
	{"model=mobilenet/input=75/compression=pq", 6, 0.6},
	{"model=resnet50/input=75/compression=pq", 24, 1.6},
	{"model=inceptionv3/input=75/compression=pq", 38, 1.7},
	{"model=vgg16/input=75/compression=pq", 64, 2.8},
}

// Product returns the example run that features/product can be judged on without a board: four
// networks on an NPU, and offloaded to the host "server" over Ethernet and Wi-Fi, as equation 2.3 of
// the study gives it.
func Product() (*results.Run, error) {
	s := Spec{
		Name: "product", Seed: 3, Start: time.Date(2022, 1, 3, 0, 0, 0, 0, time.UTC),
		Why: "its execution times were invented as an example for features/product, and its links are the profiles'",
	}
	ms := func(v float64) time.Duration { return time.Duration(math.Round(v * 1e6)) }
	catalog := fixtures.Default()
	for _, t := range productTimes {
		id, err := catalog.Parse(string(t.variant))
		if err != nil {
			return nil, fmt.Errorf("the product's example: %w", err)
		}
		c := Combination{Title: id.Title(), Exec: ms(t.npu)}
		c.Variant, c.Backend, c.Link = t.variant, names.NPU, names.LinkNone
		s.Combinations = append(s.Combinations, c)
		for _, name := range []string{"ethernet", "radio"} {
			link, err := profiles.Link(name)
			if err != nil {
				return nil, fmt.Errorf("the product's example: %w", err)
			}
			c.Backend, c.Link, c.Exec = names.Offload("server"), names.Link(name), ms(t.server)
			c.Sent, c.Received = int64(id.Input.Size*id.Input.Size*3), int64(catalog.Classes)
			c.Network = ms(1e3 * float64(link.NetworkTime(model.Bytes(c.Sent), model.Bytes(c.Received))))
			s.Combinations = append(s.Combinations, c)
		}
	}
	return s.Run(), nil
}
