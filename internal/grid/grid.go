// Package grid reads grids, the declared sets of combinations: a YAML file whose entries are
// products of variants, backends and links.
//
//  1. [Read] a grid from its file, or [Parse] its text. They check its keys and the names of
//     backends; an error has the position in the file.
//  2. [Grid.Expand] checks variants and links against what is [Known], and returns the combinations
//     for an [Environment].
package grid

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/strictyaml"
)

// A Grid is a declared set of combinations: one YAML file.
type Grid struct {
	File  string `yaml:"-"`     // where it was read from
	Text  []byte `yaml:"-"`     // the file's content
	Name  string `yaml:"-"`     // the file's name without its ending
	About string `yaml:"about"` // what the grid is for, in a sentence
	// Catalog is the path of the catalog that the grid's models are from, empty for the built-in
	// one, and Models the folder with the built files, empty for the usual one. Both are written
	// relative to the grid's file.
	Catalog string `yaml:"catalog"`
	Models  string `yaml:"models"`
	// Resolution is the difference between two combinations, as a share, that a run of the grid should
	// be able to show; 0 if the grid asks for none. A run that cannot says so first.
	Resolution percent `yaml:"resolution"`
	Entries    []Entry `yaml:"combinations"` // in the order of the file
}

// percent is a share that is written as "5%" or "5 %".
type percent float64

// UnmarshalYAML reads a share above 0 and below 100 %.
func (p *percent) UnmarshalYAML(n ast.Node) error {
	text := n.GetToken().Value
	number, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(v > 0 && v < 100) {
		return strictyaml.At(n.GetToken(), "%q is not a share; write it in percent, such as 5%%", text)
	}
	*p = percent(v / 100)
	return nil
}

// An Entry is a product: every variant on every backend, the offloading ones over every link.
type Entry struct {
	Model       words `yaml:"model"`
	Input       words `yaml:"input"`
	Compression words `yaml:"compression"`
	Granularity words `yaml:"granularity"`
	IO          words `yaml:"io"`
	Backend     words `yaml:"backend"`
	Link        words `yaml:"link"`
}

// Environment says what the words cpu-all and offload-all stand for, and which variants are used.
type Environment struct {
	Cores int             // processors that may be used
	Hosts []string        // names of the declared hosts
	Own   []names.Variant // of the user, in place of the grid's; nil for none
}

// Known checks names against the catalog and the profiles. Each method returns an error that says
// what is wrong with the name and which one is near.
type Known interface {
	CheckVariant(name names.Variant) error
	CheckLink(name names.Link) error
}

// words is one word or a list of words, each with its position in the file.
type words []word

type word struct {
	text  string
	token *token.Token
}

// fault puts the word's position into an error; nil for nil.
func (w word) fault(err error) error {
	if err == nil {
		return nil
	}
	return strictyaml.At(w.token, "%v", err)
}

// UnmarshalYAML reads a scalar or a sequence of scalars.
func (w *words) UnmarshalYAML(n ast.Node) error {
	nodes := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	for _, n := range nodes {
		s, ok := n.(ast.ScalarNode)
		if !ok || s.Type() == ast.NullType {
			return strictyaml.At(n.GetToken(), "want a word or a list of words")
		}
		*w = append(*w, word{text: s.GetToken().Value, token: n.GetToken()})
	}
	if len(*w) == 0 {
		return strictyaml.At(n.GetToken(), "the list is empty")
	}
	return nil
}

// Read reads and checks a grid file. Whether its models and links exist is checked when it is
// expanded.
func Read(file string) (*Grid, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read grid: %w", err)
	}
	return Parse(file, text)
}

// Parse is Read for text that is already in memory; file is its name in errors.
func Parse(file string, text []byte) (*Grid, error) {
	g := &Grid{File: file, Text: text, Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))}
	err := strictyaml.Decode(file, text, g)
	if err == nil && len(g.Entries) == 0 {
		err = &strictyaml.Error{Message: "it declares no combinations"}
	}
	for i, e := range g.Entries {
		err = cmp.Or(err, e.check(i))
	}
	if err != nil {
		return nil, fmt.Errorf("read grid: %w", g.locate(err))
	}
	g.Catalog, g.Models = strictyaml.Beside(file, g.Catalog), strictyaml.Beside(file, g.Models)
	return g, nil
}

// locate puts the grid's file into an error; nil for nil.
func (g *Grid) locate(err error) error {
	if e, ok := errors.AsType[*strictyaml.Error](err); ok {
		e.File = g.File
	}
	return err
}

func (e Entry) check(i int) error {
	for _, need := range []struct {
		key   string
		words words
	}{{"model", e.Model}, {"input", e.Input}, {"compression", e.Compression}, {"backend", e.Backend}} {
		if len(need.words) == 0 {
			return &strictyaml.Error{Message: fmt.Sprintf("combinations[%d] lacks the key %q", i, need.key)}
		}
	}
	offloads := false
	for _, b := range e.Backend {
		backend, err := names.ParseBackend(b.text)
		if err != nil {
			return b.fault(err)
		}
		_, hosted := backend.Host()
		offloads = offloads || hosted
	}
	for _, l := range e.Link {
		local := names.Link(l.text) == names.LinkNone
		if local && offloads {
			return strictyaml.At(l.token, "link %q belongs to local backends, which need not say it;"+
				" for an unshaped link write %q", l.text, names.LinkDirect)
		}
		if !local && !offloads {
			return strictyaml.At(l.token, "link %q is given but no backend of this entry offloads", l.text)
		}
	}
	if offloads && len(e.Link) == 0 {
		return strictyaml.At(e.Backend[0].token, "an offloading backend needs the key \"link\":"+
			" a profile such as ethernet, or direct")
	}
	return nil
}

// Expand returns the grid's combinations, each once, in the order declared. Variants and links that
// known refuses are errors with their position.
func (g *Grid) Expand(env Environment, known Known) ([]names.Combination, error) {
	var out []names.Combination
	for _, e := range g.Entries {
		variants := env.Own
		var err error
		if variants == nil {
			variants, err = e.variants(known)
		}
		for _, l := range e.Link {
			if link := names.Link(l.text); link != names.LinkNone && err == nil {
				err = l.fault(known.CheckLink(link))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("grid: %w", g.locate(err))
		}
		places := e.places(env)
		for _, v := range variants {
			for _, p := range places {
				// cpu1 and cpu-all are one backend on a single core.
				if c := p.Of(v); !slices.Contains(out, c) {
					out = append(out, c)
				}
			}
		}
	}
	return out, nil
}

func (e Entry) variants(known Known) ([]names.Variant, error) {
	var out []names.Variant
	for _, w := range product(e.Model, e.Input, e.Compression, e.Granularity, e.IO) {
		name := names.Parts{
			Model: w[0].text, Input: w[1].text, Compression: w[2].text, Granularity: w[3].text, IO: w[4].text,
		}.Variant()
		// The model is the word that is most likely at fault.
		if err := w[0].fault(known.CheckVariant(name)); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}

// product returns every choice of a word from each list, the last list's words changing fastest. An
// empty list stands for an empty word.
func product(lists ...words) []words {
	all := []words{nil}
	for _, list := range lists {
		if len(list) == 0 {
			list = words{{}}
		}
		var longer []words
		for _, chosen := range all {
			for _, w := range list {
				longer = append(longer, append(slices.Clip(chosen), w))
			}
		}
		all = longer
	}
	return all
}

func (e Entry) places(env Environment) []names.Place {
	var out []names.Place
	for _, b := range e.Backend {
		for _, backend := range env.backends(names.Backend(b.text)) {
			links := e.Link
			if backend.IsLocal() {
				links = words{{text: string(names.LinkNone)}}
			}
			for _, l := range links {
				out = append(out, names.Place{Backend: backend, Link: names.Link(l.text)})
			}
		}
	}
	return out
}

func (env Environment) backends(word names.Backend) []names.Backend {
	switch word {
	case names.CPUAll:
		return []names.Backend{names.CPU(max(1, env.Cores))}
	case names.OffloadAll:
		var out []names.Backend
		for _, host := range env.Hosts {
			out = append(out, names.Offload(host))
		}
		if len(out) == 0 {
			out = []names.Backend{names.OffloadSelf}
		}
		return out
	}
	return []names.Backend{word}
}
