package rounds

import (
	"math"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/results"
)

func TestPrecisionGoesOnOnlyWhereItIsMissing(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: time.Hour})
	if _, err := d.Run(t.Context(), combinations("calm", "odd")); err != nil {
		t.Fatal(err)
	}
	// From 9 rounds on the interval leaves the least and the greatest out, and with
	// them the odd first round.
	if got := n.perCombination(t); got["calm"] != 7 || got["odd"] != 10 {
		t.Errorf("blocks: %v", got)
	}
}

func TestPrecisionDoesNotTrustSamplesThatAreLeftOut(t *testing.T) {
	var recorded []results.Block
	for round := range 10 {
		sample := results.Sample{Phase: results.PhaseSteady, Total: time.Millisecond}
		if round >= 3 {
			sample.Mark = results.MarkStolen
		}
		recorded = append(recorded, results.Block{
			Combination: combination("calm"), Round: round, Samples: []results.Sample{sample},
		})
	}
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: time.Hour})
	d.LeaveOut, d.Recorded = ^results.Mark(0), recorded
	if _, err := d.Run(t.Context(), combinations("calm")); err != nil {
		t.Fatal(err)
	}
	if len(n.blocks) != 4 || n.blocks[0].Round != 10 {
		t.Errorf("%d further rounds, want 4 from round 10 on, for 7 that count", len(n.blocks))
	}
}

func TestPrecisionNamesWhatTheBudgetCutOff(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Precision: 0.02, Budget: 10 * time.Second})
	now := time.Unix(0, 0)
	d.Now = func() time.Time { now = now.Add(100 * time.Millisecond); return now }
	out, err := d.Run(t.Context(), combinations("noisy"))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Imprecise) != 1 || math.Abs(*out.Imprecise[0].Reached-0.1) > 0.01 || len(n.blocks) == 0 {
		t.Errorf("%d blocks, imprecise %+v", len(n.blocks), out.Imprecise)
	}
}
