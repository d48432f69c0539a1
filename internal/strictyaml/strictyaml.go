// Package strictyaml reads the YAML files that people write for Crossover: grids, catalogs,
// profiles, hosts. It accepts nothing that the target type does not declare, and its errors name
// file, line and column, show the line and suggest the nearest known key.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/crossover-bench/crossover/internal/names"
)

// An Error is an error in the text of a YAML file.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 for an error without a position, such as an empty file
	Message      string // what is wrong, with the nearest known word if there is one
	Source       string // the text of the line, or empty
}

func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d:%d", e.Line, e.Column)
	}
	text += ": " + e.Message
	if e.Source != "" {
		text += "\n    " + e.Source
	}
	return text
}

// Read decodes the one YAML document of the named file into the value that into points to. It
// returns an *Error if the text is wrong, and the error of os.ReadFile if the file cannot be read.
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
		return &Error{File: file, Message: "want one YAML document; there are more, or text after the first"}
	}
	return nil
}

// locate adds file, line and column to an error of the YAML library or of a type's own
// unmarshaller.
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
		if near := names.Nearest(t.Value, keys(into, map[reflect.Type]bool{})); near != "" {
			out.Message += fmt.Sprintf("; did you mean %q?", near)
		}
	}
	return out
}

// Beside returns a path that the file declares, which is relative to its folder; "" for "".
func Beside(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// At returns an *Error at a token of the file being decoded. Types that check their own values
// return it from UnmarshalYAML.
func At(t *token.Token, format string, args ...any) error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	if t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}

// AtPath returns an *Error at the value that a path such as "$.hosts[0].name" has in the text. A
// missing value is reported at the one that should contain it.
func AtPath(file string, data []byte, path, message string) *Error {
	out := &Error{File: file, Message: message}
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		return out
	}
	for ; path != "$"; path = path[:max(strings.LastIndexAny(path, ".["), len("$"))] {
		p, err := yaml.PathString(path)
		if err != nil {
			continue
		}
		if node, err := p.FilterFile(doc); err == nil && node.GetToken() != nil {
			at := node.GetToken().Position
			out.Line, out.Column, out.Source = at.Line, at.Column, line(data, at.Line)
			break
		}
	}
	return out
}

func line(data []byte, n int) string {
	lines := strings.Split(string(data), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}

// keys returns the keys that the type and the types within it declare.
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
		if name != "-" && f.IsExported() && !f.Anonymous {
			out = append(out, name)
		}
		out = append(out, keys(f.Type, seen)...)
	}
	return out
}
