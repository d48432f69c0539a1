package offload

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/crossover-bench/crossover/internal/strictyaml"
)

// A Host is a declared machine that serves inferences, or a run that was
// recorded on one.
type Host struct {
	Name      string
	Address   string // host:port
	TLS       *TLS   // nil talks in clear
	TokenFile string // its content is sent with every call; empty sends none
	// Models names the host's model of a variant, by Variant.Name, where it is
	// not the file's name without ".tflite".
	Models map[string]ModelAt
	// Timeout bounds one request, Patience all tries for one inference; 0 is
	// 10 s and 30 s.
	Timeout, Patience time.Duration

	// Recorded is the folder of a run made on that machine; such a host has no
	// address. Backend is which of the run's backends is meant.
	Recorded, Backend string
}

// TLS says how a host proves who it is.
type TLS struct {
	CA         string // PEM file of the authority; empty: the system's
	ServerName string // as in the certificate; empty: the address's
}

// ModelAt is a variant as another server has it.
type ModelAt struct {
	Name, Version string
	// Scale and ZeroPoint of an int8 input, which the protocol does not tell.
	Scale     float64
	ZeroPoint int
}

func (h Host) timeout() time.Duration {
	if h.Timeout == 0 {
		return 10 * time.Second
	}
	return h.Timeout
}

func (h Host) patience() time.Duration {
	if h.Patience == 0 {
		return 30 * time.Second
	}
	return h.Patience
}

// The file as it is written.
type (
	hostsFile struct {
		Hosts []hostEntry `yaml:"hosts"`
	}
	hostEntry struct {
		Name      name               `yaml:"name"`
		Address   address            `yaml:"address"`
		TLS       *tlsEntry          `yaml:"tls"`
		TokenFile string             `yaml:"token_file"`
		Timeout   duration           `yaml:"timeout"`
		Patience  duration           `yaml:"patience"`
		Models    map[string]modelAt `yaml:"models"`
		Recorded  string             `yaml:"recorded"`
		Backend   string             `yaml:"backend"`
	}
	tlsEntry struct {
		CA         string `yaml:"ca"`
		ServerName string `yaml:"server_name"`
	}
	modelAt struct {
		Name      string  `yaml:"name"`
		Version   string  `yaml:"version"`
		Scale     float64 `yaml:"scale"`
		ZeroPoint int     `yaml:"zero_point"`
	}
	name     string
	address  string
	duration time.Duration
)

var validName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// UnmarshalYAML takes the lower-case words that a benchmark's name can hold.
func (n *name) UnmarshalYAML(node ast.Node) error {
	v := node.GetToken().Value
	if !validName.MatchString(v) {
		return strictyaml.At(node.GetToken(), "host name %q: want lower-case letters and digits, in words joined by -", v)
	}
	if v == SelfName {
		return strictyaml.At(node.GetToken(), "host name %q is taken by the embedded host", v)
	}
	*n = name(v)
	return nil
}

// UnmarshalYAML takes host:port.
func (a *address) UnmarshalYAML(node ast.Node) error {
	v := node.GetToken().Value
	if host, port, err := net.SplitHostPort(v); err != nil || host == "" || port == "" {
		return strictyaml.At(node.GetToken(), "address %q: want HOST:PORT, such as 192.0.2.7:8001", v)
	}
	*a = address(v)
	return nil
}

// UnmarshalYAML takes a duration with its unit.
func (d *duration) UnmarshalYAML(node ast.Node) error {
	v, err := time.ParseDuration(node.GetToken().Value)
	if err != nil || v <= 0 {
		return strictyaml.At(node.GetToken(), "%q: want a duration above 0 with its unit, such as 10s", node.GetToken().Value)
	}
	*d = duration(v)
	return nil
}

// UnmarshalYAML takes the model's name there, or a mapping with more.
func (m *modelAt) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&m.Name); err == nil {
		return nil
	}
	type plain modelAt
	return unmarshal((*plain)(m))
}

// ReadHosts reads the hosts that a YAML file declares:
//
//	hosts:
//	  - name: workstation          # its backend is offload-workstation
//	    address: 192.0.2.7:8001
//	    tls: {ca: ca.pem, server_name: workstation}   # optional
//	    token_file: token                             # optional
//	    timeout: 10s                                  # of one request
//	    patience: 30s                                 # of all tries for an inference
//	    models:                                       # where the names differ
//	      model=mobilenet/input=32/compression=pq: mobilenet-pq
//	      model=vgg16/input=32/compression=pq: {name: vgg, version: "2", scale: 0.0078125, zero_point: -1}
//	  - name: i9
//	    recorded: runs/i9          # a run folder made on that machine
//	    backend: cpu4              # which of its backends
//
// Relative paths start at the file's folder. Errors name file, line and key.
func ReadHosts(file string) ([]Host, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var f hostsFile
	if err := strictyaml.Decode(file, data, &f); err != nil {
		return nil, err
	}
	if len(f.Hosts) == 0 {
		return nil, fmt.Errorf("%s: declares no host under the key hosts", file)
	}
	beside := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(file), path)
	}
	var out []Host
	lines := hostLines(file, data)
	for i, e := range f.Hosts {
		fault := func(format string, args ...any) error {
			return &strictyaml.Error{File: file, Line: lines(i), Column: 1, Message: fmt.Sprintf("host %q: ", e.Name) + fmt.Sprintf(format, args...)}
		}
		switch {
		case e.Name == "":
			return nil, fault("has no name")
		case (e.Address == "") == (e.Recorded == ""):
			return nil, fault("want either an address or a recorded run")
		case e.Recorded == "" && e.Backend != "":
			return nil, fault("backend says which backend of a recorded run is meant; without recorded it says nothing")
		case e.Recorded != "" && e.Backend == "":
			return nil, fault("want the backend of the recorded run that stands for the host, such as cpu4")
		case e.Recorded != "" && (e.TLS != nil || e.TokenFile != "" || e.Models != nil || e.Timeout != 0 || e.Patience != 0):
			return nil, fault("a recorded host has no connection: leave out tls, token_file, models, timeout and patience")
		}
		for _, o := range out {
			if o.Name == string(e.Name) {
				return nil, fault("is declared twice")
			}
		}
		h := Host{
			Name: string(e.Name), Address: string(e.Address), TokenFile: beside(e.TokenFile),
			Timeout: time.Duration(e.Timeout), Patience: time.Duration(e.Patience),
			Recorded: beside(e.Recorded), Backend: e.Backend,
		}
		if e.TLS != nil {
			h.TLS = &TLS{CA: beside(e.TLS.CA), ServerName: e.TLS.ServerName}
		}
		for variant, m := range e.Models {
			if m.Name == "" {
				return nil, fault("the model of %s has no name", variant)
			}
			if h.Models == nil {
				h.Models = make(map[string]ModelAt)
			}
			h.Models[variant] = ModelAt(m)
		}
		out = append(out, h)
	}
	return out, nil
}
