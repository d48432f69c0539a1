//go:build !linux

package link

import (
	"context"
	"errors"
	"net"
)

type netem struct{}

func newNetem(Shape) (*netem, error) { return nil, errors.New("netem is a part of Linux") }

func (*netem) dial(context.Context, string) (net.Conn, error) { return nil, errors.ErrUnsupported }

func (*netem) close() {}
