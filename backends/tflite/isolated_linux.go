//go:build cgo && linux

package tflite

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// openIsolated opens a session in its child process. What the library or a driver prints there goes to
// the parent.
func openIsolated(spec json.RawMessage, v fixtures.Variant) (backends.Session, error) {
	dieOfSignals()
	var b backend
	if err := json.Unmarshal(spec, &b.config); err != nil {
		return nil, err
	}
	if err := b.Available(); err != nil {
		return nil, err
	}
	if err := checkFile(v.Path); err != nil {
		return nil, err
	}
	if v.SHA256 != "" {
		sum, err := hashFile(v.Path)
		if err == nil && !strings.EqualFold(sum, v.SHA256) {
			err = changed(v, sum)
		}
		if err != nil {
			return nil, err
		}
	}
	s, err := b.newSession(v)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// changed says that a file is not the one of the manifest.
func changed(v fixtures.Variant, sum string) error {
	return fmt.Errorf("%s: SHA-256 is %s; the manifest says %s: the file changed or was damaged since it was built; "+
		"build it again with make fixtures", v.Path, sum, v.SHA256)
}
