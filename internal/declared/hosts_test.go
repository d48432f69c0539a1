package declared

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/internal/names"
)

func readHostsText(t testing.TB, text string) ([]offload.Host, string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hosts.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	hosts, err := ReadHosts(file)
	return hosts, filepath.Dir(file), err
}

func TestReadHostsReturnsWhatIsDeclared(t *testing.T) {
	got, dir, err := readHostsText(t, `
hosts:
  - name: workstation
    address: 192.0.2.7:8001
    tls: {ca: ca.pem, server_name: ws, certificate: c.pem, key: k.pem}
    token_file: /etc/token
    timeout: 2s
    patience: 1m
    models:
      model=a: alpha
      model=b: {name: beta, version: "2", scale: 0.5, zero_point: -3}
  - name: i9
    recorded: runs/i9
    backend: cpu4
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []offload.Host{
		{
			Name: "workstation", Address: "192.0.2.7:8001", TokenFile: "/etc/token",
			TLS: &offload.TLS{
				CA: filepath.Join(dir, "ca.pem"), ServerName: "ws",
				Certificate: filepath.Join(dir, "c.pem"), Key: filepath.Join(dir, "k.pem"),
			},
			Timeout: 2 * time.Second, Patience: time.Minute,
			Models: map[names.Variant]offload.ModelAt{
				"model=a": {Name: "alpha"},
				"model=b": {Name: "beta", Version: "2", Scale: 0.5, ZeroPoint: -3},
			},
		},
		{Name: "i9", Recorded: filepath.Join(dir, "runs/i9"), Backend: "cpu4"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadHostsErrorsNameFileAndLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hosts: []\n", "declares no host"},
		{"hosts:\n  - name: a\n    adress: b:1\n", `hosts.yaml:3:5: unknown key "adress"; did you mean "address"?`},
		{"hosts:\n  - name: Big Host\n    address: a:1\n", "hosts.yaml:2:11: host name"},
		{"hosts:\n  - name: self\n    address: a:1\n", "taken by the embedded host"},
		{"hosts:\n  - name: a\n    address: nowhere\n", "hosts.yaml:3:14: address"},
		{"hosts:\n  - name: a\n    address: a:1\n    timeout: 3\n", "hosts.yaml:4:14: "},
		{
			"hosts:\n  - name: a\n    address: a:1\n  - name: b\n",
			"hosts.yaml:4:1: host \"b\": want either an address or a recorded run",
		},
		{"hosts:\n  - address: a:1\n", "hosts.yaml:2:1: host \"\": has no name"},
		{"hosts:\n  - name: a\n    address: a:1\n    recorded: r\n", "want either"},
		{"hosts:\n  - name: a\n    recorded: r\n", "want the backend"},
		{"hosts:\n  - name: a\n    address: a:1\n    backend: cpu1\n", "without recorded"},
		{"hosts:\n  - name: a\n    recorded: r\n    backend: cpu0\n", "hosts.yaml:4:14: \"cpu0\" is not a local backend"},
		{"hosts:\n  - name: a\n    recorded: r\n    backend: cpu1\n    token_file: t\n", "has no connection"},
		{"hosts:\n  - name: a\n    address: a:1\n    tls: {certificate: c}\n", "certificate and key go together"},
		{"hosts:\n  - name: a\n    recorded: r\n    backend: offload-b\n", "is not a local backend"},
		{"hosts:\n  - name: a\n    recorded: this-run\n    backend: cpu1\n    factor: -1\n", "want a number above 0"},
		{"hosts:\n  - name: a\n    address: a:1\n    factor: 2\n", "without recorded"},
		{"hosts:\n  - name: a\n    address: a:1\n  - name: a\n    address: b:1\n", "declared twice"},
		{"hosts:\n  - name: a\n    address: a:1\n    models: {model=x: {version: \"1\"}}\n", "has no name"},
	} {
		_, _, err := readHostsText(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func FuzzReadHosts(f *testing.F) {
	f.Add("hosts:\n  - name: a\n    address: b:1\n    models: {x: y}\n")
	f.Add("hosts:\n  - {name: a, recorded: b, backend: c}\n")
	f.Fuzz(func(t *testing.T, text string) {
		hosts, _, err := readHostsText(t, text)
		if (err == nil) != (len(hosts) > 0) {
			t.Errorf("%d hosts, error %v", len(hosts), err)
		}
	})
}
