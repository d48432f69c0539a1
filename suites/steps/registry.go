package steps

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cucumber/godog"
)

// A Step is one sentence that scenarios can use.
type Step struct {
	// Form is the sentence as people write it, for the page of steps.
	Form string
	// Pattern is the sentence as a regular expression; its groups are the
	// arguments of Do.
	Pattern string
	// Group is the heading that the page of steps lists it under.
	Group string
	// Doc says what the sentence means, in one paragraph.
	Doc string
	// Example is a sentence that Pattern matches, with a table where it
	// takes one.
	Example string
	// Table says that the sentence is followed by a table.
	Table bool
	// Do applies the sentence to the scenario.
	Do func(s *scenario, args []string, table *godog.Table) error
}

// The groups of steps.
const (
	choose    = "Choosing what is judged"
	limit     = "Limits"
	relative  = "Limits relative to the run itself"
	compare   = "Comparisons"
	across    = "Across variants"
	condition = "Conditions"
)

// Building blocks of the patterns.
const (
	name      = `"([^"]+)"`
	statistic = `(?:(mean|median|p\d+(?:\.\d+)?) )?`
	direction = `(at most|at least|below|above)`
	bound     = `(\S+(?: \S+)?)`
	percent   = `(\S+ ?%)`
	quantity  = `(latency|execution time|network time|queueing time|opening time|first inference)`
	spot      = `(?:offloading to "([^"]+)" over "([^"]+)"|"([^"]+)")`
)

// Registry lists every sentence. It reads from what is chosen to what is
// claimed, and features/STEPS.md is generated from it.
var Registry = []Step{
	{
		Form:    `the variant "NAME"`,
		Pattern: `^the variant ` + name + `$`, Group: choose,
		Doc:     "Judges this variant, by its name for people or its name in benchmarks.",
		Example: `Given the variant "Mobilenet PQ 32"`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.chooseVariants(a[0]) },
	},
	{
		Form:    `the variants:`,
		Pattern: `^the variants:$`, Group: choose, Table: true,
		Doc:     "Judges each variant of the table, one a row.",
		Example: "Given the variants:\n  | Mobilenet PQ 32 |\n  | ResNet50 PQ 32  |",
		Do: func(s *scenario, _ []string, t *godog.Table) error {
			names, err := column(t)
			if err != nil {
				return err
			}
			return s.chooseVariants(names...)
		},
	},
	{
		Form:    `every [compressed|uncompressed] variant [of "MODEL"] [with compression "LETTERS"] [with input N]`,
		Pattern: `^every (compressed |uncompressed )?variant(?: of ` + name + `)?(?: with compression ` + name + `)?(?: with input (\d+))?$`, Group: choose,
		Doc:     "Judges every variant of the catalog (and of --models) that fits: compressed or not, of a model, with a compression, with an input size in pixels.",
		Example: `Given every compressed variant of "mobilenet"`,
		Do: func(s *scenario, a []string, _ *godog.Table) error {
			return s.everyVariant(strings.TrimSpace(a[0]), a[1], a[2], a[3])
		},
	},
	{
		Form:    `every variant matching "PATTERN"`,
		Pattern: `^every variant matching ` + name + `$`, Group: choose,
		Doc:     "Judges every variant whose name in benchmarks fits the pattern: * stands for any characters within a part, ** across parts.",
		Example: `Given every variant matching "model=mobilenet/input=*/compression=pq"`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.matchingVariants(a[0]) },
	},
	{
		Form:    `the backend "NAME"`,
		Pattern: `^the backend ` + name + `$`, Group: choose,
		Doc:     `Runs them locally: "cpu1" (one thread), "cpu4", "cpu-all" (a thread for each core), "npu", "gpu".`,
		Example: `Given the backend "cpu1"`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.chooseBackends(a[0]) },
	},
	{
		Form:    `the backends:`,
		Pattern: `^the backends:$`, Group: choose, Table: true,
		Doc:     "Runs them on each local backend of the table, one a row.",
		Example: "Given the backends:\n  | cpu1 |\n  | npu  |",
		Do: func(s *scenario, _ []string, t *godog.Table) error {
			names, err := column(t)
			if err != nil {
				return err
			}
			return s.chooseBackends(names...)
		},
	},
	{
		Form:    `the host "NAME" over the link "LINK"`,
		Pattern: `^the host ` + name + ` over the link ` + name + `$`, Group: choose,
		Doc:     `Offloads them to a declared host over a link's profile, or "direct" for the link as it is. The host "self" is the embedded one on this machine: good for the path and its software, never for a comparison.`,
		Example: `Given the host "workstation" over the link "ethernet"`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.chooseHost(a[0], a[1]) },
	},
	{
		Form:    `the host "NAME" over the links:`,
		Pattern: `^the host ` + name + ` over the links:$`, Group: choose, Table: true,
		Doc:     "Offloads them to a host over each link of the table, one a row.",
		Example: "Given the host \"self\" over the links:\n  | ethernet |\n  | 5g       |",
		Do: func(s *scenario, a []string, t *godog.Table) error {
			links, err := column(t)
			if err != nil {
				return err
			}
			return s.chooseHost(a[0], links...)
		},
	},
	{
		Form:    `the device "NAME" [at "MODE" idle power]`,
		Pattern: `^the device ` + name + `(?: at ` + name + ` idle power)?$`, Group: choose,
		Doc:     "Says from which device profile modelled energy comes, and in which of its idle modes it waits for a host. Without this sentence it is the generic one.",
		Example: `Given the device "imx8mp" at "low" idle power`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.chooseDevice(a[0], a[1]) },
	},
	{
		Form:    `an idle power of POWER`,
		Pattern: `^an idle power of ` + bound + `$`, Group: choose,
		Doc:     "Says what the device draws while it waits for a host.",
		Example: `Given an idle power of 0.91W`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.chooseIdlePower(a[0]) },
	},
	{
		Form:    `the local [STATISTIC] latency on "BACKEND" is BOUND TIME`,
		Pattern: `^the local ` + statistic + `latency on ` + name + ` is ` + direction + ` ` + bound + `$`, Group: condition,
		Doc:     "Judges only the variants for which this holds. A variant that the data cannot place on one side can pass but not fail: it ends inconclusive instead. When it holds for none, the scenario judged nothing.",
		Example: `When the local latency on "cpu1" is above 31 ms`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.when(a[0], a[1], a[2], a[3]) },
	},
	{
		Form:    `its [STATISTIC] QUANTITY is BOUND TIME`,
		Pattern: `^its ` + statistic + quantity + ` is ` + direction + ` ` + bound + `$`, Group: limit,
		Doc:     "Limits a time, for each variant in each place chosen. Without a statistic it is the median. Percentiles are judged by LoadGen's early stopping rule, means by their confidence interval. Opening and first inference happen once a block, the rest is steady state.",
		Example: `Then its p90 latency is at most 31 ms`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.limitTime(a[0], a[1], a[2], a[3]) },
	},
	{
		Form:    `its [modelled] energy per inference|EDP is BOUND ENERGY`,
		Pattern: `^its (modelled )?(energy per inference|EDP) is ` + direction + ` ` + bound + `$`, Group: limit,
		Doc:     "Limits the device's mean energy or energy-delay product. Without \"modelled\" it needs a meter: modelled energy is power times latency and supports no claim on energy.",
		Example: `Then its modelled energy per inference is at most 75 mJ`,
		Do: func(s *scenario, a []string, _ *godog.Table) error {
			return s.limitEnergy(a[0] != "", a[1] == "EDP", a[2], a[3])
		},
	},
	{
		Form:    `its payload is BOUND SIZE`,
		Pattern: `^its payload is ` + direction + ` ` + bound + `$`, Group: limit,
		Doc:     "Limits the bytes that an offloaded inference sends and receives.",
		Example: `Then its payload is at most 4 kB`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.limitPayload(a[0], a[1]) },
	},
	{
		Form:    `its memory is BOUND SIZE`,
		Pattern: `^its memory is ` + direction + ` ` + bound + `$`, Group: limit,
		Doc:     "Limits by how much the process's memory grew while it was opened and ran, once a block. Of an offloaded inference it is the device's part alone.",
		Example: `Then its memory is at most 64 MiB`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.limitMemory(a[0], a[1]) },
	},
	{
		Form:    `its agreement with the uncompressed model is BOUND N %`,
		Pattern: `^its agreement with the uncompressed model is ` + direction + ` ` + percent + `$`, Group: limit,
		Doc:     "Limits the share of images to which a compressed variant gives the answer of the uncompressed one, by the exact interval of that share.",
		Example: `Then its agreement with the uncompressed model is at least 90 %`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.limitAgreement(a[0], a[1]) },
	},
	{
		Form:    `its network time is BOUND N % of its latency`,
		Pattern: `^its network time is ` + direction + ` ` + percent + ` of its latency$`, Group: limit,
		Doc:     "Limits the share of an offloaded inference that is spent on the way: the median over inferences.",
		Example: `Then its network time is at least 50 % of its latency`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.limitNetworkShare(a[0], a[1]) },
	},
	{
		Form:    `the crossing point between "BACKEND" and "HOST" over "LINK" is BOUND TIME`,
		Pattern: `^the crossing point between ` + name + ` and ` + name + ` over ` + name + ` is ` + direction + ` ` + bound + `$`, Group: limit,
		Doc:     "Limits the local latency above which offloading wins: the median latency of the offloaded inference itself. Both places are measured, so that the report shows on which side the local one lies.",
		Example: `Then the crossing point between "cpu1" and "workstation" over "5g" is below 5 ms`,
		Do: func(s *scenario, a []string, _ *godog.Table) error {
			return s.limitCrossing(a[0], a[1], a[2], a[3], a[4])
		},
	},
	{
		Form:    `its [STATISTIC] latency is within N % of the model`,
		Pattern: `^its ` + statistic + `latency is within ` + percent + ` of the model$`, Group: relative,
		Doc:     "Holds the measured latency against the cost model: the execution time of the same round plus the network time of the link's profile.",
		Example: `Then its latency is within 5 % of the model`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.withinModel(a[0], a[1]) },
	},
	{
		Form:    `its [STATISTIC] latency is at most N % above the model`,
		Pattern: `^its ` + statistic + `latency is at most ` + percent + ` above the model$`, Group: relative,
		Doc:     "Limits by how much the measured latency exceeds the cost model.",
		Example: `Then its median latency is at most 20 % above the model`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.aboveModel(a[0], a[1]) },
	},
	{
		Form:    `its [STATISTIC] latency is at most N times the calibration time`,
		Pattern: `^its ` + statistic + `latency is at most (\S+) times the calibration time$`, Group: relative,
		Doc:     "Limits the latency in units of a calibration run, taken in the same minute before each block: the invocation alone, of the same file on the same threads. Such a limit holds on a slow machine and on a fast one, and breaks when what is measured takes longer than the bare runtime does.",
		Example: `Then its median latency is at most 2.5 times the calibration time`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.calibrated(a[0], a[1]) },
	},
	{
		Form:    `PLACE beats|does not beat PLACE in [STATISTIC] latency|energy|EDP [by at least N %]`,
		Pattern: `^` + spot + ` (beats|does not beat) ` + spot + ` in ` + statistic + `(latency|energy|EDP)(?: by at least ` + percent + `)?$`, Group: compare,
		Doc:     "Compares two places, variant by variant, by the signed-rank test on the rounds that both were measured in. \"By at least 10 %\" means that the first takes at most 90 % of the second. The embedded host and modelled energy support no comparison.",
		Example: `Then offloading to "workstation" over "ethernet" beats "npu" in latency by at least 10 %`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.comparePlaces(a) },
	},
	{
		Form:    `the variant "NAME" beats|does not beat "NAME" in [STATISTIC] latency|energy|EDP [by at least N %]`,
		Pattern: `^the variant ` + name + ` (beats|does not beat) ` + name + ` in ` + statistic + `(latency|energy|EDP)(?: by at least ` + percent + `)?$`, Group: compare,
		Doc:     "Compares two variants in each place chosen.",
		Example: `Then the variant "Mobilenet PQ 32" beats "Mobilenet 32" in latency by at least 6 %`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.compareVariants(a) },
	},
	{
		Form:    `compression "LETTERS" beats|does not beat "LETTERS" in [STATISTIC] latency|energy|EDP [by at least N %]`,
		Pattern: `^compression ` + name + ` (beats|does not beat) ` + name + ` in ` + statistic + `(latency|energy|EDP)(?: by at least ` + percent + `)?$`, Group: compare,
		Doc:     "Compares two compressions of every model and input size among the variants chosen, in each place chosen. The uncompressed one is \"none\".",
		Example: `Then compression "pq" beats "none" in latency by at least 6 %`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.compareCompressions(a) },
	},
	{
		Form:    `compression "LETTERS" is within N % of "LETTERS" in [STATISTIC] latency`,
		Pattern: `^compression ` + name + ` is within ` + percent + ` of ` + name + ` in ` + statistic + `latency$`, Group: compare,
		Doc:     "Claims that two compressions take the same time to within a share, by two one-sided tests.",
		Example: `Then compression "pwq" is within 5 % of "pq" in latency`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.likeCompressions(a) },
	},
	{
		Form:    `its QUANTITY varies by BOUND N % over the variants`,
		Pattern: `^its ` + statistic + quantity + ` varies by ` + direction + ` ` + percent + ` over the variants$`, Group: across,
		Doc:     "Limits the standard deviation over the variants, as a share of their mean. The value of each variant is its median.",
		Example: `Then its latency varies by at most 15 % over the variants`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.spread(a[0], a[1], a[2], a[3]) },
	},
	{
		Form:    `its latency|execution time|energy|EDP correlates [by rank] with its|the AXIS by BOUND N %`,
		Pattern: `^its (latency|execution time|energy|EDP) (correlates|correlates by rank) with (?:its |the )?(latency|energy|EDP|input size|parameters|layer fit|instructions|L1d loads) by ` + direction + ` ` + percent + `$`, Group: across,
		Doc:     "Limits the correlation over the variants, Pearson's or by rank Spearman's, of medians. Energy must be measured.",
		Example: `Then its latency correlates with its energy by at least 98 %`,
		Do:      func(s *scenario, a []string, _ *godog.Table) error { return s.correlate(a) },
	},
	{
		Form:    `its latency grows with the input size`,
		Pattern: `^its latency grows with the input size$`, Group: across,
		Doc:     "Claims that of two variants that differ in their input size, the smaller one is faster, for every pair of neighbouring sizes.",
		Example: `Then its latency grows with the input size`,
		Do:      func(s *scenario, _ []string, _ *godog.Table) error { return s.growsWithInput() },
	},
}

// compiled holds the patterns of Registry.
var compiled = func() []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(Registry))
	for i, st := range Registry {
		out[i] = regexp.MustCompile(st.Pattern)
	}
	return out
}()

// column returns the single column of a table.
func column(t *godog.Table) ([]string, error) {
	if t == nil || len(t.Rows) == 0 {
		return nil, fmt.Errorf("the sentence needs a table below it, one name a row")
	}
	var out []string
	for _, r := range t.Rows {
		if len(r.Cells) != 1 {
			return nil, fmt.Errorf("the table has %d columns; want one name a row", len(r.Cells))
		}
		out = append(out, r.Cells[0].Value)
	}
	return out, nil
}
