// Package host serves inferences to other machines by the Open Inference Protocol (package oip). A
// local backend, which the caller injects, runs them. A request goes through these steps:
//
//  1. The listener accepts the connection, within its bounds.
//  2. The tap knows the client by its token, its certificate or its address, and takes the size of the
//     largest message from the budget, before anything of the message is read.
//  3. The codec counts the message's parts before it decodes them.
//  4. The model is looked up and, if necessary, loaded. If that would exceed the memory limit, the
//     least recently used model is closed first.
//  5. The request waits for a free interpreter in the model's bounded queue (queue). A full queue
//     refuses it at once.
//  6. The interpreter turns the image into the input tensor (fill) and runs (exec).
//  7. The response carries these times as parameters, so that the client can separate execution
//     from network. What it holds of the budget is given back when it is written.
//
// A catalog variant takes the image, uint8, H x W x 3; any other file takes its own tensors.
package host

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// Options configure a host. Models and Backend are required; every other zero value is a usable
// default.
type Options struct {
	Models  []Served
	Backend backends.Backend // runs the models
	// Isolated runs a model like Backend, but in a child process, so that a crash or a hang costs
	// that model alone. It runs the models without a known hash, and all with Isolate. nil isolates
	// none.
	Isolated backends.Backend
	Isolate  bool

	Interpreters int   // of each model, so many requests run at once; 0 means 1
	Queue        int   // requests of each model that may wait; 0 means 64
	Preload      bool  // load every model at the start instead of on first use
	Memory       int64 // bytes that loaded models may take; 0 means unlimited
	// Private reads each file into memory that nobody else can change before it is loaded.
	Private bool
	Limits  Limits

	TLS      *tls.Config     // nil serves without TLS
	Token    string          // every caller must send "authorization: Bearer TOKEN"; empty requires none
	Files    CredentialFiles // instead of TLS and Token
	Insecure bool            // listen beyond this machine without TLS or without credentials

	Log     *slog.Logger // nil discards the log
	Witness bool         // stamp when requests arrive and responses depart, see oip.ParamArrived
	Version string       // of the program, for ServerMetadata
}

// A Server is a host.
type Server struct {
	oip.UnimplementedGRPCInferenceServiceServer
	options    Options
	limits     Limits
	log        *slog.Logger
	repository *repository
	witness    *witness
	grpc       *grpc.Server
	health     *health.Server
	listener   *listener
	events     chan event

	access    atomic.Pointer[access]
	stamp     string // of the credentials' files when they were read first
	mutual    bool   // clients need certificates
	anyone    *client
	clientsMu sync.Mutex
	clients   map[string]*client

	budget    budget
	message   int64 // bytes of the largest request
	streaming map[string]bool
	accepted  atomic.Int64 // requests between the tap and the end of their answer
	echoes    *echoes

	draining atomic.Bool  // answer that the host is not ready
	stopping atomic.Bool  // refuse new requests
	unlogged atomic.Int64 // events

	collectedAt atomic.Int64 // when memory was last collected for answers that are not read
	metrics     *metrics
}

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
	if err := o.Limits.Check(); err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = slog.New(newLimiter(o.Log.Handler(), time.Now))
	r, err := newRepository(&o)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, limits: o.Limits.orDefault(), log: o.Log, repository: r, health: health.NewServer(),
		events: make(chan event, 256), anyone: &client{name: "anyone"}, clients: make(map[string]*client),
		echoes:  &echoes{running: make(chan struct{}, maxParallel), queue: int32(o.Queue)},
		metrics: newMetrics(o.Models),
	}
	s.metrics.watch(s)
	message, elements := s.limits.sizes(o.Models)
	s.message = int64(message)
	s.budget.limit = max(s.limits.BudgetMB*1e6, 4*s.message)
	s.budget.share = max(s.budget.limit*s.limits.Share/100, 2*s.message)
	if err := s.openAccess(); err != nil {
		r.close()
		return nil, err
	}
	s.newServer(elements)
	s.listener = &listener{
		total: s.limits.Connections, perAddress: s.limits.PerAddress, patience: s.limits.Answer, note: s.note,
		refuse: s.metrics.refuse,
		from:   make(map[string]*address),
	}
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

// openAccess reads the credentials.
func (s *Server) openAccess() error {
	a := programmatic(s.options, s.clientNamed)
	if s.options.Files != (CredentialFiles{}) {
		s.stamp = s.options.Files.stamp()
		var err error
		if a, err = s.options.Files.read(s.clientNamed); err != nil {
			return fmt.Errorf("host: %w", err)
		}
	}
	s.mutual = a.tls != nil && a.tls.ClientAuth == tls.RequireAndVerifyClientCert
	s.access.Store(a)
	return nil
}

// newServer makes the gRPC server with its bounds.
func (s *Server) newServer(elements int) {
	l := s.limits
	window := int32(min(s.message+slack, oip.Windows))
	options := []grpc.ServerOption{
		grpc.InTapHandle(s.tap),
		grpc.ForceServerCodecV2(&codec{elements}),
		grpc.StreamInterceptor(streamGuard),
		grpc.UnaryInterceptor(s.metrics.observe),
		grpc.InitialWindowSize(window), // above any message, see oip.Windows
		grpc.InitialConnWindowSize(oip.Windows),
		grpc.MaxRecvMsgSize(int(s.message)),
		grpc.MaxSendMsgSize(oip.Windows),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.MaxConcurrentStreams(uint32(l.Streams)),
		grpc.ConnectionTimeout(l.Handshake),
		grpc.WaitForHandlers(true),                            // models may close only after the last handler
		grpc.NumStreamWorkers(uint32(s.options.Interpreters)), // one goroutine each, whose stack has grown already
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: l.Keepalive, Timeout: l.Pong, MaxConnectionAge: l.Age}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: 5 * time.Second, PermitWithoutStream: true,
		}),
	}
	if c := s.access.Load().tls; c != nil {
		c = c.Clone()
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.access.Load().tls, nil }
		options = append(options, grpc.Creds(credentials.NewTLS(c)))
	}
	s.grpc = grpc.NewServer(options...)
	s.grpc.RegisterService(guard(&oip.GRPCInferenceService_ServiceDesc), s)
	s.grpc.RegisterService(guard(&healthpb.Health_ServiceDesc), s.health)
	reflection.Register(s.grpc)
	s.streaming = make(map[string]bool)
	for _, d := range []*grpc.ServiceDesc{
		&healthpb.Health_ServiceDesc, &reflectionpb.ServerReflection_ServiceDesc,
		&reflectionalpha.ServerReflection_ServiceDesc, // grpcurl still asks for it
	} {
		for _, m := range d.Streams {
			s.streaming["/"+d.ServiceName+"/"+m.StreamName] = true
		}
	}
}

// note passes an event on to the log. It does not block.
func (s *Server) note(e event) {
	select {
	case s.events <- e:
	default:
		s.unlogged.Add(1)
	}
}

// logEvents logs events until ctx ends.
func (s *Server) logEvents(ctx context.Context) {
	for {
		select {
		case e := <-s.events:
			attrs := []any{"peer", e.peer}
			if e.err != nil {
				attrs = append(attrs, "why", e.err)
			}
			if n := s.unlogged.Swap(0); n > 0 {
				attrs = append(attrs, "events_not_logged_before", n)
			}
			s.log.Warn(e.what, attrs...)
		case <-ctx.Done():
			return
		}
	}
}

// Serve answers on l until ctx ends, lets running requests finish and closes the models. It returns
// an error if it could not serve, and an *UnfinishedError if it stopped before all requests were
// answered.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer s.repository.close()
	if err := s.Exposed(l.Addr()); err != nil {
		l.Close()
		return fmt.Errorf("listening on %s: %w", l.Addr(), err)
	}
	if s.witness != nil {
		s.witness.Listener = l
		l = s.witness
	}
	s.listener.Listener = l
	background, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.logEvents(background)
	if s.options.Files != (CredentialFiles{}) {
		go s.watchCredentials(background)
	}
	stopped := make(chan error, 1)
	watch, give := context.WithCancel(ctx)
	defer give()
	go func() {
		<-watch.Done()
		stopped <- s.stop()
	}()
	s.log.Info("serving", "address", l.Addr().String(),
		"models", len(s.options.Models), "backend", s.options.Backend.Name())
	failed := make(chan error, 1)
	go func() { failed <- s.grpc.Serve(s.listener) }()
	select {
	case err := <-failed:
		give()
		unfinished := <-stopped
		if ctx.Err() != nil {
			s.log.Info("stopped")
			return unfinished
		}
		return err
	case err := <-stopped:
		s.log.Info("stopped")
		return err
	}
}
