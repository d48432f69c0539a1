// Package offload runs inferences on a host: a Backend whose sessions send the
// input over a link and read the outputs back. The host may be Crossover's own
// (package host) or any other server of the Open Inference Protocol.
//
//   - New(Host, link.Shape) is the backend of a declared host over one link.
//     ReadHosts reads the declarations.
//   - StartSelf starts the embedded host, this very binary on loopback, whose
//     backend is offload-self. It proves the path and shows its cost in
//     software; it shares this machine's processor and supply, so it says
//     nothing about whether offloading pays.
//   - NewRecorded is the backend of a host that exists only as a run recorded
//     on it: nothing is sent, the latency is computed as the study did it.
//
// A session keeps one connection, asks for the model's metadata once, and turns
// the image into what that server takes: our own host takes it as it is, others
// take their tensor. A failed request is never hidden: it is tried again, its
// time counts into the sample's, and Timing.Lost says how many there were.
package offload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
)

// Prefix begins the name of every backend of this package.
const Prefix = "offload-"

// SelfName is the name of the embedded host; its backend is "offload-self".
const SelfName = "self"

type backend struct {
	host  Host
	shape link.Shape
}

// New returns the backend that offloads to h over a link of that shape; its
// name is "offload-" and the host's. A recorded host has no connection: see
// NewRecorded.
func New(h Host, shape link.Shape) backends.Backend { return &backend{h, shape} }

// Name returns "offload-" and the host's name.
func (b *backend) Name() string { return Prefix + b.host.Name }

// Open connects to the host, asks for the model's metadata and returns a
// session with a warm connection. A host that does not answer, or that has no
// such model, is a *backends.UnavailableError.
func (b *backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	dialer := &link.Dialer{Shape: b.shape}
	if err := dialer.Prepare(); err != nil {
		return nil, err
	}
	conn, err := Dial(b.host, dialer)
	if err != nil {
		dialer.Close()
		return nil, err
	}
	s := &session{host: b.host, dialer: dialer, conn: conn, client: oip.NewGRPCInferenceServiceClient(conn)}
	s.model = b.host.model(v)
	s.failFast = []grpc.CallOption{grpc.WaitForReady(false), grpc.Peer(&s.peer)}
	s.patient = []grpc.CallOption{grpc.WaitForReady(true), grpc.Peer(&s.peer)}
	answer, details, err := s.metadata(ctx)
	if err != nil {
		s.Close()
		switch status.Code(err) {
		case codes.Unavailable, codes.DeadlineExceeded:
			if ctx.Err() == nil {
				return nil, &backends.UnavailableError{
					Backend: b.Name(), Missing: fmt.Sprintf("host %s at %s does not answer: %s", b.host.Name, b.host.Address, status.Convert(err).Message()),
					Hint: "start it there with crossover host --models DIR --listen ADDRESS, or correct its address in the hosts file",
				}
			}
		case codes.NotFound:
			return nil, &backends.UnavailableError{
				Backend: b.Name(), Missing: fmt.Sprintf("host %s: %s", b.host.Name, status.Convert(err).Message()),
				Hint: fmt.Sprintf("put %s into its models, or name the model under models: in the hosts file", v.Path),
			}
		}
		return nil, fmt.Errorf("host %s: metadata of model %q: %w", b.host.Name, s.model.Name, err)
	}
	if err := s.prepare(v, answer, details); err != nil {
		s.Close()
		return nil, fmt.Errorf("host %s: model %q: %w", b.host.Name, s.model.Name, err)
	}
	return s, nil
}

// Dial prepares a gRPC connection to h over a link; it is made on first use and
// kept warm.
func Dial(h Host, dialer *link.Dialer) (*grpc.ClientConn, error) {
	if err := dialer.Shape.Validate(); err != nil {
		return nil, err
	}
	creds := insecure.NewCredentials()
	if h.TLS != nil {
		c, err := h.TLS.config()
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", h.Name, err)
		}
		creds = credentials.NewTLS(c)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithContextDialer(dialer.DialTCP),
		grpc.WithNoProxy(),
		grpc.WithDisableRetry(), // a retry that we do not see would hide a lost request
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),           // the connection stays warm
		grpc.WithWriteBufferSize(1 << 20), // a request leaves in one write
		grpc.WithInitialWindowSize(oip.Windows),
		grpc.WithInitialConnWindowSize(oip.Windows),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(oip.Windows), grpc.MaxCallSendMsgSize(oip.Windows)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if h.TokenFile != "" {
		token, err := os.ReadFile(h.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("host %s: token file: %w", h.Name, err)
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer{strings.TrimSpace(string(token)), h.TLS != nil}))
	}
	return grpc.NewClient("passthrough:///"+h.Address, options...)
}

// bearer sends a token with every call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }

func (t *TLS) config() (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls ca: %s holds no certificate", t.CA)
		}
	}
	return c, nil
}

// metadata asks for the model's tensors, and for the details that only our own
// host sends, and keeps over which connection the answer came.
func (s *session) metadata(ctx context.Context) (*oip.ModelMetadataResponse, *oip.Details, error) {
	ctx, cancel := context.WithTimeout(ctx, s.host.timeout())
	defer cancel()
	var header metadata.MD
	answer, err := s.client.ModelMetadata(ctx, &oip.ModelMetadataRequest{Name: s.model.Name, Version: s.model.Version}, append(s.patient, grpc.Header(&header))...)
	if err != nil {
		return nil, nil, err
	}
	s.asked = s.peer.LocalAddr
	values := header.Get(oip.MetadataDetails)
	if len(values) == 0 {
		return answer, nil, nil
	}
	details := new(oip.Details)
	if err := json.Unmarshal([]byte(values[0]), details); err != nil {
		return nil, nil, fmt.Errorf("header %s: %w", oip.MetadataDetails, err)
	}
	return answer, details, nil
}

// prepare works out what travels for each input and output.
func (s *session) prepare(v fixtures.Variant, answer *oip.ModelMetadataResponse, details *oip.Details) error {
	if details != nil && details.SHA256 != "" && v.SHA256 != "" && details.SHA256 != v.SHA256 {
		return fmt.Errorf("the host serves another file than this machine's (SHA-256 %.12s..., here %.12s...); build or copy the same models on both", details.SHA256, v.SHA256)
	}
	inputs, err := tensors(answer.Inputs)
	if err != nil {
		return fmt.Errorf("input %w", err)
	}
	if s.outputs, err = tensors(answer.Outputs); err != nil {
		return fmt.Errorf("output %w", err)
	}
	if len(inputs) == 0 || len(s.outputs) == 0 {
		return errors.New("the server names no inputs or no outputs")
	}
	s.answer, s.details = answer, details
	s.inputs = inputs
	if details != nil {
		s.inputs, s.outputs = details.Inputs, details.Outputs
		if len(s.inputs) != len(inputs) || len(s.outputs) != len(answer.Outputs) {
			return fmt.Errorf("header %s does not fit the metadata", oip.MetadataDetails)
		}
	}
	if v.Image != nil {
		if err := s.takeImage(v, inputs); err != nil {
			return err
		}
	}
	s.request = &oip.ModelInferRequest{ModelName: s.model.Name, ModelVersion: s.model.Version, RawInputContents: make([][]byte, len(inputs))}
	for i, t := range answer.Inputs {
		s.request.Inputs = append(s.request.Inputs, &oip.ModelInferRequest_InferInputTensor{Name: t.Name, Datatype: t.Datatype, Shape: oip.Dims(inputs[i].Shape)})
	}
	for _, t := range s.inputs {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return err
		}
		s.inputBytes = append(s.inputBytes, n)
	}
	for _, t := range s.outputs {
		n, err := backends.TensorBytes(t)
		if err != nil {
			return err
		}
		s.outputBytes = append(s.outputBytes, n)
	}
	return nil
}

// tensors reads the metadata's description.
func tensors(described []*oip.ModelMetadataResponse_TensorMetadata) ([]fixtures.Tensor, error) {
	var out []fixtures.Tensor
	for _, d := range described {
		numpy, _, err := oip.ElementType(d.Datatype)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", d.Name, err)
		}
		out = append(out, fixtures.Tensor{Name: d.Name, Type: numpy, Shape: oip.Shape(d.Shape)})
	}
	return out, nil
}

// takeImage makes the session take the image, whatever inputs the server takes.
func (s *session) takeImage(v fixtures.Variant, served []fixtures.Tensor) error {
	im := v.Image
	image := fixtures.Tensor{Name: served[0].Name, Type: "uint8", Shape: []int{1, im.Height, im.Width, 3}}
	want := served[0]
	switch {
	case len(served) != 1:
		return fmt.Errorf("the server takes %d inputs; a catalog variant has one, its image", len(served))
	case want.Type == "uint8" && sameElements(want.Shape, image.Shape):
	case !sameElements(want.Shape, image.Shape):
		return fmt.Errorf("the server takes %v; the image is %v", want.Shape, image.Shape)
	default:
		want.Shape = image.Shape
		if want.Scale, want.ZeroPoint = s.model.Scale, s.model.ZeroPoint; want.Type != "float32" && want.Scale == 0 {
			if err := s.quantization(v, &want); err != nil {
				return err
			}
		}
		filler, err := fixtures.NewFiller(*im, want)
		if err != nil {
			return err
		}
		n, err := backends.TensorBytes(want)
		if err != nil {
			return err
		}
		s.fill, s.tensor = filler.Fill, make([]byte, n)
	}
	s.inputs = []fixtures.Tensor{image}
	return nil
}

// quantization completes a quantized input, whose scale the protocol does not
// tell, with what the manifest beside this machine's file says.
func (s *session) quantization(v fixtures.Variant, want *fixtures.Tensor) error {
	manifest, err := fixtures.ReadManifest(filepath.Dir(v.Path))
	if err != nil {
		return err
	}
	if e, ok := manifest.Entry(v.Name); ok && len(e.Inputs) == 1 && e.Inputs[0].Type == want.Type {
		want.Scale, want.ZeroPoint = e.Inputs[0].Scale, e.Inputs[0].ZeroPoint
		return nil
	}
	return fmt.Errorf("the server takes %s, whose scale the protocol does not tell and no manifest here knows; write scale and zero_point of this model into the hosts file", want.Type)
}

// sameElements compares shapes without leading ones: servers differ on whether
// the batch is a dimension.
func sameElements(a, b []int) bool {
	trim := func(s []int) []int {
		for len(s) > 0 && s[0] == 1 {
			s = s[1:]
		}
		return s
	}
	return slices.Equal(trim(a), trim(b))
}

// model returns the name under which the host serves v.
func (h Host) model(v fixtures.Variant) ModelAt {
	if m, ok := h.Models[string(v.Name)]; ok {
		return m
	}
	return ModelAt{Name: host.ModelName(v)}
}
