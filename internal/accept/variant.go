package accept

import "github.com/crossover-bench/crossover/internal/names"

// A KnownVariant is what judging knows of a variant beyond its name. Its file
// is a fixtures.Variant.
type KnownVariant struct {
	Name       names.Variant
	Title      string // "Mobilenet PQ 32"
	Parameters int64  // 0 if unknown
	Layers     int    // of the whole Keras model; 0 if unknown
}

// A Subject is what a claim is about: a variant at a place.
type Subject struct {
	Variant KnownVariant
	Place   names.Place
}

// Combination returns the combination to measure.
func (s Subject) Combination() names.Combination { return s.Place.Of(s.Variant.Name) }

// String returns the subject as people read it: "Mobilenet PQ 32 on cpu1".
func (s Subject) String() string { return s.Combination().Title(s.Variant.Title) }

// combinations returns those of the subjects.
func combinations(subjects ...Subject) []names.Combination {
	out := make([]names.Combination, len(subjects))
	for i, s := range subjects {
		out[i] = s.Combination()
	}
	return out
}
