package suite

import (
	"encoding/json"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/job"
	"github.com/crossover-bench/crossover/internal/names"
)

func (s *Suite) describe(w io.Writer) error {
	a := job.About{
		Config:   map[string]string{"tflite": tflite.Version()},
		Versions: map[string]string{"go": runtime.Version(), "tflite": tflite.Version()},
		Hashes:   map[string]string{},
		Procs:    runtime.GOMAXPROCS(0),
		Cores:    runtime.NumCPU(),
	}
	if w := s.weights(); w != "" {
		a.Config["weights"] = w
	}
	for _, name := range names.Variants(s.Work) {
		v, err := s.Variant(name)
		if err != nil {
			continue
		}
		if v.SHA256 == "" { // the user's own
			v.SHA256 = hashOf(v.Path)
		}
		if v.SHA256 != "" {
			a.Hashes[string(v.Name)] = v.SHA256
		}
	}
	for backend, library := range s.job.Setup.Delegates {
		if sum := hashOf(library); sum != "" {
			a.Hashes[string(backend)] = sum
		}
	}
	return json.NewEncoder(w).Encode(a)
}

// hashOf returns a file's SHA-256 in hexadecimal, or "" if it cannot be read: its combinations say
// so when they are opened. A library may also be a name that the dynamic linker finds.
func hashOf(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "" // a device might never end
	}
	sum, _ := declared.Hash(path)
	return sum
}

func (s *Suite) weights() string {
	if s.Own != nil {
		return "own files"
	}
	var origins []string
	for _, name := range names.Variants(s.Work) {
		v, err := s.Variant(name)
		if err == nil && v.Weights != "" && !slices.Contains(origins, v.Weights) {
			origins = append(origins, v.Weights)
		}
	}
	return strings.Join(origins, ", ")
}
