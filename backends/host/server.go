// Package host serves inferences to other machines by the Open Inference Protocol (package oip). A
// local backend, which the caller injects, runs them. A request goes through these steps:
//
//  1. The model is looked up and, if necessary, loaded. If that would exceed the memory limit, the
//     least recently used model is closed first.
//  2. The request waits for a free interpreter in the model's bounded queue (queue). A full queue
//     refuses it at once.
//  3. The interpreter turns the image into the input tensor (fill) and runs (exec).
//  4. The response carries these times as parameters, so that the client can separate execution
//     from network.
//
// A catalog variant takes the image, uint8, H x W x 3; any other file takes its own tensors.
package host

import (
	"cmp"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// Options configure a host. Models and Backend are required; every other zero value is a usable
// default.
type Options struct {
	Models  []Served
	Backend backends.Backend // runs the models

	Interpreters int   // of each model, so many requests run at once; 0 means 1
	Queue        int   // requests of each model that may wait; 0 means 64
	Preload      bool  // load every model at the start instead of on first use
	Memory       int64 // bytes that loaded models may take; 0 means unlimited
	// Resident returns the bytes of memory that the process holds, by which the host measures what
	// a model takes. Without it a model counts as its file's size.
	Resident func() int64

	TLS   *tls.Config // nil serves without TLS
	Token string      // every caller must send "authorization: Bearer TOKEN"; empty requires none

	Log     *slog.Logger // nil discards the log
	Witness bool         // stamp when requests arrive and responses depart, see oip.ParamArrived
	Version string       // of the program, for ServerMetadata
}

// A Server is a host.
type Server struct {
	oip.UnimplementedGRPCInferenceServiceServer
	options    Options
	log        *slog.Logger
	repository *repository
	witness    *witness
	grpc       *grpc.Server
	health     *health.Server
}

// grace is how long a stopping host lets requests finish.
const grace = 5 * time.Second

// New returns a host that is ready to Serve. With Preload its models are loaded.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Backend == nil {
		return nil, errors.New("host: no local backend to run the models")
	}
	o.Interpreters, o.Queue = cmp.Or(o.Interpreters, 1), cmp.Or(o.Queue, 64)
	if o.Interpreters < 0 || o.Queue < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("host: interpreters %d, queue %d and memory %d cannot be negative",
			o.Interpreters, o.Queue, o.Memory)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Resident == nil {
		o.Resident = func() int64 { return 0 }
	}
	r, err := newRepository(&o)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, log: o.Log, repository: r, health: health.NewServer()}
	serverOptions := []grpc.ServerOption{
		grpc.InitialWindowSize(oip.Windows),
		grpc.InitialConnWindowSize(oip.Windows),
		grpc.MaxRecvMsgSize(oip.Windows),
		grpc.MaxSendMsgSize(oip.Windows),
		grpc.WaitForHandlers(true),                    // models may close only after the last handler
		grpc.NumStreamWorkers(uint32(o.Interpreters)), // one goroutine each, whose stack has grown already
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: 5 * time.Second, PermitWithoutStream: true,
		}),
	}
	if o.TLS != nil {
		serverOptions = append(serverOptions, grpc.Creds(credentials.NewTLS(o.TLS)))
	}
	if o.Token != "" {
		serverOptions = append(serverOptions, grpc.UnaryInterceptor(s.unaryGuard), grpc.StreamInterceptor(s.streamGuard))
	}
	s.grpc = grpc.NewServer(serverOptions...)
	oip.RegisterGRPCInferenceServiceServer(s.grpc, s)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	if o.Witness {
		s.witness = new(witness)
	}
	if o.Preload {
		if err := r.preload(ctx); err != nil {
			r.close()
			return nil, err
		}
	}
	s.health.SetServingStatus(oip.GRPCInferenceService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	return s, nil
}

// Serve answers on l until ctx ends, lets running requests finish and closes the models. It returns
// an error if it could not serve.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer s.repository.close()
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && (s.options.TLS == nil || s.options.Token == "") {
		s.log.Warn("listening beyond this machine: anyone who reaches the address can run inferences and read "+
			"the models' names; use TLS and a token, or 127.0.0.1",
			"address", a.String(), "tls", s.options.TLS != nil, "token", s.options.Token != "")
	}
	if s.witness != nil {
		s.witness.Listener = l
		l = s.witness
	}
	stopped := make(chan struct{})
	watch, cancel := context.WithCancel(ctx)
	go func() {
		defer close(stopped)
		<-watch.Done()
		s.health.Shutdown()
		force := time.AfterFunc(grace, s.grpc.Stop)
		defer force.Stop()
		s.grpc.GracefulStop()
	}()
	s.log.Info("serving", "address", l.Addr().String(),
		"models", len(s.options.Models), "backend", s.options.Backend.Name())
	err := s.grpc.Serve(l)
	cancel()
	<-stopped
	if ctx.Err() != nil {
		s.log.Info("stopped")
		return nil
	}
	return err
}

func (s *Server) allowed(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, a := range md.Get("authorization") {
		token, ok := strings.CutPrefix(a, "Bearer ")
		if ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.options.Token)) == 1 {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "this host requires a token: send it as \"authorization: Bearer TOKEN\"")
}

func (s *Server) unaryGuard(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler,
) (any, error) {
	if err := s.allowed(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) streamGuard(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.allowed(ss.Context()); err != nil {
		return err
	}
	return next(srv, ss)
}
