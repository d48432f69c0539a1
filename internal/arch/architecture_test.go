package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the import graph in docs/architecture.md")

const (
	root = "../.."
	page = root + "/docs/architecture.md"
	// entry is the program of the test binary: TestMain, benchmarks and specs.
	entry = "suites/suite_test.go"
)

// A pkg is one package of the module. Imports of tests do not count, since a
// test may look at anything. The entry of the test binary is one, and counts.
type pkg struct {
	name    string              // relative to the module; "." for its root
	doc     string              // first sentence of the package comment
	imports map[string][]string // import path, relative within the module -> "file:line" of each
}

// modulePackages lists the module's packages as a cgo build on Linux sees them.
var modulePackages = sync.OnceValues(func() (map[string]*pkg, error) {
	cmd := exec.Command("go", "list", "-json", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOOS=linux")
	out, err := cmd.Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	all := map[string]*pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			build.Package
			Module struct{ Path string }
		}
		if err := dec.Decode(&l); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		// go test reruns a cached test if a file that it looked at changed. The
		// listing ran elsewhere, so look at the folders for files that are new.
		for _, dir := range []string{l.Dir, filepath.Dir(l.Dir)} {
			if _, err := os.Stat(dir); err != nil {
				return nil, err
			}
		}
		p := &pkg{name: relative(l.ImportPath, l.Module.Path), doc: l.Doc, imports: map[string][]string{}}
		tests := slices.Concat(l.TestGoFiles, l.XTestGoFiles)
		for _, name := range slices.Concat(l.GoFiles, l.CgoFiles, tests) {
			count := !slices.Contains(tests, name) || p.name+"/"+name == entry
			if err := p.read(l.Dir, name, l.Module.Path, count); err != nil {
				return nil, err
			}
		}
		all[p.name] = p
	}
})

func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	all, err := modulePackages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// read adds a file's imports, if they count, and its package comment, if it has one.
func (p *pkg) read(dir, name, module string, count bool) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	if p.doc == "" && f.Doc != nil {
		p.doc = new(doc.Package).Synopsis(f.Doc.Text())
	}
	for _, i := range f.Imports {
		if !count {
			break
		}
		path := relative(strings.Trim(i.Path.Value, `"`), module)
		p.imports[path] = append(p.imports[path], fmt.Sprintf("%s:%d", name, fset.Position(i.Pos()).Line))
	}
	return nil
}

func relative(path, module string) string { return strings.TrimPrefix(path, module+"/") }

// in reports whether a name is in a list.
func in(name, list string) bool {
	for l := range strings.FieldsSeq(list) {
		below, deep := strings.CutSuffix(l, "/...")
		if name == l || deep && (name == below || strings.HasPrefix(name, below+"/")) {
			return true
		}
	}
	return false
}

// breach words a forbidden import: where it stands, what it breaks, what to do.
func breach(all map[string]*pkg, from, to, rule, because, instead string) string {
	at := ""
	if p := all[from]; p != nil && len(p.imports[to]) > 0 {
		at = " (" + strings.Join(p.imports[to], ", ") + ")"
	}
	return fmt.Sprintf("%s imports %s%s, but %s, because %s. %s", from, to, at, rule, because, instead)
}

// check returns what breaks the rules, in the order of the packages' names.
func check(all map[string]*pkg, rules []rule, owners []owner) (broken []string) {
	for _, name := range sorted(all) {
		for _, to := range sorted(all[name].imports) {
			for _, r := range rules {
				if r.only != "" && in(name, r.who) && all[to] != nil && !in(to, r.only) {
					rule := commas(r.who) + " may import only " + commas(r.only)
					broken = append(broken, breach(all, name, to, rule, r.because, r.instead))
				}
			}
			for _, o := range owners {
				if to == o.of && !in(name, o.may) {
					broken = append(broken, breach(all, name, to, "only "+commas(o.may)+" may", o.because, o.instead))
				}
			}
		}
		for _, r := range rules {
			if r.never == "" || !in(name, r.who) {
				continue
			}
			if chain := path(all, name, r.never); chain != nil {
				rule := fmt.Sprintf("%s must not depend on %s", commas(r.who), commas(r.never))
				if len(chain) > 2 {
					rule = fmt.Sprintf("that leads to %s (%s), and %s", chain[len(chain)-1], strings.Join(chain, " -> "), rule)
				}
				broken = append(broken, breach(all, name, chain[1], rule, r.because, r.instead))
			}
		}
	}
	return broken
}

// path returns the shortest chain of imports from a package to one in the list,
// or nil if there is none.
func path(all map[string]*pkg, from, list string) []string {
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		chain := queue[0]
		p := all[chain[len(chain)-1]]
		if p == nil {
			continue
		}
		for _, to := range sorted(p.imports) {
			if next := append(slices.Clone(chain), to); in(to, list) {
				return next
			} else if !seen[to] {
				seen[to] = true
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// layerOf returns the index of the first layer that lists a package, or -1.
func layerOf(name string) int {
	return slices.IndexFunc(layers, func(l layer) bool { return in(name, l.packages) })
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestRules(t *testing.T) {
	for _, b := range check(packages(t), rules, owners) {
		t.Error(b)
	}
}

// A rule about a package that moved away would hold nothing.
func TestRulesNamePackagesThatExist(t *testing.T) {
	var lists []string
	for _, r := range rules {
		lists = append(lists, r.who, r.only, r.never)
	}
	for _, o := range owners {
		lists = append(lists, o.may)
	}
	names := sorted(packages(t))
	for list := range strings.FieldsSeq(strings.Join(lists, " ")) {
		if list != "none" && !slices.ContainsFunc(names, func(name string) bool { return in(name, list) }) {
			t.Errorf("the rules name %s, which is not a package", list)
		}
	}
}

func TestLayers(t *testing.T) {
	all := packages(t)
	for _, name := range sorted(all) {
		own := layerOf(name)
		if own < 0 {
			t.Errorf("%s is in no layer; add it to one in internal/arch/rules_test.go", name)
			continue
		}
		for _, to := range sorted(all[name].imports) {
			if above := layerOf(to); all[to] != nil && above >= 0 && above < own {
				rule := fmt.Sprintf("the layer %q lies above the layer %q", layers[above].name, layers[own].name)
				t.Error(breach(all, name, to, rule, "data flows one way",
					"Move the code up, or pass what it needs down as an argument."))
			}
		}
	}
}

// TestRulesFindBreaches holds the check itself against a small module in which
// every kind of rule is broken once.
func TestRulesFindBreaches(t *testing.T) {
	all := map[string]*pkg{}
	for name, imports := range map[string]string{
		"a": "b fmt", "b": "c", "c": "", "low": "a", "free": "a b c lib", "tidy": "c",
	} {
		all[name] = &pkg{name: name, imports: map[string][]string{}}
		for i := range strings.FieldsSeq(imports) {
			all[name].imports[i] = []string{name + ".go:3"}
		}
	}
	got := check(all,
		[]rule{
			{who: "low tidy", only: "b c", because: "it is low", instead: "Use b."},
			{who: "a", never: "c", because: "c is heavy", instead: "Use d."},
		},
		[]owner{{of: "lib", may: "a", because: "one is enough", instead: "Use a."}})
	want := []string{
		"a imports b (a.go:3), but that leads to c (a -> b -> c), and a must not depend on c, because c is heavy. Use d.",
		"free imports lib (free.go:3), but only a may, because one is enough. Use a.",
		"low imports a (low.go:3), but low, tidy may import only b, c, because it is low. Use b.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestGraph(t *testing.T) {
	const begin, end = "<!-- import graph: begin -->\n", "<!-- import graph: end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no section between %q and %q", page, begin, end)
	}
	want := graph(t, packages(t))
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have != want {
		t.Errorf("the import graph in docs/architecture.md is out of date; run: go test ./internal/arch -run Graph -update")
	}
}

// graph is the section of the page: a table for each layer, from top to bottom,
// and the rules.
func graph(t *testing.T, all map[string]*pkg) string {
	var b strings.Builder
	for i, l := range layers {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", l.name, l.about)
		b.WriteString("| package | what it is for | imports of the project |\n|---|---|---|\n")
		for _, name := range sorted(all) {
			if layerOf(name) != i {
				continue
			}
			if all[name].doc == "" {
				t.Errorf("%s has no package comment", name)
			}
			var imports []string
			for _, to := range sorted(all[name].imports) {
				if all[to] != nil {
					imports = append(imports, strings.TrimPrefix(to, "internal/"))
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, purpose(all[name].doc), strings.Join(imports, ", "))
		}
	}
	b.WriteString("\n### Rules\n\n| packages | rule | reason |\n|---|---|---|\n")
	for _, r := range rules {
		if r.only != "" {
			fmt.Fprintf(&b, "| %s | import %s of the project | %s |\n", code(r.who), only(r.only), r.because)
		}
		if r.never != "" {
			fmt.Fprintf(&b, "| %s | do not depend on %s, not even indirectly | %s |\n", code(r.who), code(r.never), r.because)
		}
	}
	for _, o := range owners {
		fmt.Fprintf(&b, "| all but %s | do not import %s | %s |\n", code(o.may), code(o.of), o.because)
	}
	return b.String() + "\n"
}

// purpose is the first sentence of a package comment without its "Package x".
func purpose(doc string) string {
	if rest, ok := strings.CutPrefix(doc, "Package "); ok {
		_, doc, _ = strings.Cut(rest, " ")
	}
	doc = strings.TrimPrefix(doc, "is ")
	return strings.ReplaceAll(strings.ToUpper(doc[:min(1, len(doc))])+doc[min(1, len(doc)):], "|", `\|`)
}

// only words what may be imported.
func only(list string) string {
	if list == "none" {
		return "nothing else"
	}
	return "only " + code(list)
}

// code quotes each name of a list.
func code(list string) string { return "`" + strings.ReplaceAll(commas(list), ", ", "`, `") + "`" }

func commas(list string) string { return strings.Join(strings.Fields(list), ", ") }
