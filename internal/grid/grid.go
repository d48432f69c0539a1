package grid

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/crossover-bench/crossover/internal/strictyaml"
)

// Words of a grid that stand for what is there when it is expanded.
const (
	// CPUAll is the local backend with one thread for each core.
	CPUAll = "cpu-all"
	// OffloadAll is every declared host, or OffloadSelf when there is none.
	OffloadAll = "offload-all"
	// OffloadSelf is the embedded host on this very machine.
	OffloadSelf = "offload-self"
)

// A Grid is a declared set of combinations: one YAML file.
type Grid struct {
	// File is where the grid was read from.
	File string `yaml:"-"`
	// Name is the file's name without its ending.
	Name string `yaml:"-"`
	// About says in a sentence what the grid is for.
	About string `yaml:"about"`
	// Catalog is the path of the catalog that the grid's models are from, empty
	// for the built-in one, and Models the folder with the built files, empty for
	// the usual one. Both are written relative to the grid's file.
	Catalog string `yaml:"catalog"`
	Models  string `yaml:"models"`
	// Entries are the declared sets, in the order of the file.
	Entries []Entry `yaml:"combinations"`
}

// An Entry is a product: every variant on every backend, the offloading ones
// over every link.
type Entry struct {
	Model       words `yaml:"model"`
	Input       words `yaml:"input"`
	Compression words `yaml:"compression"`
	Granularity words `yaml:"granularity"`
	IO          words `yaml:"io"`
	Backend     words `yaml:"backend"`
	Link        words `yaml:"link"`
}

// Here is what the words of a grid stand for at this place.
type Here struct {
	Cores int      // processors that may be used
	Hosts []string // names of the declared hosts, without "offload-"
}

// Known checks names against the catalog and the profiles. Each method returns
// an error that says what is wrong with the name and which one is near.
type Known interface {
	CheckVariant(name string) error
	CheckLink(name string) error
}

// words is one word or a list of words, each with its place in the file.
type words []word

type word struct {
	text  string
	token *token.Token
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

// Read reads and checks a grid. Whether its models and links exist is checked
// when it is expanded.
func Read(file string) (*Grid, error) {
	g := &Grid{File: file, Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))}
	if err := strictyaml.Read(file, g); err != nil {
		return nil, fmt.Errorf("read grid: %w", err)
	}
	if len(g.Entries) == 0 {
		return nil, fmt.Errorf("read grid: %w", &strictyaml.Error{File: file, Message: "it declares no combinations"})
	}
	for i, e := range g.Entries {
		if err := e.check(i); err != nil {
			return nil, fmt.Errorf("read grid: %w", g.place(err))
		}
	}
	g.Catalog, g.Models = g.resolve(g.Catalog), g.resolve(g.Models)
	return g, nil
}

func (g *Grid) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(g.File), path)
}

// place puts the grid's file into an error that has a line already.
func (g *Grid) place(err error) error {
	if e, ok := err.(*strictyaml.Error); ok {
		e.File = g.File
	}
	return err
}

var (
	backendName = regexp.MustCompile(`^(cpu[1-9][0-9]*(-noxnnpack)?|npu|gpu|offload-[A-Za-z0-9_.-]+)$`)
	localName   = regexp.MustCompile(`^(cpu|npu$|gpu$)`)
	threadsName = regexp.MustCompile(`^cpu[1-9][0-9]*`)
)

// IsLocal reports whether the named backend runs on this machine without a host.
func IsLocal(backend string) bool { return localName.MatchString(backend) }

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
		if b.text == CPUAll {
			continue
		}
		if !backendName.MatchString(b.text) {
			if cpu := threadsName.FindString(b.text); cpu != "" {
				return strictyaml.At(b.token, "%q is no backend; want %s or, for the reference kernels, %[2]s-noxnnpack", b.text, cpu)
			}
			return strictyaml.At(b.token, "%q is no backend; want cpuN (N threads), %s, npu, gpu, offload-NAME or %s", b.text, CPUAll, OffloadAll)
		}
		offloads = offloads || !IsLocal(b.text)
	}
	for _, l := range e.Link {
		if l.text == LinkNone && offloads {
			return strictyaml.At(l.token, "link %q belongs to local backends, which need not say it; for an unshaped link write \"direct\"", LinkNone)
		}
		if l.text != LinkNone && !offloads {
			return strictyaml.At(l.token, "link %q is given but no backend of this entry offloads", l.text)
		}
	}
	if offloads && len(e.Link) == 0 {
		return strictyaml.At(e.Backend[0].token, "an offloading backend needs the key \"link\": a profile such as ethernet, or direct")
	}
	return nil
}

// Expand returns the grid's combinations, each once, in the order declared.
// Variants and links that known refuses are errors with their place.
func (g *Grid) Expand(here Here, known Known) ([]Combination, error) {
	var out []Combination
	for _, e := range g.Entries {
		var variants []string
		for name, at := range e.variants() {
			if err := known.CheckVariant(name); err != nil {
				return nil, fmt.Errorf("grid: %w", g.place(strictyaml.At(at, "%v", err)))
			}
			variants = append(variants, name)
		}
		for _, l := range e.Link {
			if l.text == LinkNone {
				continue
			}
			if err := known.CheckLink(l.text); err != nil {
				return nil, fmt.Errorf("grid: %w", g.place(strictyaml.At(l.token, "%v", err)))
			}
		}
		out = append(out, e.over(variants, here)...)
	}
	return unique(out), nil
}

// ExpandOwn returns the combinations of the user's own variants with every
// backend and link that the grid declares.
func (g *Grid) ExpandOwn(here Here, variants []string) []Combination {
	var out []Combination
	for _, e := range g.Entries {
		out = append(out, e.over(variants, here)...)
	}
	return unique(out)
}

// variants yields the names of the entry's variants, with the place of the word
// that is most likely at fault when a name turns out wrong.
func (e Entry) variants() func(yield func(string, *token.Token) bool) {
	optional := func(key string, ws words) []string {
		if len(ws) == 0 {
			return []string{""}
		}
		var out []string
		for _, w := range ws {
			out = append(out, "/"+key+"="+w.text)
		}
		return out
	}
	return func(yield func(string, *token.Token) bool) {
		for _, m := range e.Model {
			for _, i := range e.Input {
				for _, c := range e.Compression {
					for _, gr := range optional("granularity", e.Granularity) {
						for _, io := range optional("io", e.IO) {
							if !yield("model="+m.text+"/input="+i.text+"/compression="+c.text+gr+io, m.token) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// over returns the combinations of the variants with the entry's backends and
// links.
func (e Entry) over(variants []string, here Here) []Combination {
	var out []Combination
	for _, v := range variants {
		for _, b := range e.Backend {
			for _, backend := range here.backends(b.text) {
				if IsLocal(backend) {
					out = append(out, Combination{Variant: v, Backend: backend, Link: LinkNone})
					continue
				}
				for _, l := range e.Link {
					out = append(out, Combination{Variant: v, Backend: backend, Link: l.text})
				}
			}
		}
	}
	return out
}

// backends returns what a backend's word in a grid stands for here.
func (h Here) backends(word string) []string {
	switch word {
	case CPUAll:
		return []string{fmt.Sprintf("cpu%d", max(1, h.Cores))}
	case OffloadAll:
		if len(h.Hosts) == 0 {
			return []string{OffloadSelf}
		}
		var out []string
		for _, host := range h.Hosts {
			out = append(out, "offload-"+host)
		}
		return out
	}
	return []string{word}
}

// unique drops repetitions: cpu1 and cpu-all are one backend on a single core.
func unique(cs []Combination) []Combination {
	seen := map[Combination]bool{}
	out := cs[:0]
	for _, c := range cs {
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}
