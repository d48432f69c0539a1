package offload

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// hostLines returns the line of each entry under hosts:, for faults that are in
// no single key.
func hostLines(_ string, data []byte) func(i int) int {
	var lines []int
	if f, err := parser.ParseBytes(data, 0); err == nil && len(f.Docs) > 0 {
		if m, ok := f.Docs[0].Body.(*ast.MappingNode); ok {
			for _, v := range m.Values {
				if s, ok := v.Value.(*ast.SequenceNode); ok && v.Key.GetToken().Value == "hosts" {
					for _, e := range s.Values {
						lines = append(lines, e.GetToken().Position.Line)
					}
				}
			}
		}
	}
	return func(i int) int {
		if i < len(lines) {
			return lines[i]
		}
		return 0
	}
}
