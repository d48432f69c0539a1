package suites

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/measure"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/suite"
)

// An answer is what an inference returned: the outputs as the session declares
// them, their bytes, and the input they answer.
type answer struct {
	tensors []fixtures.Tensor
	data    [][]byte
	input   [][]byte
}

// answerOf copies the last answer of a block.
func answerOf(r *measure.Runner) answer {
	in, out, tensors := r.Tensors()
	return answer{tensors, copied(out), copied(in)}
}

func copied(all [][]byte) [][]byte {
	out := make([][]byte, len(all))
	for i := range all {
		out[i] = bytes.Clone(all[i])
	}
	return out
}

// finite reports the first float32 output that holds a NaN or an infinity.
// Integers are finite; other types are not looked at.
func (a answer) finite() error {
	for i, t := range a.tensors {
		if t.Type != "float32" {
			continue
		}
		scores, err := fixtures.ReadScores(t, a.data[i])
		if err != nil {
			return err
		}
		for j, x := range scores {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("element %d of output %q is %v", j, t.Name, x)
			}
		}
	}
	return nil
}

// sameBits reports the first output in which a differs from b, and where.
func (a answer) sameBits(b answer) error {
	if len(a.data) != len(b.data) {
		return fmt.Errorf("%d outputs, not %d", len(a.data), len(b.data))
	}
	for i := range a.data {
		if !bytes.Equal(a.data[i], b.data[i]) {
			j := 0
			for j < len(a.data[i]) && j < len(b.data[i]) && a.data[i][j] == b.data[i][j] {
				j++
			}
			return fmt.Errorf("output %q differs from byte %d on", a.tensors[i].Name, j)
		}
	}
	return nil
}

// leastCosine is the least cosine between the scores of a delegate, of other
// kernels or of another machine, and those of one thread of the CPU.
//
// Float kernels that sum in another order, or in float16, stay within an angle
// of 8 degrees. Quantized ones round at every layer, each in its own way: the
// library's two sets of int8 kernels were 0.963 apart at worst (MobileNet PQ 75,
// random weights, cpu1 against cpu1-noxnnpack), and NPUs are known to differ. A
// wrong layout, scale or model gives a cosine far below either.
func leastCosine(t fixtures.Tensor) float64 {
	if t.Scale != 0 {
		return 0.9
	}
	return 0.99
}

// near reports the first output whose scores differ in direction from b's by more
// than leastCosine allows.
func (a answer) near(b answer) error {
	if len(a.data) != len(b.data) {
		return fmt.Errorf("%d outputs, not %d", len(a.data), len(b.data))
	}
	for i := range a.data {
		if bytes.Equal(a.data[i], b.data[i]) {
			continue
		}
		ours, err := fixtures.ReadScores(a.tensors[i], a.data[i])
		if err != nil {
			return fmt.Errorf("it differs, and no tolerance is known for its type: %w", err)
		}
		theirs, err := fixtures.ReadScores(b.tensors[i], b.data[i])
		if err != nil {
			return fmt.Errorf("it differs, and no tolerance is known for its type: %w", err)
		}
		if cosine, least := fixtures.Cosine(ours, theirs), leastCosine(b.tensors[i]); !(cosine >= least) {
			return fmt.Errorf("output %q: the cosine of the scores is %.4f; want at least %v",
				a.tensors[i].Name, cosine, least)
		}
	}
	return nil
}

// asDeclared compares the outputs of a catalog variant with its manifest.
func asDeclared(v fixtures.Variant, outputs []fixtures.Tensor) error {
	if v.SHA256 == "" {
		return nil // a user's own file has no manifest
	}
	m, err := fixtures.ReadManifest(filepath.Dir(v.Path))
	if err != nil {
		return err
	}
	e, ok := m.Entry(v.Name)
	if !ok {
		return fmt.Errorf("the manifest no longer has %s", v.Title)
	}
	return sameShapes(outputs, e.Outputs, "the manifest")
}

func sameShapes(a, b []fixtures.Tensor, whose string) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d outputs; %s has %d", len(a), whose, len(b))
	}
	for i := range a {
		if a[i].Type != b[i].Type || !slices.Equal(a[i].Shape, b[i].Shape) {
			return fmt.Errorf("output %d is %s %v; %s has %s %v",
				i, a[i].Type, a[i].Shape, whose, b[i].Type, b[i].Shape)
		}
	}
	return nil
}

// agreesWithCPU compares an answer with that of one thread of this machine's CPU to
// the same input. The embedded host ran the same library on the same processor, so
// its answer must be the same to the bit; others must be within leastCosine.
func agreesWithCPU(ctx context.Context, c names.Combination, v fixtures.Variant, a answer) error {
	if c.Backend == "cpu1" {
		return nil
	}
	want, err := onCPU(ctx, v, a.input)
	if err != nil {
		return fmt.Errorf("the answer of cpu1: %w", err)
	}
	compare := answer.near
	if c.Backend == names.OffloadSelf {
		compare = answer.sameBits
	}
	if err := errors.Join(sameShapes(a.tensors, want.tensors, "cpu1"), compare(a, want)); err != nil {
		return fmt.Errorf("%s answers differently from cpu1: %w", c.Backend, err)
	}
	return nil
}

// onCPU answers an input on one thread of this machine's CPU.
func onCPU(ctx context.Context, v fixtures.Variant, input [][]byte) (a answer, err error) {
	session, err := suite.HostBackend(1).Open(ctx, v)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	a = answer{tensors: session.Outputs(), input: input, data: backends.Buffers(session.Outputs())}
	_, err = session.Infer(ctx, input, a.data)
	return a, err
}
