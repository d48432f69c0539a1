package declared

import (
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/strictyaml"
)

// A hostEntry is a host as the file has it.
type hostEntry struct {
	offload.Host `yaml:",inline"`

	Timeout  duration `yaml:"timeout"`
	Patience duration `yaml:"patience"`
}

type duration time.Duration

// UnmarshalYAML accepts a duration with its unit.
func (d *duration) UnmarshalYAML(node ast.Node) error {
	v, err := time.ParseDuration(node.GetToken().Value)
	if err != nil || v <= 0 {
		return strictyaml.At(node.GetToken(), "%q: want a duration above 0 with its unit, such as 10s", node.GetToken().Value)
	}
	*d = duration(v)
	return nil
}

// ReadHosts reads the hosts that a YAML file declares:
//
//	hosts:
//	  - name: workstation          # its backend is offload-workstation
//	    address: 192.0.2.7:8001
//	    tls: {ca: ca.pem, server_name: workstation}   # optional; certificate: and key: prove who the client is
//	    token_file: token                             # optional
//	    timeout: 10s                                  # of one request
//	    patience: 30s                                 # of all attempts for one inference
//	    models:                                       # where the names differ
//	      model=mobilenet/input=32/compression=pq: mobilenet-pq
//	      model=vgg16/input=32/compression=pq: {name: vgg, version: "2", scale: 0.0078125, zero_point: -1}
//	  - name: i9
//	    recorded: runs/i9          # a run folder made on that machine
//	    backend: cpu4              # which of its backends; cpu-all is the one with the most threads
//	  - name: faster
//	    recorded: this-run         # the run that is being judged
//	    backend: cpu-all
//	    factor: 0.5                # of its execution times
//
// Relative paths start at the file's folder. Errors name file, line and key, and have the exit code
// for usage.
func ReadHosts(file string) ([]offload.Host, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--hosts: %w", err)
	}
	return ParseHosts(file, data)
}

// ParseHosts is ReadHosts for text already in memory; file is its name in errors and the place from
// which relative paths start.
func ParseHosts(file string, data []byte) ([]offload.Host, error) {
	hosts, err := parseHosts(file, data)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "--hosts: %w", err)
	}
	return hosts, nil
}

// HostNamed returns the host that the hosts file declares under a name, or without a file the host
// at the address HOST:PORT. It refuses a recorded host, which has no link.
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

func parseHosts(file string, data []byte) ([]offload.Host, error) {
	var f struct {
		Hosts []hostEntry `yaml:"hosts"`
	}
	if err := strictyaml.Decode(file, data, &f); err != nil {
		return nil, err
	}
	if len(f.Hosts) == 0 {
		return nil, fmt.Errorf("%s: declares no host under the key hosts", file)
	}
	var out []offload.Host
	for i, e := range f.Hosts {
		h := e.Host
		h.Timeout, h.Patience = time.Duration(e.Timeout), time.Duration(e.Patience)
		path := fmt.Sprintf("$.hosts[%d]", i)
		if key, fault := valueFault(h); fault != "" {
			return nil, strictyaml.AtPath(file, data, path+key, fault)
		}
		fault := entryFault(h)
		if slices.ContainsFunc(out, func(o offload.Host) bool { return o.Name == h.Name }) {
			fault = "is declared twice"
		}
		if fault != "" {
			err := strictyaml.AtPath(file, data, path, fmt.Sprintf("host %q: %s", h.Name, fault))
			err.Column = 1
			return nil, err
		}
		h.TokenFile = strictyaml.Beside(file, h.TokenFile)
		if h.Recorded != offload.ThisRun {
			h.Recorded = strictyaml.Beside(file, h.Recorded)
		}
		if h.TLS != nil {
			h.TLS.CA = strictyaml.Beside(file, h.TLS.CA)
			h.TLS.Certificate = strictyaml.Beside(file, h.TLS.Certificate)
			h.TLS.Key = strictyaml.Beside(file, h.TLS.Key)
		}
		out = append(out, h)
	}
	return out, nil
}

// valueFault says what is wrong with a value of the host, and the path of its key; "" if nothing
// is.
func valueFault(h offload.Host) (key, fault string) {
	if !(h.Factor >= 0) || math.IsInf(h.Factor, 1) {
		return ".factor", fmt.Sprintf("factor %v: want a number above 0, such as 0.5 for twice as fast", h.Factor)
	}
	if err := names.CheckHost(h.Name); err != nil && h.Name != "" {
		return ".name", err.Error()
	}
	if h.Name == names.SelfHost {
		return ".name", fmt.Sprintf("host name %q is taken by the embedded host", h.Name)
	}
	if _, err := names.ParseLocal(string(h.Backend)); err != nil && h.Backend != "" && h.Backend != names.CPUAll {
		return ".backend", err.Error()
	}
	if host, port, err := net.SplitHostPort(h.Address); h.Address != "" && (err != nil || host == "" || port == "") {
		return ".address", fmt.Sprintf("address %q: want HOST:PORT, such as 192.0.2.7:8001", h.Address)
	}
	return "", ""
}

// entryFault says what is wrong with a host as a whole, "" if nothing is.
func entryFault(h offload.Host) string {
	switch {
	case h.Name == "":
		return "has no name"
	case (h.Address == "") == (h.Recorded == ""):
		return "want either an address or a recorded run"
	case h.TLS != nil && (h.TLS.Certificate == "") != (h.TLS.Key == ""):
		return "tls: certificate and key go together"
	case h.Recorded == "" && h.Backend != "":
		return "backend selects a backend of a recorded run; it has no meaning without recorded"
	case h.Recorded == "" && h.Factor != 0:
		return "factor scales the execution times of a recorded run; it has no meaning without recorded"
	case h.Recorded != "" && h.Backend == "":
		return "want the backend of the recorded run that stands for the host, such as cpu4"
	case h.Recorded != "" && (h.TLS != nil || h.TokenFile != "" || h.Models != nil || h.Timeout != 0 || h.Patience != 0):
		return "a recorded host has no connection: leave out tls, token_file, models, timeout and patience"
	}
	for variant, m := range h.Models {
		if m.Name == "" {
			return fmt.Sprintf("the model of %s has no name", variant)
		}
	}
	return ""
}
