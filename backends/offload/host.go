package offload

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
)

// A Host is a declared machine that serves inferences, or a run recorded on one.
type Host struct {
	Name      string `yaml:"name"`
	Address   string `yaml:"address"`    // host:port
	TLS       *TLS   `yaml:"tls"`        // nil connects without TLS
	TokenFile string `yaml:"token_file"` // its content is sent with every call; empty sends none
	// Models names the host's model of a variant, by Variant.Name, if it differs from the file's
	// name without ".tflite".
	Models map[names.Variant]ModelAt `yaml:"models"`
	// Timeout bounds one request, Patience all attempts for one inference; 0 means 10 s and 30 s.
	Timeout  time.Duration `yaml:"-"`
	Patience time.Duration `yaml:"-"`

	// Recorded is the folder of a run made on that machine, or ThisRun. Backend selects one of the
	// run's local backends; names.CPUAll is the one with the most threads. Factor scales its
	// execution times, 0 means 1. Such a host has no address.
	Recorded string        `yaml:"recorded"`
	Backend  names.Backend `yaml:"backend"`
	Factor   float64       `yaml:"factor"`
}

// ThisRun stands for a recorded run's folder: the run that is being judged. Nothing can be measured
// on such a host.
const ThisRun = "this-run"

// TLS says how a host proves its identity.
type TLS struct {
	CA         string `yaml:"ca"`          // PEM file of the authority; empty means the system's
	ServerName string `yaml:"server_name"` // as in the certificate; empty means the address's
	// Certificate and Key (PEM files) prove to the host who this client is, if it asks; both or none.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// A ModelAt is a variant as another server has it.
type ModelAt struct {
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
	// Scale and ZeroPoint of an int8 input, which the protocol does not carry.
	Scale     float64 `yaml:"scale"`
	ZeroPoint int     `yaml:"zero_point"`
}

// UnmarshalYAML accepts the model's name there, or a mapping with more.
func (m *ModelAt) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&m.Name); err == nil {
		return nil
	}
	type plain ModelAt
	return unmarshal((*plain)(m))
}

func (h Host) timeout() time.Duration { return cmp.Or(h.Timeout, 10*time.Second) }

func (h Host) patience() time.Duration { return cmp.Or(h.Patience, 30*time.Second) }

// model returns the name under which the host serves v.
func (h Host) model(v fixtures.Variant) ModelAt {
	if m, ok := h.Models[v.Name]; ok {
		return m
	}
	return ModelAt{Name: host.ModelName(v)}
}

// Dial prepares a gRPC connection to h over a link. It is made on first use and then kept open.
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
		grpc.WithContextDialer(dialer.Dial),
		grpc.WithNoProxy(),
		grpc.WithDisableRetry(), // gRPC's own retries would hide lost requests
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),           // the connection stays open
		grpc.WithWriteBufferSize(1 << 20), // a request leaves in one write
		grpc.WithInitialWindowSize(oip.Windows),
		grpc.WithInitialConnWindowSize(oip.Windows),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(oip.Windows), grpc.MaxCallSendMsgSize(oip.Windows)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true,
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second,
			},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if h.TokenFile != "" {
		if h.TLS == nil && !loopback(h.Address) {
			return nil, fmt.Errorf("host %s: its token would go to %s in clear text; declare tls: for the host, "+
				"or leave the token out", h.Name, h.Address)
		}
		token, err := os.ReadFile(h.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("host %s: token file: %w", h.Name, err)
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer{strings.TrimSpace(string(token)), h.TLS != nil}))
	}
	return grpc.NewClient("passthrough:///"+h.Address, options...)
}

// loopback reports whether an address is surely this machine's. A name other than localhost may be
// anyone's.
func loopback(address string) bool {
	name, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(name)
	return err == nil && (name == "localhost" || ip != nil && ip.IsLoopback())
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
	if t.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, fmt.Errorf("tls certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
