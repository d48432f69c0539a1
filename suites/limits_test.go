package suites

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/onsi/ginkgo/v2"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model/profiles"
	"github.com/crossover-bench/crossover/suites/steps"
)

var featuresFlag = flag.String("features", "", "the `folder` of features to whose limits each spec holds its combination; ../features/quick with a -grid of the built-in catalog")

// limits are the features to whose limits specs hold their combinations; nil
// for none.
type limits struct {
	features *steps.Features
	variants accept.Variants
	profiles *profiles.Set
}

// readLimits finds the features: what -features names, else the quick ones for
// a grid that was asked for and has their variants.
func (s *suite) readLimits() (*limits, error) {
	root := *featuresFlag
	if root == "" {
		if *gridFile == "" || s.grid.Catalog != "" {
			return nil, nil
		}
		root = filepath.Join("..", "features", "quick")
	}
	f, err := steps.Read(root)
	if err != nil {
		return nil, err
	}
	l := &limits{features: f, profiles: s.profiles}
	add := func(name, title string) {
		v := accept.VariantOf(name)
		v.Title = title
		l.variants = append(l.variants, v)
	}
	for _, id := range s.catalog.Variants() {
		add(id.Name(), id.Title())
	}
	for name, v := range s.own {
		add(name, v.Title)
	}
	return l, nil
}

// hold judges the limits that concern the block's combination alone, and
// records each. What one short block cannot tell stays open, as crossover
// accept is there to measure on; what it breaks beyond doubt fails the spec.
func (l *limits) hold(ctx ginkgo.SpecContext, b results.Block) {
	if l == nil {
		return
	}
	judged, err := l.judge(ctx, b)
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	var broken []string
	for _, j := range judged {
		ginkgo.AddReportEntry("limit "+j.where, j.said, ginkgo.ReportEntryVisibilityFailureOrVerbose)
		if j.verdict == accept.Fail {
			broken = append(broken, j.where+": "+j.said)
		}
	}
	if len(broken) > 0 {
		ginkgo.Fail(fmt.Sprintf("it breaks limits of the features: %v", broken))
	}
}

// held is a limit that was judged.
type held struct {
	where   string // file and line of the sentence
	said    string
	verdict accept.Verdict
}

// judge judges what concerns the block's combination and no other.
func (l *limits) judge(ctx ginkgo.SpecContext, b results.Block) ([]held, error) {
	data, err := accept.NewData("the spec's block", []results.Block{b})
	if err != nil {
		return nil, err
	}
	data.Declared = []grid.Combination{b.Combination}
	judge := &accept.Judge{Data: data, Variants: l.variants, Profiles: l.profiles}
	// A study's claims are findings about other hardware, and no thresholds.
	r, err := l.features.Run(ctx, judge, "~"+accept.StudyTag, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	var out []held
	for _, sc := range r.Scenarios {
		if wrong := sc.Wrong(); wrong != nil {
			return nil, fmt.Errorf("a sentence of the features is wrong: %w", wrong.Err)
		}
		for _, st := range sc.Steps {
			for _, g := range st.Judgements {
				if !slices.Equal(g.Combinations, data.Declared) {
					continue
				}
				said := fmt.Sprintf("%s: %s %s %s: %s", sc.Name, g.Subject, g.Measure, g.Bound, g.Verdict)
				for _, more := range []string{g.Estimate(), g.Reason} {
					if more != "" {
						said += "; " + more
					}
				}
				out = append(out, held{fmt.Sprintf("%s:%d", sc.File, st.Line), said, g.Verdict})
			}
		}
	}
	return out, nil
}
