package suites

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/accept/steps"
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/suite"
)

// limits are the features to whose limits specs hold their combinations, but for
// the study's claims, which are findings about other hardware and no thresholds.
type limits struct {
	features *accept.Features
	needs    []names.Combination // that the sentences are about, comparisons included
}

// readLimits reads the features in root; nil if it is empty.
func readLimits(s *suite.Suite, root string) (*limits, error) {
	if root == "" {
		return nil, nil
	}
	f, err := steps.Read(root, "~"+accept.StudyTag, steps.Vocabulary{
		Variants: steps.Variants(s.Catalog, s.Own), Profiles: s.Profiles, Cores: runtime.NumCPU(),
	})
	if err != nil {
		return nil, err
	}
	if err := f.Wrong(); err != nil {
		return nil, fmt.Errorf("a sentence of the features is wrong: %w", err)
	}
	s.TimeReference()
	return &limits{features: f, needs: f.Needs()}, nil
}

// inferences returns how many inferences a block of the combination must hold for the limits.
func (l *limits) inferences(c names.Combination) int {
	if l == nil {
		return 0
	}
	return l.features.Inferences()[c]
}

// limitRounds is how many blocks a limit is judged on: one does not show how
// blocks differ, and 7 are the fewest that can tell a ratio at 1 %.
const limitRounds = 7

// forLimits returns what limits are judged on. It measures further blocks if the
// sentences are about the block's combination.
func (s *specifier) forLimits(
	ctx context.Context, first results.Block, agreement *accept.Agreement,
) (*accept.Data, error) {
	c := first.Combination
	rounds := 1
	if slices.Contains(s.limits.needs, c) {
		rounds = limitRounds
	}
	blocks := []results.Block{first}
	for round := 1; round < rounds; round++ {
		block, _, err := s.answered(ctx, c, round)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block)
	}
	data, err := accept.NewData("the spec", blocks)
	if err != nil {
		return nil, err
	}
	data.Declared = []names.Combination{c}
	if agreement != nil {
		data.Extras.Agreement = map[names.Variant]accept.Agreement{c.Variant: *agreement}
	}
	return data, nil
}

// judge judges the limits on a combination and records each. A limit that is broken fails the spec,
// and so does one that could not be judged at all. One that these few short blocks do not decide
// skips it: the spec has not passed, and crossover accept can measure more.
func (l *limits) judge(data *accept.Data, c names.Combination, title string) {
	r := l.features.Judge(data, accept.Looks{})
	if err := r.Wrong(); err != nil {
		ginkgo.Fail("judging failed: " + err.Error())
	}
	var broken, unjudged, open []string
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			for _, g := range st.Judgements {
				// Agreement is a variant's, wherever it runs.
				of := slices.Equal(g.Combinations, data.Declared) || len(g.Combinations) == 0 && g.Subject == title
				if !of {
					continue // of another combination, or a comparison
				}
				where := fmt.Sprintf("%s:%d", sc.File, st.Line)
				said := fmt.Sprintf("%s: %s %s %s: %s", sc.Name, g.Subject, g.Measure, g.Bound, g.Verdict)
				for _, more := range []string{g.Estimate(), g.Reason} {
					if more != "" {
						said += "; " + more
					}
				}
				ginkgo.AddReportEntry("limit "+where, said, ginkgo.ReportEntryVisibilityFailureOrVerbose)
				switch g.Verdict {
				case accept.Pass:
				case accept.Fail:
					broken = append(broken, where+": "+said)
				case accept.Inconclusive:
					open = append(open, where+": "+said)
				default:
					unjudged = append(unjudged, where+": "+said)
				}
			}
		}
	}
	switch {
	case len(broken) > 0:
		ginkgo.Fail(c.Name() + " breaks limits of the features:\n" + strings.Join(broken, "\n"))
	case len(unjudged) > 0:
		ginkgo.Fail(c.Name() + " could not be judged by limits of the features:\n" + strings.Join(unjudged, "\n"))
	case len(open) > 0:
		ginkgo.Skip("inconclusive; crossover accept measures more:\n" + strings.Join(open, "\n"))
	}
}
