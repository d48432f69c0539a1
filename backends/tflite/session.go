//go:build cgo && linux

package tflite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

// A tensor is one input or output of an interpreter.
type tensor struct {
	*tflite.Tensor
	about fixtures.Tensor
	size  int // bytes
}

// bytes returns the tensor's memory. The library may move it between invocations.
func (t *tensor) bytes() []byte { return unsafe.Slice((*byte)(t.Data()), t.size) }

// A session is one loaded file with an interpreter.
type session struct {
	file        *mapping
	interpreter *tflite.Interpreter
	delegate    *delegate        // nil without one
	filler      *fixtures.Filler // nil for a user's own file
	image       fixtures.Tensor
	imageBytes  int
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

// newSession loads the file, applies the delegate and allocates the tensors. It
// frees everything if it fails.
func (b *backend) newSession(v fixtures.Variant) (s *session, err error) {
	s = &session{details: backends.Details{Runtime: Version(), Threads: b.Threads}}
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
	if s.interpreter.AllocateTensors() != tflite.OK {
		return s, s.file.failure("its tensors cannot be allocated on " + b.Name())
	}
	if s.in, err = tensors(s.interpreter.GetInputTensorCount(), s.interpreter.GetInputTensor); err != nil {
		return s, fmt.Errorf("%s: input %w", v.Path, err)
	}
	if s.out, err = tensors(s.interpreter.GetOutputTensorCount(), s.interpreter.GetOutputTensor); err != nil {
		return s, fmt.Errorf("%s: output %w", v.Path, err)
	}
	return s, s.prepareImage(v)
}

// prepareImage makes the session take the image of a catalog variant.
func (s *session) prepareImage(v fixtures.Variant) error {
	im := v.Image
	if im == nil {
		return nil
	}
	if len(s.in) != 1 {
		return fmt.Errorf("%s: %d input tensors; the image of %s needs exactly 1", v.Path, len(s.in), v.Name)
	}
	f, err := fixtures.NewFiller(*im, s.in[0].about)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Path, err)
	}
	s.filler = f
	s.image = fixtures.Tensor{Name: "image", Type: "uint8", Shape: []int{1, im.Height, im.Width, 3}}
	s.imageBytes = im.Bytes()
	return nil
}

// tensors describes count tensors. It returns an error unless each has memory of
// the size that its type and shape require.
func tensors(count int, get func(int) *tflite.Tensor) ([]tensor, error) {
	list := make([]tensor, count)
	for i := range list {
		t := get(i)
		if t == nil {
			return nil, fmt.Errorf("%d: the library has no such tensor", i)
		}
		about := fixtures.Tensor{Name: t.Name(), Type: typeName(t.Type()), Shape: make([]int, max(0, t.NumDims()))}
		for d := range about.Shape {
			about.Shape[d] = t.Dim(d)
		}
		if q := t.QuantizationParams(); q.Scale != 0 {
			about.Scale, about.ZeroPoint = q.Scale, q.ZeroPoint
		}
		size, err := backends.TensorBytes(about)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		if uint(size) != t.ByteSize() || (size > 0 && t.Data() == nil) {
			return nil, fmt.Errorf("%d: tensor %q (%s %v) has no memory of its size before it runs: "+
				"its shape is dynamic; convert the model with fixed shapes", i, about.Name, about.Type, about.Shape)
		}
		list[i] = tensor{t, about, size}
	}
	return list, nil
}

func typeName(t tflite.TensorType) string {
	if int(t) > 0 && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", int(t))
}

// Inputs describes the image of a catalog variant, or the file's inputs otherwise.
func (s *session) Inputs() []fixtures.Tensor {
	if s.filler != nil {
		return []fixtures.Tensor{s.image}
	}
	return abouts(s.in)
}

// Outputs describes the file's outputs.
func (s *session) Outputs() []fixtures.Tensor { return abouts(s.out) }

func abouts(list []tensor) []fixtures.Tensor {
	a := make([]fixtures.Tensor, len(list))
	for i := range list {
		a[i] = list[i].about
	}
	return a
}

// Details returns which runtime and delegate run the file, and how much of it the
// delegate took.
func (s *session) Details() backends.Details { return s.details }

// yieldEvery is how often Infer calls the Go scheduler. sysmon, Go's monitor
// thread, treats a goroutine that was not rescheduled for 10 ms as one that never
// yields. A goroutine in a cgo call is not rescheduled, so sysmon polls at its
// shortest interval and repeatedly retakes the processor of the C call. With as
// many threads as cores this disturbed each synchronisation of XNNPACK's threads:
// MobileNet PQ 128 took 15 % longer, and MobileNet PQ 32 was at times 55 % slower.
const yieldEvery = 4 * time.Millisecond

// Infer runs one inference. It checks ctx before the invocation, which cannot be
// interrupted.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	start := time.Now()
	if start.Sub(s.yielded) >= yieldEvery {
		runtime.Gosched()
		start = time.Now()
		s.yielded = start
	}
	if err := s.check(in, out); err != nil {
		return backends.Timing{}, err
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
				"%s: output %d (%q) has %d bytes after the inference, %d before: its shape is dynamic",
				s.file.path, i, t.about.Name, t.ByteSize(), t.size)
		}
		copy(out[i], t.bytes())
	}
	return backends.Timing{Total: time.Since(start), Fill: filled.Sub(start), Exec: done.Sub(filled)}, nil
}

// check compares the arguments of Infer with the tensors.
func (s *session) check(in, out [][]byte) error {
	if s.interpreter == nil {
		return errors.New("the session is closed")
	}
	if len(in) != len(s.in) {
		return fmt.Errorf("%s: %d inputs given; it has %d", s.file.path, len(in), len(s.in))
	}
	for i := range in {
		want := s.in[i].size
		if s.filler != nil {
			want = s.imageBytes
		}
		if len(in[i]) != want {
			return fmt.Errorf("%s: input %d (%q) is given %d bytes; it takes %d",
				s.file.path, i, s.Inputs()[i].Name, len(in[i]), want)
		}
	}
	if len(out) != len(s.out) {
		return fmt.Errorf("%s: room for %d outputs given; it has %d", s.file.path, len(out), len(s.out))
	}
	for i := range out {
		if len(out[i]) != s.out[i].size {
			return fmt.Errorf("%s: room of %d bytes given for output %d (%q); it has %d",
				s.file.path, len(out[i]), i, s.out[i].about.Name, s.out[i].size)
		}
	}
	return nil
}

// Close frees the session and returns its memory to the system, so that the next
// model starts from the same state as this one.
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

// free deletes the interpreter first, because it uses the delegate and the model
// until its end.
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
