// Package features holds the acceptance specs that come with Crossover, so that the command finds
// them outside the source tree.
package features

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed quick study product/*.feature product/hosts.yaml STEPS.md
var files embed.FS

// Files holds the specs by their names in the source tree: "features/quick/local.feature".
var Files fs.FS = tree{}

type tree struct{}

func (tree) Open(name string) (fs.File, error) {
	inner, ok := strings.CutPrefix(name, "features/")
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return files.Open(inner)
}
