package steps

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/results"
)

// claiming begins a scenario with what any sentence may rest on.
const claiming = "Given the variants:\n  | Mobilenet 32 |\n  | Mobilenet PQ 32 |\n  | Mobilenet PWQ 32 |\n" +
	"  | Mobilenet PQ 75 |\n"

// No sentence passes without the data that it needs, whatever is wrong with the data.
func TestAuditNoSentencePassesWithoutItsData(t *testing.T) {
	places := []string{"And the backend \"cpu1\"\n", "And the host \"desk\" over the link \"ethernet\"\n"}
	spoiled := map[string]func(w *world) *accept.Data{
		"no data": func(w *world) *accept.Data {
			w.blocks = nil
			return w.data()
		},
		"a combination is missing": func(w *world) *accept.Data {
			w.recorded()
			w.blocks = slices.DeleteFunc(w.blocks, func(b results.Block) bool { return b.Combination.Variant == pq32 })
			return w.data()
		},
		"half the rounds": func(w *world) *accept.Data {
			w.recorded()
			w.blocks = slices.DeleteFunc(w.blocks, func(b results.Block) bool { return b.Round > 1 })
			return w.data()
		},
		"all marked": func(w *world) *accept.Data {
			w.recorded()
			for i := range w.blocks {
				for k := range w.blocks[i].Samples {
					w.blocks[i].Samples[k].Mark = results.MarkStolen
				}
			}
			return w.data()
		},
		"skipped": func(w *world) *accept.Data {
			for c := range w.medians {
				w.skipped[c] = "it is not here"
			}
			return w.data()
		},
		"failed": func(w *world) *accept.Data {
			d := w.recorded()
			for c := range w.medians {
				d.Failed[c] = "crashed"
			}
			return d
		},
	}
	for _, s := range Registry {
		if s.Group == choose || s.Group == conditions {
			continue
		}
		for _, place := range places {
			sentences := claiming + place + "Then " + thenOf(s)
			for what, spoil := range spoiled {
				r, err := tryJudge(t, feature("", sentences), func(o *options) { o.data = spoil(newWorld()) })
				if err != nil {
					t.Fatalf("%s: %v", sentences, err)
				}
				if v := r.Scenarios[0].Verdict(); v == accept.Pass {
					t.Errorf("%s: passes with %s\n%s", s.Form, what, pretty(t, r))
				}
				// What was skipped with a reason is no failure of what ran; it has its own code if nothing ran.
				if r.Code() == exit.OK {
					t.Errorf("%s: exit code 0 with %s\n%s", s.Form, what, pretty(t, r))
				}
			}
		}
	}
}

// thenOf returns the example of a sentence with the names that the world knows.
func thenOf(s Sentence) string {
	known := strings.NewReplacer(
		`"workstation" over "5g"`, `"desk" over "ethernet"`, `"workstation"`, `"desk"`, `"npu"`, `"cpu1"`,
		`offloading to "desk" over "ethernet" beats "cpu1"`, `"cpu1" beats offloading to "desk" over "ethernet"`)
	return known.Replace(strings.TrimPrefix(s.Example, "Then "))
}
