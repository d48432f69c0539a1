package suites

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/crossover-bench/crossover/backends/tflite"
	"github.com/crossover-bench/crossover/internal/declared"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/rounds"
)

var aboutFlag = flag.Bool("about", false, "print what this binary is, as JSON, and do nothing else")

// printAbout answers -about.
func printAbout() error {
	s, err := newSuite("grids/quick.yaml")
	if err != nil {
		return err
	}
	a := rounds.About{
		Config:   map[string]string{"tflite": tflite.Version()},
		Versions: map[string]string{"go": runtime.Version(), "tflite": tflite.Version()},
		Hashes:   map[string]string{},
		Procs:    runtime.GOMAXPROCS(0),
		Cores:    runtime.NumCPU(),
	}
	if w := s.weights(); w != "" {
		a.Config["weights"] = w
	}
	for _, c := range s.combinations {
		v, err := s.variant(c)
		if _, known := a.Hashes[v.Name]; err != nil || known {
			continue
		}
		if v.SHA256 == "" { // the person's own
			v.SHA256 = hashOf(v.Path)
		}
		if v.SHA256 != "" {
			a.Hashes[v.Name] = v.SHA256
		}
	}
	for name, library := range map[string]string{"npu": *npu, "gpu": *gpu} {
		if sum := hashOf(library); sum != "" {
			a.Hashes[name] = sum
		}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// hashOf returns a file's SHA-256 in hexadecimal, or "" for one that cannot be
// read: its combinations say so when they are opened. A library may also be a
// name that the dynamic linker finds, and no path.
func hashOf(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "" // a device might never end
	}
	sum, _ := declared.Hash(path)
	return sum
}

// weights says where the weights of the measured variants are from.
func (s *suite) weights() string {
	if s.Own != nil {
		return "own files"
	}
	var origins []string
	for _, c := range s.combinations {
		v, err := s.variant(c)
		if err == nil && v.Weights != "" && !strings.Contains(strings.Join(origins, ", "), v.Weights) {
			origins = append(origins, v.Weights)
		}
	}
	return strings.Join(origins, ", ")
}

// sendSkipped answers -dry: an event for each combination that cannot run here,
// or would fail, as far as that shows without loading its variant.
func sendSkipped() error {
	s, err := newSuite("grids/quick.yaml")
	if err != nil {
		return err
	}
	for _, c := range s.combinations {
		err := s.available(c)
		if err == nil {
			_, err = s.variant(c)
		}
		switch {
		case unavailable(err) != nil:
			s.skip(c, err)
		case err != nil && s.events == nil:
			fmt.Printf("fails: %s: %v\n", c.Name(), err)
		case err != nil:
			s.send(results.Event{Kind: results.EventFail, Combination: c, Reason: err.Error()})
		}
	}
	s.send(results.Event{Kind: results.EventEnd})
	return nil
}
