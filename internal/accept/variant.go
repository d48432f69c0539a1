package accept

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/names"
)

// A KnownVariant is what judging knows of a variant beyond its name. Its file is a
// fixtures.Variant.
type KnownVariant struct {
	Name       names.Variant
	Title      string // "Mobilenet PQ 32"
	Parameters int64  // 0 if unknown
	Layers     int    // of the whole Keras model; 0 if unknown
	Depth      int    // in layers, as the study counts them; 0 if unknown
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

// Needs returns the subject's combination, as Claim has it.
func (s Subject) Needs() []names.Combination { return []names.Combination{s.Combination()} }

// Subjects are several variants at one place.
type Subjects []Subject

// Needs returns the subjects' combinations, as Claim has it.
func (s Subjects) Needs() []names.Combination {
	out := make([]names.Combination, len(s))
	for i, one := range s {
		out[i] = one.Combination()
	}
	return out
}

// String returns the subjects as people read them: "4 variants on cpu1".
func (s Subjects) String() string { return fmt.Sprintf("%d variants on %s", len(s), s[0].Place) }
