package interop_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/backends/host"
	"github.com/crossover-bench/crossover/backends/link"
	"github.com/crossover-bench/crossover/backends/offload"
	"github.com/crossover-bench/crossover/backends/offload/oip"
	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/model/profiles"
)

func TestMain(m *testing.M) {
	host.ChildMain(func(int) backends.Backend { return tflite.New(1) })
	os.Exit(m.Run())
}

func variables(t *testing.T, keys ...string) []string {
	t.Helper()
	var out []string
	for _, n := range keys {
		v := os.Getenv(n)
		if v == "" {
			t.Skipf("%s is not set; run make interop", n)
		}
		out = append(out, v)
	}
	return out
}

func variant(t *testing.T, title, models string) fixtures.Variant {
	t.Helper()
	v, err := fixtures.Default().Variant(title, models)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// infer returns the first output's bytes for the input.
func infer(t *testing.T, b backends.Backend, v fixtures.Variant, in []byte) []byte {
	t.Helper()
	s, err := b.Open(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, err := backends.TensorBytes(s.Outputs()[0])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, n)
	timing, err := s.Infer(context.Background(), [][]byte{in}, [][]byte{out})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s on %s: %+v", v.Title, b.Name(), timing)
	return out
}

func TestHostGivesTritonClientTheLocalScores(t *testing.T) {
	env := variables(t, "CROSSOVER_INTEROP_MODELS", "CROSSOVER_INTEROP_PYTHON")
	models, python := env[0], env[1]
	served, err := host.Folder(models, fixtures.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: served}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for _, title := range []string{"Mobilenet PQ 32", "Mobilenet 32"} {
		v := variant(t, title, models)
		image := fixtures.SyntheticImage(*v.Image, 1)
		want := infer(t, tflite.New(1), v, image)
		if got := infer(t, self.Backend(link.Shape{Name: names.LinkDirect}), v, image); !bytes.Equal(got, want) {
			t.Errorf("%s: our own client got %x, local %x", title, got, want)
		}
		s, err := self.Backend(link.Shape{}).Open(context.Background(), v)
		if err != nil {
			t.Fatal(err)
		}
		in, out := s.Inputs()[0], s.Outputs()[0]
		s.Close()
		datatype, err := oip.Datatype(in.Type)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		write := func(name string, data []byte) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		_, port, _ := net.SplitHostPort(self.Host().Address)
		cmd := exec.Command(python, "triton_client.py", "127.0.0.1:"+port, host.ModelName(v),
			in.Name, datatype, "1,32,32,3", write("in", image), out.Name, write("want", want))
		answer, err := cmd.CombinedOutput()
		t.Logf("%s: %s", title, bytes.TrimSpace(answer))
		if err != nil || !strings.Contains(string(answer), "equal to the bit") {
			t.Errorf("%s: %v", title, err)
		}
	}
}

func TestClientGetsTheLocalScoresFromOtherServers(t *testing.T) {
	env := variables(t, "CROSSOVER_INTEROP_MODELS", "CROSSOVER_INTEROP_SERVERS") // NAME=HOST:PORT ...
	v := variant(t, "Mobilenet PQ 32", env[0])
	image := fixtures.SyntheticImage(*v.Image, 1)
	want := infer(t, tflite.New(1), v, image)
	shapes := []link.Shape{{Name: names.LinkDirect}, {Name: "near", Latency: 1e6, Up: 25e6, Down: 25e6}}
	for _, server := range strings.Fields(env[1]) {
		name, address, _ := strings.Cut(server, "=")
		for _, shape := range shapes {
			b := offload.New(offload.Host{Name: name, Address: address}, shape)
			if got := infer(t, b, v, image); !bytes.Equal(got, want) {
				t.Errorf("%s over %s: %x, local %x", name, shape.Name, got, want)
			}
		}
	}
}

func TestClientGetsTheLocalScoresOverEveryLink(t *testing.T) {
	const models = "../../../fixtures/testdata/models"
	catalog, err := fixtures.ReadCatalog("../../../fixtures/testdata/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	served, err := host.Folder(models, catalog, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch s, err := tflite.New(1).Open(context.Background(), served[0].Variant); {
	case err == nil:
		s.Close()
	default:
		if _, ok := errors.AsType[*backends.UnavailableError](err); ok {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	self, err := offload.StartSelf(context.Background(), host.ChildConfig{Models: served, Threads: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for _, m := range served {
		if m.Variant.Image == nil {
			t.Errorf("%s is not a known variant", m.Name)
			continue
		}
		image := fixtures.SyntheticImage(*m.Variant.Image, 1)
		want := infer(t, tflite.New(1), m.Variant, image)
		for _, name := range []names.Link{names.LinkDirect, "ethernet", "5g"} {
			shape := link.Shape{Name: name}
			if name != names.LinkDirect {
				l, err := profiles.Link(string(name))
				if err != nil {
					t.Fatal(err)
				}
				if shape, err = link.FromModel(l, 1); err != nil {
					t.Fatal(err)
				}
			}
			if got := infer(t, self.Backend(shape), m.Variant, image); !bytes.Equal(got, want) {
				t.Errorf("%s over %s: %x, local %x", m.Name, name, got, want)
			}
		}
	}
}
