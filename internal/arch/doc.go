// Package arch holds the architecture: its tests fail when a package imports what it must not, and
// keep the printed import graph in docs/architecture.md up to date. It has no code of its own.
//
//  1. rules_test.go lists the layers, from top to bottom, and the rules.
//  2. TestRules and TestLayers check every import of the module against them.
//  3. TestGraph compares the page with the imports. go test ./internal/arch -run Graph -update
//     writes the page.
//
// A new package needs a line in the table of layers. A new rule is a line in the table of rules.
package arch
