package grid_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
)

// known is a catalog of mobilenet alone and two links.
type known struct{}

func (known) CheckVariant(name names.Variant) error {
	if !strings.HasPrefix(string(name), "model=mobilenet/") {
		return fmt.Errorf("unknown variant %s", name)
	}
	return nil
}

func (known) CheckLink(name names.Link) error {
	if name != "ethernet" && name != "direct" {
		return fmt.Errorf("unknown link %q", name)
	}
	return nil
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "g.yaml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func spelt(cs []names.Combination) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name())
	}
	return out
}

func TestGridExpandsToTheProductInDeclaredOrder(t *testing.T) {
	g, err := grid.Read(write(t, `
about: two sets
models: here
combinations:
  - model: mobilenet
    input: 32
    compression: [none, pq]
    backend: [cpu1, cpu-all]
  - model: mobilenet
    input: 32
    compression: pq
    granularity: tensor
    backend: offload-all
    link: [direct, ethernet]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  grid.Environment
		want []string
	}{
		{grid.Environment{Cores: 1}, []string{
			"model=mobilenet/input=32/compression=none/backend=cpu1/link=none",
			"model=mobilenet/input=32/compression=pq/backend=cpu1/link=none",
			"model=mobilenet/input=32/compression=pq/granularity=tensor/backend=offload-self/link=direct",
			"model=mobilenet/input=32/compression=pq/granularity=tensor/backend=offload-self/link=ethernet",
		}},
		{grid.Environment{Cores: 4, Hosts: []string{"desk"}}, []string{
			"model=mobilenet/input=32/compression=none/backend=cpu1/link=none",
			"model=mobilenet/input=32/compression=none/backend=cpu4/link=none",
			"model=mobilenet/input=32/compression=pq/backend=cpu1/link=none",
			"model=mobilenet/input=32/compression=pq/backend=cpu4/link=none",
			"model=mobilenet/input=32/compression=pq/granularity=tensor/backend=offload-desk/link=direct",
			"model=mobilenet/input=32/compression=pq/granularity=tensor/backend=offload-desk/link=ethernet",
		}},
	} {
		cs, err := g.Expand(c.env, known{})
		if err != nil {
			t.Fatal(err)
		}
		if got := spelt(cs); !slices.Equal(got, c.want) {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.env, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		for _, want := range cs {
			if back, err := names.ParseCombination(want.Name()); err != nil || back != want {
				t.Errorf("ParseCombination(%s) = %+v, %v", want.Name(), back, err)
			}
		}
	}
	if want := filepath.Join(filepath.Dir(g.File), "here"); g.Models != want {
		t.Errorf("Models = %s, want it beside the grid: %s", g.Models, want)
	}
	cs, err := g.Expand(grid.Environment{Cores: 2, Own: []names.Variant{"model=mine"}}, known{})
	if err != nil {
		t.Fatal(err)
	}
	own := spelt(cs)
	want := []string{
		"model=mine/backend=cpu1/link=none", "model=mine/backend=cpu2/link=none",
		"model=mine/backend=offload-self/link=direct", "model=mine/backend=offload-self/link=ethernet",
	}
	if !slices.Equal(own, want) {
		t.Errorf("own files: %q", own)
	}
}

func TestGridWithAFaultIsRefusedWithItsPosition(t *testing.T) {
	const entry = "combinations:\n  - model: mobilenet\n    input: 32\n    compression: pq\n"
	const models = "combinations:\n  - model: [mobilenet, alexnet]\n    input: 32\n    compression: pq\n"
	for _, c := range []struct{ name, text, want string }{
		{"misspelt key", "combinations:\n  - modle: mobilenet\n", `g.yaml:2:5: unknown key "modle"; did you mean "model"?`},
		{"nothing declared", "about: nothing\n", "it declares no combinations"},
		{"missing key", "combinations:\n  - model: mobilenet\n", `combinations[0] lacks the key "input"`},
		{"unknown backend", entry + "    backend: [cpu1, tpu]\n", `g.yaml:5:21: "tpu" is not a backend`},
		{"zero threads", entry + "    backend: cpu0\n", `"cpu0" is not a backend`},
		{
			"misspelt kernels", entry + "    backend: [cpu1-noxnnpack, cpu16-noxnpack]\n",
			`g.yaml:5:31: "cpu16-noxnpack" is not a backend; want cpu16 or, for the reference kernels, cpu16-noxnnpack`,
		},
		{
			"kernels without a dash", entry + "    backend: cpu1noxnnpack\n",
			`g.yaml:5:14: "cpu1noxnnpack" is not a backend; want cpu1 or`,
		},
		{
			"link without offloading", entry + "    backend: cpu1\n    link: ethernet\n",
			`g.yaml:6:11: link "ethernet" is given but no backend of this entry offloads`,
		},
		{
			"offloading without link", entry + "    backend: offload-self\n",
			`g.yaml:5:14: an offloading backend needs the key "link"`,
		},
		{
			"offloading over none", entry + "    backend: offload-self\n    link: none\n",
			`g.yaml:6:11: link "none" belongs to local backends`,
		},
		{"nested list", "combinations:\n  - model: [[mobilenet]]\n", "g.yaml:2:13: want a word or a list of words"},
		{"empty list", "combinations:\n  - model: []\n", "the list is empty"},
		{"unknown model", models + "    backend: cpu1\n", "g.yaml:2:24: unknown variant model=alexnet"},
		{
			"unknown link", entry + "    backend: offload-self\n    link: [direct, carrier-pigeon]\n",
			`g.yaml:6:20: unknown link "carrier-pigeon"`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := grid.Read(write(t, c.text))
			if err == nil {
				_, err = g.Expand(grid.Environment{Cores: 2}, known{})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
