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

// agreementImages is the number of images on which variants are compared.
const agreementImages = 32

// agreements writes, as JSON, a map from variants to how far each agrees with its
// uncompressed one. A variant that cannot be compared costs its own entry; the
// error names it after the others are written.
func (s *Suite) agreements(w io.Writer) error {
	out := map[names.Variant]accept.Agreement{}
	asked := map[names.Variant]bool{}
	var failed []error
	for _, c := range s.Work {
		if asked[c.Variant] {
			continue
		}
		asked[c.Variant] = true
		a, err := s.Agreement(context.Background(), c.Variant)
		switch {
		case notBuilt(err):
		case err != nil:
			failed = append(failed, err)
		case a != nil:
			out[c.Variant] = *a
		}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return err
	}
	if len(failed) > 0 {
		return exit.Errorf(exit.NoData, "%w", errors.Join(failed...))
	}
	return nil
}

// Agreement compares a compressed variant with its uncompressed one on cpu1, over
// the images that calibrated its quantization. It returns nil for a variant that has
// no uncompressed one, because it is uncompressed itself or a user's own file. A
// *fixtures.NotBuiltError says that one of the two files is not there.
func (s *Suite) Agreement(ctx context.Context, name names.Variant) (*accept.Agreement, error) {
	if _, own := s.OwnFile(name); own {
		return nil, nil
	}
	plain, _ := name.Uncompressed()
	if plain == name {
		return nil, nil
	}
	if a, ok := s.agreed[name]; ok {
		return a, nil
	}
	var scores [2][][]float64
	var weights string
	wrap := func(err error) error {
		return fmt.Errorf("agreement of %s with %s: %w", s.Title(name), s.Title(plain), err)
	}
	for i, name := range []names.Variant{name, plain} {
		v, err := s.Variant(name)
		if err != nil {
			return nil, err
		}
		weights = v.Weights
		if scores[i], err = scoresOn(ctx, tflite.New(1), v, s.Catalog.Recipe.Seed); err != nil {
			return nil, wrap(err)
		}
	}
	a, err := compare(scores[0], scores[1])
	if err != nil {
		return nil, wrap(err)
	}
	a.Weights = weights
	s.agreed[name] = a
	return a, nil
}

// scoresOn returns the scores of a catalog variant for each image.
func scoresOn(
	ctx context.Context, b backends.Backend, v fixtures.Variant, seed uint64,
) (scores [][]float64, err error) {
	session, err := b.Open(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	outputs := session.Outputs()
	if len(outputs) != 1 {
		return nil, fmt.Errorf("%s has %d outputs; a classifier has only its scores", v.Title, len(outputs))
	}
	size, err := backends.TensorBytes(outputs[0])
	if err != nil {
		return nil, err
	}
	out := [][]byte{make([]byte, size)}
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

// compare counts the images for which a and b rank the same class first, and
// takes the mean cosine of their scores.
func compare(a, b [][]float64) (*accept.Agreement, error) {
	out := &accept.Agreement{Images: len(a)}
	for i := range a {
		cosine := fixtures.Cosine(a[i], b[i])
		if math.IsNaN(cosine) {
			return nil, fmt.Errorf("the scores of image %d cannot be compared: %v and %v", i, a[i], b[i])
		}
		out.Cosine += cosine / float64(len(a))
		if fixtures.Top1(a[i]) == fixtures.Top1(b[i]) {
			out.Agreed++
		}
	}
	return out, nil
}

// notBuilt reports whether err says that a fixture must be built first.
func notBuilt(err error) bool {
	_, ok := errors.AsType[*fixtures.NotBuiltError](err)
	return ok
}
