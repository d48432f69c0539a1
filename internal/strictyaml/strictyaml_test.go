package strictyaml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"

	"github.com/crossover-bench/crossover/internal/strictyaml"
)

type colour string

func (c *colour) UnmarshalYAML(n ast.Node) error {
	if v := n.GetToken().Value; v != "red" {
		return strictyaml.At(n.GetToken(), "colour %q is not known", v)
	}
	*c = "red"
	return nil
}

type house struct {
	Rooms []struct {
		Name   string `yaml:"name"`
		Walls  int    `yaml:"walls"`
		Colour colour `yaml:"colour"`
	} `yaml:"rooms"`
}

func TestDecodeErrorsNameFileLineAndRemedy(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"unknown key", "rooms:\n  - name: hall\n    wals: 4\n",
			"house.yaml:3:5: unknown key \"wals\"; did you mean \"walls\"?\n    wals: 4",
		},
		{
			"nothing near", "rooms:\n  - zzzzzzz: hall\n",
			"house.yaml:2:5: unknown key \"zzzzzzz\"\n    - zzzzzzz: hall",
		},
		{"wrong type", "rooms:\n  - walls: many\n", "house.yaml:2:12: "},
		{
			"own unmarshaller", "rooms:\n  - colour: blue\n",
			"house.yaml:2:13: colour \"blue\" is not known\n    - colour: blue",
		},
		{"duplicate key", "rooms:\n  - walls: 1\n    walls: 2\n", "house.yaml:3:5: "},
		{"syntax", "rooms: [\n", "house.yaml:"},
		{"empty", "", "house.yaml: the file is empty"},
		{"two documents", "rooms: []\n---\nrooms: []\n", "house.yaml: want one YAML document"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := strictyaml.Decode("house.yaml", []byte(c.text), new(house))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if _, ok := errors.AsType[*strictyaml.Error](err); !ok {
				t.Errorf("%T is not a *strictyaml.Error", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("rooms:\n  - name: hall\n")
	f.Add("rooms: {a: [&x 1, *x]}\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		// No input may panic, and an error has a text.
		if err := strictyaml.Decode("f", []byte(text), new(house)); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
