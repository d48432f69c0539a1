package accept

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// Data is a run as judging sees it.
type Data struct {
	Name        string // the run folder as the user named it
	Interleaved bool   // combinations took turns in rounds: comparisons need it
	Declared    []grid.Combination
	Skipped     map[grid.Combination]string // why it cannot run here
	Failed      map[grid.Combination]string // why it was lost
	// Sustained says that throttled samples are part of the result.
	Sustained bool
	Extras    Extras

	blocks map[grid.Combination][]results.Block // by round
}

// Extras is what a run holds beside samples, in run.json's meta.extra under
// the key "accept".
type Extras struct {
	// Agreement is by variant.
	Agreement map[string]Agreement `json:"agreement,omitempty"`
	// Looks counts how often this run was measured on after a look at it, and
	// how many looks were planned; a later judgement of the recorded run is
	// the last of these looks again.
	Looks *Looks `json:"looks,omitempty"`
}

// An Agreement says how a compressed variant's answers compare with those of
// the uncompressed one on the same images.
type Agreement struct {
	Images  int     `json:"images"`
	Agreed  int     `json:"agreed"`  // images with the same top-1 class
	Cosine  float64 `json:"cosine"`  // mean cosine of the scores
	Weights string  `json:"weights"` // the weights' origin
}

// Looks says which look at growing data this is.
type Looks struct {
	Look int `json:"look"` // from 1; 0 when nothing was planned and this is the only one
	Of   int `json:"of"`
	// Last is the look before which a combination was last measured, by its
	// name: what was decided then keeps its data and its error.
	Last map[string]int `json:"last,omitempty"`
}

// of returns the look at which what rests on the combinations is judged.
func (l Looks) of(cs []grid.Combination) int {
	look := 0
	for _, c := range cs {
		last, ok := l.Last[c.Name()]
		if !ok {
			last = l.Look
		}
		look = max(look, last)
	}
	if look == 0 {
		return l.Look
	}
	return look
}

// NewData arranges blocks by combination and round. Two blocks of one
// combination in one round are an error: a merged or damaged run.
func NewData(name string, blocks []results.Block) (*Data, error) {
	d := &Data{
		Name:    name,
		Skipped: map[grid.Combination]string{},
		Failed:  map[grid.Combination]string{},
		blocks:  map[grid.Combination][]results.Block{},
	}
	for _, b := range blocks {
		d.blocks[b.Combination] = append(d.blocks[b.Combination], b)
	}
	for c, bs := range d.blocks {
		slices.SortFunc(bs, func(a, b results.Block) int { return cmp.Compare(a.Round, b.Round) })
		for i := 1; i < len(bs); i++ {
			if bs[i].Round == bs[i-1].Round {
				return nil, fmt.Errorf("%s: %s has two blocks in round %d", name, c.Name(), bs[i].Round)
			}
		}
	}
	return d, nil
}

// Variants returns the variants that the run declares, with those of known
// taking precedence: they say more than a name does.
func (d *Data) Variants(known Variants) Variants {
	out := slices.Clone(known)
	seen := map[string]bool{}
	for _, v := range known {
		seen[v.Name] = true
	}
	add := func(c grid.Combination) {
		if name := string(c.Variant); !seen[name] {
			seen[name] = true
			out = append(out, VariantOf(name))
		}
	}
	for _, c := range d.Declared {
		add(c)
	}
	for c := range d.blocks {
		add(c)
	}
	slices.SortStableFunc(out[len(known):], func(a, b Variant) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// An AbsentError says that a combination has no samples in the run, and why.
type AbsentError struct {
	Combination grid.Combination
	Verdict     Verdict // Skipped or Missing
	Reason      string
	// Disturbed says that it was measured, but in no sample without foreign
	// load, throttling or the like: a quieter machine would have it.
	Disturbed bool
}

func (e *AbsentError) Error() string {
	return fmt.Sprintf("%s is %s: %s", e.Combination.Name(), e.Verdict, e.Reason)
}

// Blocks returns the combination's blocks in the order of rounds, or an
// *AbsentError. What crashed in one round is not judged by the others: a product
// that crashes now and then is not accepted for being fast in between.
func (d *Data) Blocks(c grid.Combination) ([]results.Block, error) {
	if why, ok := d.Failed[c]; ok {
		return nil, &AbsentError{Combination: c, Verdict: Missing, Reason: "it failed while it was measured: " + why}
	}
	if bs := d.blocks[c]; len(bs) > 0 {
		return bs, nil
	}
	if why, ok := d.Skipped[c]; ok {
		return nil, &AbsentError{Combination: c, Verdict: Skipped, Reason: why}
	}
	return nil, &AbsentError{Combination: c, Verdict: Missing, Reason: d.Name + " does not hold it; measure it, or judge a run that does"}
}

// leaveOut returns the marks of samples that are not judged: all, but for
// throttling in the sustained mode, where what is throttled is the truth.
func (d *Data) leaveOut() results.Mark {
	marks := results.MarkThrottled | results.MarkForeignLoad | results.MarkStolen | results.MarkLateLink | results.MarkLost
	if d.Sustained {
		marks &^= results.MarkThrottled
	}
	return marks
}

// A Round is one round's values of a quantity, in the order taken.
type Round struct {
	Round  int
	Values []float64 // SI base units
}

// A Series is a quantity of a combination over its rounds.
type Series struct {
	Rounds []Round
	Left   int // samples left out for their marks
}

// Values returns the rounds' values alone.
func (s Series) Values() [][]float64 {
	out := make([][]float64, len(s.Rounds))
	for i, r := range s.Rounds {
		out[i] = r.Values
	}
	return out
}

// Series returns a quantity of a combination. Rounds of which every sample is
// marked are left out; when none remains, that is an *AbsentError.
func (d *Data) Series(c grid.Combination, q Quantity) (Series, error) {
	blocks, err := d.Blocks(c)
	if err != nil {
		return Series{}, err
	}
	var s Series
	for _, b := range blocks {
		values, left := q.values(b, d.leaveOut())
		s.Left += left
		if len(values) > 0 {
			s.Rounds = append(s.Rounds, Round{b.Round, values})
		}
	}
	if len(s.Rounds) == 0 {
		why := fmt.Sprintf("%s has no %s of it", d.Name, q.Name)
		if s.Left > 0 {
			why = fmt.Sprintf("all its %d samples are marked as disturbed; see crossover doctor, and measure on a quiet machine", s.Left)
		}
		return Series{}, &AbsentError{Combination: c, Verdict: Missing, Reason: why, Disturbed: s.Left > 0}
	}
	return s, nil
}

// origin returns where the latencies of the combinations come from: measured,
// computed from a recorded host, or mixed where both are compared.
func (d *Data) origin(cs ...grid.Combination) names.Origin {
	var measured, computed bool
	for _, c := range cs {
		for _, b := range d.blocks[c] {
			computed = computed || b.Origin == names.Computed
			measured = measured || b.Origin == ""
		}
	}
	switch {
	case computed && measured:
		return names.Mixed
	case computed:
		return names.Computed
	}
	return names.Measured
}
