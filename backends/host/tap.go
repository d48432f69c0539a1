package host

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// The answers of the tap are made once, because it holds a lock of the connection.
var (
	errNoToken = status.Error(codes.Unauthenticated,
		"this host requires a token: send it as \"authorization: Bearer TOKEN\"")
	errWrongToken = status.Error(codes.Unauthenticated,
		"this host does not know that token; see the host's log, and --token-file there")
	errNoCertificate = status.Error(codes.Unauthenticated, "this host requires a client certificate")
	errBudget        = status.Error(codes.ResourceExhausted,
		"busy: the requests in transit take all of the host's budget, or this client's share of it; "+
			"try again or raise the host's --budget")
	errStopping = status.Error(codes.Unavailable, "the host is stopping")
)

// tap accepts or refuses a stream before its message is read. It runs under the connection's lock, so
// it neither waits nor writes.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	var c *conn
	p, ok := peer.FromContext(ctx)
	if ok {
		c = connOf(p.Addr)
	}
	client, err := s.identify(p, c, info)
	if err != nil {
		s.metrics.refuse(byCredentials)
		if c != nil {
			deadline, ok := ctx.Deadline()
			// grpc keeps the timer of a refused request until the request's deadline.
			c.deny(ok && time.Until(deadline) > time.Minute)
		}
		return nil, err
	}
	if c != nil {
		c.proven.Store(true)
	}
	if s.stopping.Load() {
		s.metrics.refuse(byStopping)
		return nil, errStopping
	}
	if !s.budget.take(client, s.message) {
		s.metrics.refuse(byBudget)
		return nil, errBudget
	}
	return s.admit(ctx, client, c, s.message, !s.streaming[info.FullMethodName]), nil
}

// identify returns the client that sends a request.
func (s *Server) identify(p *peer.Peer, c *conn, info *tap.Info) (*client, error) {
	access := s.access.Load()
	if len(access.tokens) > 0 {
		values := info.Header["authorization"]
		for _, v := range values {
			if token, ok := strings.CutPrefix(v, "Bearer "); ok {
				if client := access.tokens[sha256.Sum256([]byte(token))]; client != nil {
					return client, nil
				}
			}
		}
		if len(values) == 0 {
			return nil, errNoToken
		}
		return nil, errWrongToken
	}
	if s.mutual {
		tls, ok := p.AuthInfo.(credentials.TLSInfo)
		if !ok || len(tls.State.VerifiedChains) == 0 {
			return nil, errNoCertificate
		}
		if c != nil && c.client != nil {
			return c.client, nil
		}
		client := s.clientNamed("certificate " + tls.State.VerifiedChains[0][0].Subject.CommonName)
		if c != nil {
			c.client = client
		}
		return client, nil
	}
	if c != nil {
		return c.from.client, nil
	}
	return s.anyone, nil
}

// maxClients bounds the clients that certificates name. Those beyond share one.
const maxClients = 1000

// clientNamed returns the client of that name.
func (s *Server) clientNamed(name string) *client {
	s.clientsMu.Lock()
	defer s.clientsMu.Unlock()
	if c := s.clients[name]; c != nil {
		return c
	}
	if len(s.clients) >= maxClients {
		return s.anyone
	}
	c := &client{name: name}
	s.clients[name] = c
	return c
}

// streamGuard ends the receive timeout of a stream that only the host sends on, such as a health
// watch, once its request is read. One that a client may send on forever, as of reflection, keeps it.
func streamGuard(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if r := admissionOf(stream.Context()); r != nil && !info.IsClientStream {
		stream = &watched{stream, r}
	}
	return next(srv, stream)
}

type watched struct {
	grpc.ServerStream
	admission *admission
}

// RecvMsg reads the stream's request.
func (w *watched) RecvMsg(m any) error {
	err := w.ServerStream.RecvMsg(m)
	if err == nil {
		w.admission.timer.Stop()
	}
	return err
}
