// Package strictyaml reads the YAML files that people write for Crossover:
// grids, catalogs, profiles, hosts. It accepts nothing that the target type
// does not declare, and its errors name file, line and column, show the line
// and suggest the nearest known key.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
)

// An Error is a fault in a YAML file at a known place.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 where the fault has no place, such as an empty file
	Message      string // what is wrong and, where there is one, the nearest right word
	Source       string // the line in question, or empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	fmt.Fprintf(&b, ": %s", e.Message)
	if e.Source != "" {
		fmt.Fprintf(&b, "\n    %s", e.Source)
	}
	return b.String()
}

// Read decodes the one YAML document of the named file into the value that
// into points to. Errors are *Error for faults in the file's text, else those of
// reading it.
func Read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return Decode(file, data, into)
}

// Decode is Read for text already in memory; file is its name in errors.
func Decode(file string, data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := dec.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return &Error{File: file, Message: "the file is empty"}
		}
		return locate(file, data, err, reflect.TypeOf(into))
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return &Error{File: file, Message: "one YAML document is wanted, and there are more (or text after the first)"}
	}
	return nil
}

// locate gives an error of the YAML library, or one of a type's own
// unmarshaller, its place.
func locate(file string, data []byte, err error, into reflect.Type) error {
	if e, ok := errors.AsType[*Error](err); ok {
		if e.File == "" {
			e.File = file
		}
		if e.Source == "" {
			e.Source = line(data, e.Line)
		}
		return e
	}
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &Error{File: file, Message: err.Error()}
	}
	out := &Error{File: file, Message: e.GetMessage()}
	t := e.GetToken()
	if t != nil {
		out.Line, out.Column = t.Position.Line, t.Position.Column
		out.Source = line(data, out.Line)
	}
	if _, ok := errors.AsType[*yaml.UnknownFieldError](err); ok && t != nil {
		out.Message = fmt.Sprintf("unknown key %q", t.Value)
		if near := Nearest(t.Value, keys(into, map[reflect.Type]bool{})); near != "" {
			out.Message += fmt.Sprintf("; did you mean %q?", near)
		}
	}
	return out
}

// At returns a fault at a token of the file being decoded, for the
// unmarshallers of types that check their values themselves.
func At(t *token.Token, format string, args ...any) error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	if t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}

func line(data []byte, n int) string {
	for i, l := range strings.Split(string(data), "\n") {
		if i == n-1 {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// keys collects the keys that the type and the types within it declare.
func keys(t reflect.Type, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	var out []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if name != "-" && f.IsExported() {
			out = append(out, name)
		}
		out = append(out, keys(f.Type, seen)...)
	}
	return out
}

// Nearest returns the known word closest to word by edit distance, or "" when
// none is close enough to be what was meant.
func Nearest(word string, known []string) string {
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance in bytes: Levenshtein's,
// with two neighbours that changed places counted as one slip.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			d[i][j] = min(change, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
