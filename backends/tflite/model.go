//go:build cgo && linux

package tflite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-tflite"
)

// A Model is a mapped and verified .tflite file.
type Model struct {
	path     string
	model    *tflite.Model
	reporter reporter
}

// Load maps the file at path and verifies it. The error names the file and
// has the library's words for what is wrong with it. The caller must Close the
// model, after whatever was made of it.
//
// A corrupt file can pass the verification and end the process later on; open
// files of unknown origin through a Backend, which tries them in a child first.
func Load(path string) (*Model, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	m := &Model{path: path, reporter: newReporter()}
	if m.model = m.reporter.load(path); m.model == nil {
		err := m.fault("no TensorFlow Lite model")
		m.reporter.free()
		return nil, err
	}
	return m, nil
}

// Close unmaps the file. Closing twice is harmless.
func (m *Model) Close() {
	if m.model == nil {
		return
	}
	m.model.Delete()
	m.model = nil
	m.reporter.free()
}

// fault returns an error that says what failed and the library's words why.
func (m *Model) fault(what string) error {
	if words := m.reporter.take(); words != "" {
		return fmt.Errorf("%s: %s: %s", m.path, what, oneLine(words))
	}
	return fmt.Errorf("%s: %s; the TensorFlow Lite library gives no reason", m.path, what)
}

// oneLine joins the lines of the library's words, each once: it reports some
// faults for every tensor, with empty lines between.
func oneLine(words string) string {
	var lines []string
	for line := range strings.Lines(words) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
