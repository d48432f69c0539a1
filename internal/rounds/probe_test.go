package rounds

import (
	"slices"
	"testing"
	"time"

	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/results"
)

func TestProbeRunsTwiceWhatIsExpensiveToOpen(t *testing.T) {
	n := &notes{}
	d := driver(t, n, Settings{Rounds: 20, Budget: 17 * time.Second})
	d.Now = stopped
	_, err := d.Run(t.Context(), combinations("a", "expensive"))
	// 18 of a at 145 ms; of expensive 6 at 2.022 s and a fifth more than 300 ms.
	checkError(t, err, exit.Usage, "18 would fit")
	d = driver(t, n, Settings{Rounds: 20, Budget: time.Hour})
	if _, err := d.Run(t.Context(), combinations("a", "expensive")); err != nil {
		t.Fatal(err)
	}
	want := []results.Planned{
		{Combination: combination("a"), Rounds: 20, Block: 100 * time.Millisecond, Samples: 15, Open: 4 * time.Millisecond},
		{
			Combination: combination("expensive"), Rounds: 6, Block: 333 * time.Millisecond, Samples: 15,
			Open: 2001 * time.Millisecond, Cold: 30001 * time.Millisecond,
		},
	}
	if !slices.Equal(n.planned, want) {
		t.Errorf("planned %+v, want %+v", n.planned, want)
	}
	// A run that is resumed keeps its plan, though opening is fast from a cache now.
	again := driver(t, &notes{}, Settings{Rounds: 20})
	again.Planned = []results.Planned{{Combination: combination("a"), Rounds: 6, Block: 333 * time.Millisecond}}
	again.Recorded = []results.Block{{Combination: combination("a"), Round: 3}}
	out, err := again.Run(t.Context(), combinations("a"))
	if p := out.Plan.Open[0]; err != nil || p.Rounds != 6 || p.Block != 333*time.Millisecond {
		t.Errorf("resumed: %+v, %v", p, err)
	}
}

func TestProbeFailsWhatRanTheFirstTimeAndNotTheSecond(t *testing.T) {
	_, err := driver(t, &notes{}, Settings{}).Run(t.Context(), combinations("a", "expensive-gone"))
	checkError(t, err, exit.NoData,
		"model=expensive-gone/backend=cpu1/link=none: it can no longer run: no such device")
}

func TestProbeDoesNotTakeASlowInferenceForExpensiveOpening(t *testing.T) {
	n := &notes{}
	if _, err := driver(t, n, Settings{Rounds: 10}).Run(t.Context(), combinations("slow")); err != nil {
		t.Fatal(err)
	}
	if p := n.planned[0]; p.Rounds != 10 || p.Cold != 0 {
		t.Errorf("planned %+v", p)
	}
}
