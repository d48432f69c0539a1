package model

import (
	"errors"
	"fmt"
)

// LayerFit is the share of a memory that an average layer's weights fill, in percent, with one byte
// per parameter: equation (5.1) of the study.
//
//	layer fit = 100 * parameters / layers / memory
//
// layers counts all layers of the Keras model: the base, Flatten and both Dense layers, layers
// without weights included. It is not the depth in the study's table of models. Above 100 an
// average layer does not fit. LayersThatFit looks at each layer instead.
func LayerFit(parameters int64, layers int, memory Bytes) (percent float64, err error) {
	errs := []error{positive("memory", memory)}
	if parameters <= 0 {
		errs = append(errs, fmt.Errorf("parameters: want a number above zero, got %d", parameters))
	}
	if layers <= 0 {
		errs = append(errs, fmt.Errorf("layers: want a number above zero, got %d", layers))
	}
	if err := at("layer fit", errs...); err != nil {
		return 0, err
	}
	return 100 * float64(parameters) / float64(layers) / float64(memory), nil
}

// Fit says how the layers of a model fit a memory.
type Fit struct {
	Layers  int     `json:"-"`              // layers that hold weights
	Fitting int     `json:"layers_fitting"` // layers whose weights fit the memory, each by itself
	Share   float64 `json:"layers_share"`   // Fitting / Layers
	Weights float64 `json:"weights_share"`  // share of the bytes of all weights that lies in layers that fit
}

// LayersThatFit counts the layers whose weights fit the memory, each by itself. Unlike the average of
// (5.1), a few large layers among many small ones do not distort it. Layers of zero bytes hold no
// weights and do not count.
func LayersThatFit(layers []Bytes, memory Bytes) (Fit, error) {
	if err := positive("memory", memory); err != nil {
		return Fit{}, at("layers that fit", err)
	}
	var f Fit
	var all, fitting Bytes
	for i, size := range layers {
		if err := notNegative(fmt.Sprintf("layer %d", i), size); err != nil {
			return Fit{}, at("layers that fit", err)
		}
		if size == 0 {
			continue
		}
		f.Layers++
		all += size
		if size <= memory {
			f.Fitting++
			fitting += size
		}
	}
	if f.Layers == 0 {
		return Fit{}, errors.New("layers that fit: no layer holds weights")
	}
	f.Share = float64(f.Fitting) / float64(f.Layers)
	f.Weights = float64(fitting) / float64(all)
	return f, nil
}
