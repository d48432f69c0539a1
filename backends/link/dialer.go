package link

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/crossover-bench/crossover/backends"
)

// A Dialer opens connections over one link. Its Counter counts all of them.
type Dialer struct {
	Shape   Shape
	Counter Counter

	connections atomic.Uint64
	kernel      *netem
}

// Prepare validates the link and builds it if the kernel emulates it. It returns a
// *backends.UnavailableError if that is not possible on this machine. A link by Netem must be
// prepared before Dial.
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

// Dial connects to addr by TCP over the link. A shaped link adds one round trip, as the TCP
// handshake would.
func (d *Dialer) Dial(ctx context.Context, addr string) (net.Conn, error) {
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
		return &counted{c, &d.Counter}, nil
	}
	var bare net.Dialer
	start := now()
	c, err := bare.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if !d.Shape.Shapes() {
		return &counted{c, &d.Counter}, nil
	}
	if err := Sleep(ctx, start.add(d.Shape.RTT()).sub(now())); err != nil {
		c.Close()
		return nil, err
	}
	return &counted{pace(c, d.Shape, &d.Counter, d.connections.Add(1)), &d.Counter}, nil
}
