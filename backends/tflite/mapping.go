//go:build cgo && linux

package tflite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-tflite"
)

// A mapping is a .tflite file in memory, verified by the library.
type mapping struct {
	path     string
	model    *tflite.Model
	reporter reporter
}

// mapFile maps the file at path and verifies it. The error names the file and has the library's
// words for what is wrong with it. The caller must close the mapping after everything that uses it.
//
// A corrupt file can pass the verification and crash the process later. A backend therefore tries a
// file without a known hash in a child process first.
func mapFile(path string) (*mapping, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	m := &mapping{path: path, reporter: newReporter()}
	if m.model = m.reporter.load(path); m.model == nil {
		err := m.failure("not a TensorFlow Lite model")
		m.reporter.free()
		return nil, err
	}
	return m, nil
}

// close unmaps the file. Closing twice is allowed.
func (m *mapping) close() {
	if m.model == nil {
		return
	}
	m.model.Delete()
	m.model = nil
	m.reporter.free()
}

// failure returns an error with what failed and the library's reason.
func (m *mapping) failure(what string) error {
	if words := m.reporter.take(); words != "" {
		return fmt.Errorf("%s: %s: %s", m.path, what, oneLine(words))
	}
	return fmt.Errorf("%s: %s; the TensorFlow Lite library gives no reason", m.path, what)
}

// oneLine joins the lines of the library's words, each once: the library reports some errors for
// every tensor, with empty lines between.
func oneLine(words string) string {
	var lines []string
	for line := range strings.Lines(words) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
