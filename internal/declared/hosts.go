package declared

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/strictyaml"
)

// The hosts file as it is written.
type (
	hostsFile struct {
		Hosts []hostEntry `yaml:"hosts"`
	}
	hostEntry struct {
		Name      hostName                  `yaml:"name"`
		Address   address                   `yaml:"address"`
		TLS       *tlsEntry                 `yaml:"tls"`
		TokenFile string                    `yaml:"token_file"`
		Timeout   duration                  `yaml:"timeout"`
		Patience  duration                  `yaml:"patience"`
		Models    map[names.Variant]modelAt `yaml:"models"`
		Recorded  string                    `yaml:"recorded"`
		Backend   names.Backend             `yaml:"backend"`
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
	hostName string
	address  string
	duration time.Duration
)

// UnmarshalYAML accepts a name that a benchmark's name can hold, except that of
// the embedded host.
func (n *hostName) UnmarshalYAML(node ast.Node) error {
	v := node.GetToken().Value
	if err := names.CheckHost(v); err != nil {
		return strictyaml.At(node.GetToken(), "%v", err)
	}
	if v == names.SelfHost {
		return strictyaml.At(node.GetToken(), "host name %q is taken by the embedded host", v)
	}
	*n = hostName(v)
	return nil
}

// UnmarshalYAML accepts host:port.
func (a *address) UnmarshalYAML(node ast.Node) error {
	v := node.GetToken().Value
	if host, port, err := net.SplitHostPort(v); err != nil || host == "" || port == "" {
		return strictyaml.At(node.GetToken(), "address %q: want HOST:PORT, such as 192.0.2.7:8001", v)
	}
	*a = address(v)
	return nil
}

// UnmarshalYAML accepts a duration with its unit.
func (d *duration) UnmarshalYAML(node ast.Node) error {
	v, err := time.ParseDuration(node.GetToken().Value)
	if err != nil || v <= 0 {
		return strictyaml.At(node.GetToken(), "%q: want a duration above 0 with its unit, such as 10s", node.GetToken().Value)
	}
	*d = duration(v)
	return nil
}

// UnmarshalYAML accepts the model's name there, or a mapping with more.
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
//	    patience: 30s                                 # of all attempts for one inference
//	    models:                                       # where the names differ
//	      model=mobilenet/input=32/compression=pq: mobilenet-pq
//	      model=vgg16/input=32/compression=pq: {name: vgg, version: "2", scale: 0.0078125, zero_point: -1}
//	  - name: i9
//	    recorded: runs/i9          # a run folder made on that machine
//	    backend: cpu4              # which of its backends
//
// Relative paths start at the file's folder. Errors name file, line and key, and
// have the exit code for usage.
func ReadHosts(file string) ([]offload.Host, error) {
	hosts, err := readHosts(file)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--hosts: %w", err)
	}
	return hosts, nil
}

// HostNamed returns the host that the hosts file declares under a name, or
// without a file the host at the address HOST:PORT. It refuses a recorded host,
// which has no link.
func HostNamed(name, file string) (offload.Host, error) {
	if file == "" {
		if _, _, err := net.SplitHostPort(name); err != nil {
			return offload.Host{}, exit.Errorf(exit.Usage,
				"--host: %q is not HOST:PORT; name a declared host together with --hosts FILE", name)
		}
		return offload.Host{Name: "host", Address: name}, nil
	}
	hosts, err := ReadHosts(file)
	if err != nil {
		return offload.Host{}, err
	}
	var known []string
	for _, h := range hosts {
		if h.Name == name && h.Recorded != "" {
			return h, exit.Errorf(exit.Usage, "--host: %s is a recorded host: there is no link to it", name)
		}
		if h.Name == name {
			return h, nil
		}
		known = append(known, h.Name)
	}
	return offload.Host{}, exit.Errorf(exit.Usage,
		"--host: %s declares no host %q; it declares %s", file, name, strings.Join(known, ", "))
}

func readHosts(file string) ([]offload.Host, error) {
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
	var out []offload.Host
	lines := hostLines(data)
	for i, e := range f.Hosts {
		problem := e.problem()
		for _, o := range out {
			if o.Name == string(e.Name) {
				problem = "is declared twice"
			}
		}
		if problem != "" {
			fault := &strictyaml.Error{File: file, Column: 1, Message: fmt.Sprintf("host %q: %s", e.Name, problem)}
			if i < len(lines) {
				fault.Line = lines[i]
			}
			return nil, fault
		}
		out = append(out, e.host(filepath.Dir(file)))
	}
	return out, nil
}

// problem says what is wrong with an entry as a whole, "" if nothing is.
func (e *hostEntry) problem() string {
	switch {
	case e.Name == "":
		return "has no name"
	case (e.Address == "") == (e.Recorded == ""):
		return "want either an address or a recorded run"
	case e.Recorded == "" && e.Backend != "":
		return "backend selects a backend of a recorded run; it has no meaning without recorded"
	case e.Recorded != "" && e.Backend == "":
		return "want the backend of the recorded run that stands for the host, such as cpu4"
	case e.Recorded != "" && (e.TLS != nil || e.TokenFile != "" || e.Models != nil || e.Timeout != 0 || e.Patience != 0):
		return "a recorded host has no connection: leave out tls, token_file, models, timeout and patience"
	}
	for variant, m := range e.Models {
		if m.Name == "" {
			return fmt.Sprintf("the model of %s has no name", variant)
		}
	}
	return ""
}

// host returns the entry with its paths relative to dir.
func (e *hostEntry) host(dir string) offload.Host {
	beside := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	h := offload.Host{
		Name: string(e.Name), Address: string(e.Address), TokenFile: beside(e.TokenFile),
		Timeout: time.Duration(e.Timeout), Patience: time.Duration(e.Patience),
		Recorded: beside(e.Recorded), Backend: e.Backend,
	}
	if e.TLS != nil {
		h.TLS = &offload.TLS{CA: beside(e.TLS.CA), ServerName: e.TLS.ServerName}
	}
	for variant, m := range e.Models {
		if h.Models == nil {
			h.Models = make(map[names.Variant]offload.ModelAt)
		}
		h.Models[variant] = offload.ModelAt(m)
	}
	return h
}

// hostLines returns the line of each entry under hosts:, for errors that belong
// to no single key.
func hostLines(data []byte) (lines []int) {
	f, err := parser.ParseBytes(data, 0)
	if err != nil || len(f.Docs) == 0 {
		return nil
	}
	m, ok := f.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil
	}
	for _, v := range m.Values {
		if s, ok := v.Value.(*ast.SequenceNode); ok && v.Key.GetToken().Value == "hosts" {
			for _, e := range s.Values {
				lines = append(lines, e.GetToken().Position.Line)
			}
		}
	}
	return lines
}
