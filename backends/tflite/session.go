//go:build cgo && linux

package tflite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/mattn/go-tflite"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// typeNames holds NumPy's names of the tensor types, by the library's numbers.
var typeNames = [...]string{
	1: "float32", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool", 7: "int16",
	8: "complex64", 9: "int8", 10: "float16", 11: "float64", 12: "complex128", 13: "uint64",
	14: "resource", 15: "variant", 16: "uint32", 17: "uint16", 18: "int4", 19: "bfloat16",
}

// A tensor is one input or output of an interpreter, in bytes.
type tensor struct {
	*tflite.Tensor
	size int
}

// bytes returns the tensor's memory. The library may move it between invocations.
func (t *tensor) bytes() []byte { return unsafe.Slice((*byte)(t.Data()), t.size) }

// A session is one loaded file with an interpreter.
type session struct {
	backends.Tensors
	file        *mapping
	interpreter *tflite.Interpreter
	delegate    *delegate        // nil without one
	filler      *fixtures.Filler // nil for a user's own file
	in, out     []tensor
	details     backends.Details
	yielded     time.Time // when Infer last called the scheduler
}

func (b *backend) open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := b.admit(ctx, v); err != nil {
		return nil, err
	}
	s, err := b.load(v)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// load opens the variant in this process, without the checks of admit.
func (b *backend) load(v fixtures.Variant) (*session, error) {
	var s *session
	words, err := quietly(func() (err error) {
		s, err = b.newSession(v)
		return err
	})
	if err != nil && words != "" {
		err = fmt.Errorf("%w (it printed: %s)", err, oneLine(words))
	}
	return s, err
}

// newSession loads the file, applies the delegate and allocates the tensors. It frees everything if
// it fails.
func (b *backend) newSession(v fixtures.Variant) (s *session, err error) {
	s = &session{details: backends.Details{Runtime: Version(), Threads: b.Threads, Input: v.Input}}
	defer func() {
		if err != nil {
			s.free()
		}
	}()
	if s.file, err = mapFile(v.Path); err != nil {
		return s, err
	}
	if s.delegate, err = b.newDelegate(); err != nil {
		return s, err
	}
	options := tflite.NewInterpreterOptions()
	defer options.Delete()
	options.SetNumThread(b.Threads)
	s.file.reporter.attach(options)
	build := func() { s.interpreter = tflite.NewInterpreter(s.file.model, options) }
	if s.delegate == nil {
		build()
	} else {
		options.AddDelegate(s.delegate)
		runtime.LockOSThread() // the counts are per thread
		s.details.Nodes, s.details.Delegated = s.delegate.counting(build)
		runtime.UnlockOSThread()
		s.details.Delegate = s.delegate.about
	}
	if s.interpreter == nil {
		return s, s.file.failure("no interpreter can be made of it on " + b.Name())
	}
	if b.Library != "" && s.details.Nodes > 0 && s.details.Delegated == 0 {
		return s, fmt.Errorf("%s: the delegate %s took none of the %d operators, so this would measure the CPU, not %s",
			v.Path, s.delegate.about, s.details.Nodes, b.Name())
	}
	if err := s.allocate(v, b.Name()); err != nil {
		return s, err
	}
	var inputs, outputs []fixtures.Tensor
	s.in, inputs, err = tensors(s.interpreter.GetInputTensorCount(), s.interpreter.GetInputTensor)
	if err != nil {
		return s, fmt.Errorf("%s: input %w", v.Path, err)
	}
	if err := s.settleOutputs(); err != nil {
		return s, err
	}
	s.out, outputs, err = tensors(s.interpreter.GetOutputTensorCount(), s.interpreter.GetOutputTensor)
	if err != nil {
		return s, fmt.Errorf("%s: output %w", v.Path, err)
	}
	if v.Image != nil {
		if len(inputs) != 1 {
			return s, fmt.Errorf("%s: %d input tensors; the image of %s needs exactly 1", v.Path, len(inputs), v.Name)
		}
		if s.filler, err = fixtures.NewFiller(*v.Image, inputs[0]); err != nil {
			return s, fmt.Errorf("%s: %w", v.Path, err)
		}
		inputs[0] = v.Image.Tensor()
	}
	s.Tensors, err = backends.NewTensors(inputs, outputs)
	return s, err
}

// allocate gives the inputs the variant's shapes, where they differ from the file's, and allocates
// all tensors.
func (s *session) allocate(v fixtures.Variant, backend string) error {
	resized := ""
	for i := range min(len(v.Inputs), s.interpreter.GetInputTensorCount()) {
		want := v.Inputs[i].Shape
		if slices.Equal(shapeOf(s.interpreter.GetInputTensor(i)), want) {
			continue
		}
		dims := make([]int32, len(want))
		for d := range want {
			dims[d] = int32(want[d])
		}
		resized = fmt.Sprintf(" with the shape %v for input %q, which is not the file's", want, v.Inputs[i].Name)
		if s.interpreter.ResizeInputTensor(i, dims) != tflite.OK {
			return s.file.failure("the runtime refuses to run it" + resized)
		}
	}
	if s.interpreter.AllocateTensors() != tflite.OK {
		return s.file.failure("its tensors cannot be allocated on " + backend + resized)
	}
	return nil
}

// settleOutputs runs an inference on zeros if an output gets its shape only then, as after a reshape
// whose shape the model computes. Such a model's first inference is therefore part of its opening.
func (s *session) settleOutputs() error {
	if _, _, err := tensors(s.interpreter.GetOutputTensorCount(), s.interpreter.GetOutputTensor); err == nil {
		return nil
	}
	for i := range s.in {
		clear(s.in[i].bytes())
	}
	if s.interpreter.Invoke() != tflite.OK {
		return s.file.failure("the shape of an output is known only after an inference, and one on zeros failed")
	}
	return nil
}

func shapeOf(t *tflite.Tensor) []int {
	shape := make([]int, max(0, t.NumDims()))
	for d := range shape {
		shape[d] = t.Dim(d)
	}
	return shape
}

// tensors describes count tensors. It returns an error unless each has memory of the size that its
// type and shape require.
func tensors(count int, get func(int) *tflite.Tensor) (list []tensor, described []fixtures.Tensor, err error) {
	for i := range count {
		t := get(i)
		if t == nil {
			return nil, nil, fmt.Errorf("%d: the library has no such tensor", i)
		}
		about := fixtures.Tensor{Name: t.Name(), Type: typeName(t.Type()), Shape: shapeOf(t)}
		if q := t.QuantizationParams(); q.Scale != 0 {
			about.Scale, about.ZeroPoint = q.Scale, q.ZeroPoint
		}
		size, err := backends.TensorBytes(about)
		if err != nil {
			return nil, nil, fmt.Errorf("%d: %w", i, err)
		}
		if uint(size) != t.ByteSize() || (size > 0 && t.Data() == nil) {
			return nil, nil, fmt.Errorf("%d: tensor %q (%s %v) has no memory of its size: its shape is dynamic; "+
				"choose the inputs' shapes with --shape, or convert the model with fixed shapes",
				i, about.Name, about.Type, about.Shape)
		}
		list, described = append(list, tensor{t, size}), append(described, about)
	}
	return list, described, nil
}

func typeName(t tflite.TensorType) string {
	if int(t) > 0 && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", int(t))
}

// Details returns which runtime and delegate run the file, and how much of it the delegate took.
func (s *session) Details() backends.Details { return s.details }

// MemoryBytes returns what the session takes beside its file, as far as it is known: the weights once
// more, which XNNPACK and delegates pack for themselves, the inputs and the outputs. Activations are not
// counted.
func (s *session) MemoryBytes() int64 {
	total := int64(0)
	if info, err := os.Stat(s.file.path); err == nil && s.delegate != nil {
		total = info.Size()
	}
	for _, t := range append(slices.Clone(s.in), s.out...) {
		total += int64(t.size)
	}
	return total
}

// yieldEvery is how often Infer calls the Go scheduler. sysmon, Go's monitor thread, treats a
// goroutine that was not rescheduled for 10 ms as one that never yields. A goroutine in a cgo call
// is not rescheduled, so sysmon polls at its shortest interval and repeatedly retakes the processor
// of the C call. With as many threads as cores this disturbed each synchronisation of XNNPACK's
// threads: MobileNet PQ 128 took 15 % longer, and MobileNet PQ 32 was at times 55 % slower.
const yieldEvery = 4 * time.Millisecond

// Infer runs one inference. It checks ctx before the invocation, which cannot be interrupted.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	start := time.Now()
	if start.Sub(s.yielded) >= yieldEvery {
		runtime.Gosched()
		start = time.Now()
		s.yielded = start
	}
	if s.interpreter == nil {
		return backends.Timing{}, errors.New("the session is closed")
	}
	if err := s.Check(in, out); err != nil {
		return backends.Timing{}, fmt.Errorf("%s: %w", s.file.path, err)
	}
	if s.filler != nil {
		if err := s.filler.Fill(s.in[0].bytes(), in[0]); err != nil {
			return backends.Timing{}, fmt.Errorf("%s: %w", s.file.path, err)
		}
	} else {
		for i := range s.in {
			copy(s.in[i].bytes(), in[i])
		}
	}
	if err := ctx.Err(); err != nil {
		return backends.Timing{}, err
	}
	filled := time.Now()
	status := s.interpreter.Invoke()
	done := time.Now()
	// The constants Error and OK of go-tflite have the same value.
	if status != tflite.OK {
		return backends.Timing{}, s.file.failure("the inference failed")
	}
	for i := range s.out {
		t := &s.out[i]
		if t.ByteSize() != uint(t.size) {
			return backends.Timing{}, fmt.Errorf(
				"%s: output %d (%q) has %d bytes after this inference, %d after another: "+
					"its shape depends on the input's values",
				s.file.path, i, s.Outputs()[i].Name, t.ByteSize(), t.size)
		}
		copy(out[i], t.bytes())
	}
	return backends.Timing{Total: time.Since(start), Fill: filled.Sub(start), Exec: done.Sub(filled)}, nil
}

// Close frees the session and returns its memory to the system, so that the next model starts from
// the same state as this one.
func (s *session) Close() error {
	if s.interpreter == nil {
		return nil
	}
	_, err := quietly(func() error {
		s.free()
		trim()
		return nil
	})
	return err
}

// free deletes the interpreter first, because it uses the delegate and the model until its end.
func (s *session) free() {
	if s.interpreter != nil {
		s.interpreter.Delete()
		s.interpreter = nil
	}
	if s.delegate != nil {
		s.delegate.Delete()
		s.delegate = nil
	}
	if s.file != nil {
		s.file.close()
	}
}
