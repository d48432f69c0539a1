package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

const agreementImages = 32

// agreements writes, as JSON, a map from variants to how far each agrees with its uncompressed one.
// A variant that cannot be compared costs its own entry; the error names it after the others are
// written.
func (s *Suite) agreements(w io.Writer) error {
	out := map[names.Variant]accept.Agreement{}
	var failed error
	for _, v := range names.Variants(s.Work) {
		a, err := s.Agreement(context.Background(), v)
		if _, notBuilt := errors.AsType[*fixtures.NotBuiltError](err); !notBuilt {
			failed = errors.Join(failed, err)
		}
		if a != nil {
			out[v] = *a
		}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return err
	}
	return exit.With(exit.NoData, failed)
}

// Agreement compares a compressed variant with its uncompressed one on cpu1, over the images that
// calibrated its quantization. It returns nil for a variant that has no uncompressed one, because
// it is uncompressed itself or a user's own file. A *fixtures.NotBuiltError says that one of the
// two files is not there.
func (s *Suite) Agreement(ctx context.Context, name names.Variant) (*accept.Agreement, error) {
	plain, fromCatalog := name.Uncompressed()
	if !fromCatalog || plain == name {
		return nil, nil
	}
	if a, ok := s.agreed[name]; ok {
		return a, nil
	}
	var variants [2]fixtures.Variant
	for i, name := range []names.Variant{name, plain} {
		var err error
		if variants[i], err = s.Variant(name); err != nil {
			return nil, err
		}
	}
	a, err := s.compare(ctx, variants)
	if err != nil {
		return nil, fmt.Errorf("agreement of %s with %s: %w", s.Title(name), s.Title(plain), err)
	}
	s.agreed[name] = a
	return a, nil
}

// compare counts the images for which a variant and its uncompressed one, in this order, rank the
// same class first, and takes the mean cosine of their scores.
func (s *Suite) compare(ctx context.Context, variants [2]fixtures.Variant) (*accept.Agreement, error) {
	var scores [2][][]float64
	for i, v := range variants {
		var err error
		if scores[i], err = scoresOn(ctx, v, s.Catalog.Recipe.Seed); err != nil {
			return nil, err
		}
	}
	out := &accept.Agreement{Images: agreementImages, Weights: variants[1].Weights}
	for i := range agreementImages {
		a, b := scores[0][i], scores[1][i]
		cosine := fixtures.Cosine(a, b)
		if math.IsNaN(cosine) {
			return nil, fmt.Errorf("the scores of image %d cannot be compared: %v and %v", i, a, b)
		}
		out.Cosine += cosine / agreementImages
		if fixtures.Top1(a) == fixtures.Top1(b) {
			out.Agreed++
		}
	}
	return out, nil
}

// scoresOn returns the scores of a catalog variant on cpu1 for each image.
func scoresOn(ctx context.Context, v fixtures.Variant, seed uint64) (scores [][]float64, err error) {
	session, err := tflite.New(1).Open(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	outputs := session.Outputs()
	if len(outputs) != 1 {
		return nil, fmt.Errorf("%s has %d outputs; a classifier has only its scores", v.Title, len(outputs))
	}
	out := backends.Buffers(outputs)
	for i := range agreementImages {
		image := fixtures.SyntheticImage(*v.Image, seed+uint64(i))
		if _, err := session.Infer(ctx, [][]byte{image}, out); err != nil {
			return nil, err
		}
		one, err := fixtures.ReadScores(outputs[0], out[0])
		if err != nil {
			return nil, err
		}
		scores = append(scores, one)
	}
	return scores, nil
}
