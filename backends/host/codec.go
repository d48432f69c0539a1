package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// A codec decodes a request only after it has counted its parts, and gives the budget back when an
// answer is written.
type codec struct{ elements int }

// An incoming message is what guard asks the codec for. What is wrong with it is in err and not an
// error of Unmarshal, which grpc would turn into INTERNAL.
type incoming struct {
	message proto.Message
	size    int64
	err     error
}

// An outgoing message is an answer with the request that it belongs to.
type outgoing struct {
	message   proto.Message
	admission *admission
}

// Name returns the content type's suffix.
func (*codec) Name() string { return "proto" }

// Unmarshal decodes a message.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	if !ok {
		message, ok := v.(proto.Message)
		if !ok {
			return fmt.Errorf("decode a message into %T", v)
		}
		in = &incoming{message: message}
	}
	in.size = int64(data.Len())
	_, infer := in.message.(*oip.ModelInferRequest)
	if !infer && in.size > maxSmall {
		in.err = fmt.Errorf("the request has %d bytes; at most %d are taken", in.size, maxSmall)
	} else {
		buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer buffer.Free()
		in.err = c.decode(buffer.ReadOnlyData(), in.message, infer)
	}
	if !ok {
		return in.err
	}
	return nil
}

func (c *codec) decode(data []byte, message proto.Message, infer bool) error {
	if infer {
		if err := checkInfer(data, c.elements); err != nil {
			return err
		}
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, message); err != nil {
		return errors.Join(errWire, err)
	}
	return nil
}

// Marshal encodes a message. The buffer of an answer ends its request when it is written or dropped.
func (*codec) Marshal(v any) (mem.BufferSlice, error) {
	message, ok := v.(proto.Message)
	pool := mem.DefaultBufferPool()
	if out, is := v.(*outgoing); is {
		message, ok, pool = out.message, true, written{out.admission}
	}
	if !ok {
		return nil, fmt.Errorf("encode a message of %T", v)
	}
	size := proto.Size(message)
	if out, is := v.(*outgoing); is {
		out.admission.answer(int64(size))
	}
	// grpc drops the pool of a buffer that it thinks too small to be worth one.
	buffer := pool.Get(max(size, leastPooled))
	data, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend((*buffer)[:0], message)
	if err != nil {
		pool.Put(buffer)
		return nil, err
	}
	*buffer = data
	if out, is := v.(*outgoing); is {
		// grpc drops the bytes of a stream that was just reset without giving them to the pool. The
		// budget comes back when their memory does.
		cleanup := runtime.AddCleanup(buffer, (*admission).finish, out.admission)
		out.admission.dropped.Store(&cleanup)
	}
	return mem.BufferSlice{mem.NewBuffer(buffer, pool)}, nil
}

const leastPooled = 1<<10 + 1

// written is the pool of an answer's buffer.
type written struct{ *admission }

func (w written) Get(n int) *[]byte { return mem.DefaultBufferPool().Get(n) }

func (w written) Put(b *[]byte) {
	if cleanup := w.dropped.Swap(nil); cleanup != nil {
		cleanup.Stop() // the buffer serves other requests from here on
	}
	mem.DefaultBufferPool().Put(b)
	w.finish()
}

// guard returns a service whose unary methods decode through incoming, take their requests over from
// the tap, and answer through outgoing.
func guard(desc *grpc.ServiceDesc) *grpc.ServiceDesc {
	guarded := *desc
	guarded.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		handler := m.Handler
		guarded.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: func(
			srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
		) (any, error) {
			r := admissionOf(ctx)
			if r == nil {
				return nil, status.Error(codes.Internal, "the request did not pass the tap")
			}
			answer, err := handler(srv, ctx, func(v any) error { return r.decode(decode, v) }, interceptor)
			if err != nil {
				r.finish()
				return nil, err
			}
			return &outgoing{answer.(proto.Message), r}, nil
		}}
	}
	return &guarded
}

// decode decodes the request's message with grpc's decode.
func (r *admission) decode(decode func(any) error, v any) error {
	in := incoming{message: v.(proto.Message)}
	if err := decode(&in); err != nil {
		return err
	}
	if !r.begin(in.size) {
		return status.FromContextError(r.Err()).Err()
	}
	if in.err != nil {
		r.server.metrics.refuse(byForm)
		return status.Error(codes.InvalidArgument, shorten(in.err.Error()))
	}
	return nil
}

// shorten cuts a message to what a status may have.
func shorten(s string) string {
	if len(s) <= maxStatus {
		return s
	}
	return s[:maxStatus] + "..."
}
