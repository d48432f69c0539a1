// Package grids holds the built-in grids, so that the command works outside its source tree.
package grids

import "embed"

// FS holds NAME.yaml for each built-in grid.
//
//go:embed *.yaml
var FS embed.FS
