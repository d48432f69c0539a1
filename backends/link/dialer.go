package link

import (
	"context"
	"fmt"
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

// Prepare validates the link and builds it if the kernel emulates it. It returns a
// *backends.UnavailableError if that is not possible on this machine. A link by
// Netem must be prepared before DialContext.
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
			Backend: fmt.Sprintf("link %s by netem", d.Shape.Name), Missing: err.Error(),
			Hint: "leave --link-emulation out: this process then emulates the link, for any user on any kernel",
		}
	}
	d.kernel = n
	return nil
}

// Close removes what Prepare built.
func (d *Dialer) Close() error {
	if d.kernel != nil {
		d.kernel.close()
		d.kernel = nil
	}
	return nil
}

// DialContext connects to addr over the link. A shaped link adds one round trip, as
// the TCP handshake would.
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
	return pace(c, d.Shape, &d.Meter, d.connections.Add(1)), nil
}

// DialTCP is DialContext over TCP with the signature of gRPC's option.
func (d *Dialer) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	return d.DialContext(ctx, "tcp", addr)
}
