package link

import (
	"context"
	"net"
	"sync/atomic"
)

// A Dialer opens connections over one link. Its Meter counts all of them.
type Dialer struct {
	Shape Shape
	Meter Meter

	connections atomic.Uint64
}

// DialContext connects to addr over the link. Over a shaped link it takes a
// round trip longer than the bare connection, as the TCP handshake would.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := d.Shape.Validate(); err != nil {
		return nil, err
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
	if err := sleep(ctx, start.add(d.Shape.RTT()).sub(now())); err != nil {
		c.Close()
		return nil, err
	}
	return Wrap(c, d.Shape, &d.Meter, d.connections.Add(1)), nil
}

// DialTCP is DialContext over TCP, as gRPC wants it.
func (d *Dialer) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	return d.DialContext(ctx, "tcp", addr)
}
