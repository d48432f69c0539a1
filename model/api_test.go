package model_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wellKnown are the methods whose meaning is that of an interface of the
// standard library.
var wellKnown = []string{"String", "Error", "UnmarshalText", "UnmarshalYAML"}

func TestAPIHasAnExampleThatRunsForEveryExportedFunction(t *testing.T) {
	for _, dir := range []string{".", "profiles"} {
		sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		var wanted []string
		examples := map[string]bool{}
		for _, name := range sources {
			f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") {
				for _, e := range doc.Examples(f) {
					examples[e.Name] = e.Output != "" // without an output it is compiled and never run
				}
				continue
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && !slices.Contains(wellKnown, fn.Name.Name) {
					if name := exampleName(fn); ast.IsExported(name) {
						wanted = append(wanted, name)
					}
				}
			}
		}
		if len(wanted) == 0 {
			t.Errorf("%s: no exported function found", dir)
		}
		for _, name := range wanted {
			if !examples[name] {
				t.Errorf("%s: there is no Example%s with an output", dir, name)
			}
		}
	}
}

// exampleName is the function's name as go/doc wants it after "Example".
func exampleName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	typ := fn.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name + "_" + fn.Name.Name
		default:
			return ""
		}
	}
}

func TestAPIImportsNothingOfTheProjectAndNoIO(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if strings.Contains(path, ".") || slices.Contains([]string{"os", "io", "net"}, path) {
				t.Errorf("%s imports %s; the core is pure functions", name, path)
			}
		}
	}
}
