package link

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/crossover-bench/crossover/backends"
)

// A Dialer opens connections over one link. Its Meter counts all of them.
type Dialer struct {
	Shape Shape
	Meter Meter

	connections atomic.Uint64
	kernel      *netem
}

// Prepare checks the link and, where the kernel is to emulate it, builds it. It
// returns an *backends.UnavailableError where that is not possible here. A link
// that nobody prepared, by netem, can't be dialled.
func (d *Dialer) Prepare() error {
	if err := d.Shape.Validate(); err != nil {
		return err
	}
	if d.Shape.Emulation != Netem || !d.Shape.Shapes() || d.kernel != nil {
		return nil
	}
	n, err := newNetem(d.Shape)
	if err != nil {
		return &backends.UnavailableError{
			Backend: "link " + d.Shape.Name + " by netem", Missing: err.Error(),
			Hint: "leave --link-emulation out: the link is then emulated in this process, as anyone and on any kernel",
		}
	}
	d.kernel = n
	return nil
}

// Close takes down what Prepare built.
func (d *Dialer) Close() error {
	if d.kernel != nil {
		d.kernel.close()
		d.kernel = nil
	}
	return nil
}

// DialContext connects to addr over the link. Over a shaped link it takes a
// round trip longer than the bare connection, as the TCP handshake would.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := d.Shape.Validate(); err != nil {
		return nil, err
	}
	if d.Shape.Emulation == Netem && d.Shape.Shapes() {
		if d.kernel == nil {
			return nil, net.ErrClosed
		}
		c, err := d.kernel.dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		return &direct{Conn: c, meter: &d.Meter}, nil
	}
	var bare net.Dialer
	start := now()
	c, err := bare.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if !d.Shape.Shapes() {
		return &direct{Conn: c, meter: &d.Meter}, nil
	}
	if err := Sleep(ctx, start.add(d.Shape.RTT()).sub(now())); err != nil {
		c.Close()
		return nil, err
	}
	return Wrap(c, d.Shape, &d.Meter, d.connections.Add(1)), nil
}

// DialTCP is DialContext over TCP, as gRPC wants it.
func (d *Dialer) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	return d.DialContext(ctx, "tcp", addr)
}
