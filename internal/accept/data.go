package accept

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/summary"
)

// Data is a run as judging sees it. Judging only reads it.
type Data struct {
	Name        string // the run folder as the user named it
	Interleaved bool   // combinations took turns in rounds: comparisons need it
	Declared    []names.Combination
	Skipped     map[names.Combination]string // why it cannot run here
	Failed      map[names.Combination]string // why it was lost
	Lacking     map[names.Combination]string // why it could not be computed
	// Require names backends whose absence is a failure instead of a skip.
	Require []names.Backend
	// Sustained says that throttled samples are part of the result.
	Sustained bool
	// Metered says that the run measured the device's energy.
	Metered bool
	// Synthetic says how the run was made up; empty for one that a machine measured.
	Synthetic string
	Extras    Extras

	blocks map[names.Combination][]results.Block // by round
	title  func(names.Variant) string            // a variant's name for people
}

// ExtraKey is where run.json keeps Extras.
const ExtraKey = "accept"

// Extras is what a run holds beside samples, in run.json's meta.extra under ExtraKey.
type Extras struct {
	Agreement map[names.Variant]Agreement `json:"agreement,omitempty"`
	// Looks counts how often the run was looked at while it was measured, and how many looks were
	// planned. To judge the recorded run is to repeat the last of these looks.
	Looks *Looks `json:"looks,omitempty"`
}

// An Agreement says how a compressed variant's answers compare with those of the uncompressed one
// on the same images.
type Agreement struct {
	Images  int     `json:"images"`
	Agreed  int     `json:"agreed"`  // images with the same top-1 class
	Cosine  float64 `json:"cosine"`  // mean cosine of the scores
	Weights string  `json:"weights"` // the weights' origin
}

// FromRun arranges a recorded run. A run without any block is an error, and so is one whose extras
// cannot be read.
func FromRun(name string, run *results.Run) (*Data, error) {
	if len(run.Blocks) == 0 {
		return nil, fmt.Errorf("%s holds no samples: nothing can be judged;"+
			" measure with crossover bench or crossover accept", name)
	}
	d, err := NewData(name, run.Blocks)
	if err != nil {
		return nil, err
	}
	d.title = run.Meta.Title
	d.Interleaved = run.Meta.Config["interleaved"] == "yes"
	d.Sustained = run.Meta.Sustained
	d.Synthetic = run.Meta.Synthetic
	meter := run.Meta.Config["meter"] // such as "none, modelled for device generic"
	d.Metered = meter != "" && !strings.HasPrefix(meter, "none")
	d.Declared = run.Ledger.Declared
	for _, o := range run.Ledger.Skipped {
		d.Skipped[o.Combination] = o.Reason
	}
	for _, o := range run.Ledger.Failed {
		d.Failed[o.Combination] = o.Reason
	}
	if raw, ok := run.Meta.Extra[ExtraKey]; ok {
		if err := json.Unmarshal(raw, &d.Extras); err != nil {
			return nil, fmt.Errorf("%s: run.json: extra.%s: %w", name, ExtraKey, err)
		}
	}
	return d, nil
}

// NewData arranges blocks by combination and round. Two blocks of one combination in one round are
// an error: a merged or damaged run.
func NewData(name string, blocks []results.Block) (*Data, error) {
	d := &Data{
		Name:    name,
		Skipped: map[names.Combination]string{},
		Failed:  map[names.Combination]string{},
		blocks:  map[names.Combination][]results.Block{},
		title:   names.Variant.Title,
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

// Variants returns the known variants, and after them those of the run that are not among them, of
// which only the name is known.
func (d *Data) Variants(known []KnownVariant) []KnownVariant {
	out := slices.Clone(known)
	for _, c := range slices.AppendSeq(slices.Clone(d.Declared), maps.Keys(d.blocks)) {
		if !slices.ContainsFunc(out, func(v KnownVariant) bool { return v.Name == c.Variant }) {
			out = append(out, KnownVariant{Name: c.Variant, Title: d.title(c.Variant)})
		}
	}
	slices.SortStableFunc(out[len(known):], func(a, b KnownVariant) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// blocksOf returns the combination's blocks in the order of rounds, or an *unanswered. A
// combination that crashed in one round is not judged by its other rounds: a product that crashes
// now and then is not accepted for being fast in between.
func (d *Data) blocksOf(c names.Combination) ([]results.Block, error) {
	blocks := d.blocks[c]
	lost, failed := d.Failed[c]
	why, skipped := d.Skipped[c]
	switch {
	case failed:
		return nil, missing("it failed while it was measured: %s", lost)
	case len(blocks) > 0:
		return blocks, nil
	case skipped && slices.Contains(d.Require, c.Backend):
		why = fmt.Sprintf("%s is required here but could not run: %s", c.Backend, why)
		return nil, &unanswered{Verdict: Fail, Reason: why}
	case skipped && d.Lacking[c] == "":
		return nil, &unanswered{Verdict: Skipped, Reason: why}
	}
	if why, ok := d.Lacking[c]; ok {
		return nil, missing("%s", why)
	}
	return nil, missing("%s does not hold it; measure it, or judge a run that does", d.Name)
}

// leaveOut returns the marks of inferences that are not judged.
func (d *Data) leaveOut() results.Mark { return results.LeaveOut(d.Sustained) }

// series returns a statistic of a quantity of a combination over its rounds. Rounds of which every
// inference is disturbed are left out; if none remains, that is an *unanswered.
func (d *Data) series(c names.Combination, q Quantity, st results.Statistic) (*summary.Series, error) {
	blocks, err := d.blocksOf(c)
	if err != nil {
		return nil, err
	}
	s := summary.SeriesOf(blocks, q.Quantity, st, d.leaveOut())
	switch {
	case s.Samples > 0:
		return &s, nil
	case s.Left > 0:
		why := fmt.Sprintf("all its %d inferences are marked as disturbed;"+
			" see crossover doctor, and measure on a quiet machine", s.Left)
		return nil, &unanswered{Verdict: Missing, Reason: why, Disturbed: true}
	}
	return nil, missing("%s has no %s of it", d.Name, q.Name)
}

// origin returns the origin of the combinations' latencies: measured, computed from a recorded
// host, or mixed if both kinds are compared.
func (d *Data) origin(cs ...names.Combination) names.Origin {
	seen := map[names.Origin]bool{} // empty stands for measured
	for _, c := range cs {
		for _, b := range d.blocks[c] {
			seen[b.Origin] = true
		}
	}
	switch {
	case seen[names.Computed] && seen[""]:
		return names.Mixed
	case seen[names.Computed]:
		return names.Computed
	}
	return names.Measured
}
