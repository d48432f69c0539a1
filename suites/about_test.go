package suites

import (
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"strings"

	"github.com/crossover-bench/crossover/backends/tflite"
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
		if v, err := s.variant(c); err == nil && v.SHA256 != "" {
			a.Hashes[v.Name] = v.SHA256
		}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
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

// sendSkipped answers -dry: an event for each combination that cannot run here.
func sendSkipped() error {
	s, err := newSuite("grids/quick.yaml")
	if err != nil {
		return err
	}
	for _, c := range s.combinations {
		if err := s.available(c); err != nil {
			s.skip(c, err)
		}
	}
	s.send(results.Event{Kind: results.EventEnd})
	return nil
}
