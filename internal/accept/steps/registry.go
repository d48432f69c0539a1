package steps

import (
	"regexp"
	"strings"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/model"
)

// A Sentence is one that scenarios can use.
type Sentence struct {
	Form    string // as people write it, and as words turns it into a regular expression
	Group   string // the heading that the page lists it under
	Doc     string // what it means, in one paragraph
	Example string // a sentence that Form matches, with a table if it takes one
	// Read reads the sentence into the scenario. It is a function of a context.Context, a string
	// for each choice and value of Form (empty if it is optional and left out) and, if the sentence
	// ends in a colon, the *godog.Table below it. It returns an error.
	Read any
}

// The groups of sentences.
const (
	choose     = "Choosing what is judged"
	conditions = "Conditions"
	limit      = "Limits"
	relative   = "Limits relative to the run itself"
	compare    = "Comparisons"
	across     = "Across variants"
)

// words are the regular expressions of a form's parts; of those that begin alike, the first fits.
var words = strings.NewReplacer(
	" [", "(?: ", "]", ")?", // what may be left out
	"STATISTIC", statistic,
	"median", statistic, // others are refused with a reason
	"QUANTITY", `(latency|execution time|network time|queueing time|opening time|first inference)`,
	"BOUND", `(at most|at least|below|above)`,
	"TIME", amount, "ENERGY", amount, "SIZE", amount, "POWER", amount,
	"on average over", "on average over", "on average", "(on average)", "SENTENCE", `(.+)`,
	"N %", `(\S+ ?%)`, "N times", `(\S+) times`, "input N", `input (\d+)`,
	"PLACE", `(?:offloading to "([^"]+)" over "([^"]+)"|"([^"]+)")`,
	"its|the AXIS", `(?:its |the )?(latency|energy|EDP|input size|parameters|depth|layer fit|instructions|L1d loads|`+
		`L1d misses|page faults)`,
	"COUNTER", "(instructions|L1d loads|L1d misses|page faults)",
	"beats|does not beat", "(beats|does not beat)",
	"latency|execution time|energy|EDP", "(latency|execution time|energy|EDP)",
	"latency|energy|EDP", "(latency|energy|EDP)",
	"energy per inference|EDP", "(energy per inference|EDP)",
	"measured", "(measured)", "compressed|uncompressed", "(compressed|uncompressed)", "modelled", "(modelled)",
	"by rank", "(by rank)",
)

const (
	statistic = `(mean|median|p\d+(?:\.\d+)?)`
	amount    = `(\S+(?: \S+)?)`
)

var quotedWord = regexp.MustCompile(`"[A-Z]+"`)

// compiled holds the patterns of Registry's forms.
var compiled = func() []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(Registry))
	for i, s := range Registry {
		out[i] = pattern(s)
	}
	return out
}()

// pattern returns what a sentence's form matches.
func pattern(s Sentence) *regexp.Regexp {
	return regexp.MustCompile("^" + quotedWord.ReplaceAllString(words.Replace(s.Form), `"([^"]+)"`) + "$")
}

// Registry lists every sentence. It reads from what is chosen to what is claimed, and
// features/STEPS.md is generated from it.
var Registry = []Sentence{{
	Form:    `the variant "NAME"`,
	Doc:     "Judges this variant, by its name for people or its name in benchmarks.",
	Example: `Given the variant "Mobilenet PQ 32"`,
	Group:   choose, Read: chooseVariant,
}, {
	Form:    `the variants:`,
	Doc:     "Judges each variant of the table, one per row.",
	Example: "Given the variants:\n  | Mobilenet PQ 32 |\n  | ResNet50 PQ 32  |",
	Group:   choose, Read: eachRow(chooseVariant),
}, {
	Form: `every [measured] [compressed|uncompressed] variant [of "MODEL"] [with compression "LETTERS"] [with input N]`,
	Doc: "Judges every variant of the catalog (and of --models) that fits: compressed or not, of a model, with a " +
		"compression, with an input size in pixels. A variant that the run lacks is without data, and nothing " +
		`passes; "every measured variant" judges those that the run holds, and says how many of how many.`,
	Example: `Given every compressed variant of "mobilenet"`,
	Group:   choose, Read: chooseEveryVariant,
}, {
	Form: `every variant matching "PATTERN"`,
	Doc: "Judges every variant whose name in benchmarks fits the pattern: * stands for any characters within a part, " +
		"** across parts.",
	Example: `Given every variant matching "model=mobilenet/input=*/compression=pq"`,
	Group:   choose, Read: chooseMatchingVariants,
}, {
	Form: `the backend "NAME"`,
	Doc: `Runs them locally: "cpu1" (one thread), "cpu4", "cpu-all" (a thread for each core), "npu", "gpu". They may ` +
		`have names, such as "npu-vx".`,
	Example: `Given the backend "cpu1"`,
	Group:   choose, Read: chooseBackend,
}, {
	Form:    `the backends:`,
	Doc:     "Runs them on each local backend of the table, one per row.",
	Example: "Given the backends:\n  | cpu1 |\n  | npu  |",
	Group:   choose, Read: eachRow(chooseBackend),
}, {
	Form: `the host "NAME" over the link "LINK"`,
	Doc: `Offloads them to a declared host over a link's profile, or "direct" for the link as it is. The host "self" ` +
		`is the embedded one on this machine: good for the path and its software, never for a comparison.`,
	Example: `Given the host "workstation" over the link "ethernet"`,
	Group:   choose, Read: chooseHost,
}, {
	Form:    `the host "NAME" over the links:`,
	Doc:     "Offloads them to a host over each link of the table, one per row.",
	Example: "Given the host \"self\" over the links:\n  | ethernet |\n  | 5g       |",
	Group:   choose, Read: chooseHostOverLinks,
}, {
	Form: `the load "LOAD"`,
	Doc: `Asks the hosts chosen before at a rate ("50/s") or by clients ("4 clients"), of several tenants as ` +
		`"50/s for tenant a". It judges a run of crossover load, and is not measured here.`,
	Example: `And the load "50/s"`,
	Group:   choose, Read: chooseLoad,
}, {
	Form: `the device "NAME" [at "MODE" idle power]`,
	Doc: "Says from which device profile modelled energy comes, and in which of its idle modes it waits for a host. " +
		"Without this sentence it is the generic one.",
	Example: `Given the device "imx8mp" at "low" idle power`,
	Group:   choose, Read: chooseDevice,
}, {
	Form:    `an idle power of POWER`,
	Doc:     "Says what the device draws while it waits for a host.",
	Example: `Given an idle power of 0.91W`,
	Group:   choose, Read: chooseIdlePower,
}, {
	Form:    `an active power of POWER`,
	Doc:     "Says what the device draws while it runs an inference itself, for modelled energy.",
	Example: `Given an active power of 4.1W`,
	Group:   choose, Read: chooseActivePower,
}, {
	Form: `the local [STATISTIC] latency on "BACKEND" is BOUND TIME`,
	Doc: "Judges only the variants for which this holds. A variant that the data cannot place on one side can pass " +
		"but not fail: it ends inconclusive instead. When it holds for none, the scenario judged nothing.",
	Example: `When the local latency on "cpu1" is above 31 ms`,
	Group:   conditions, Read: onlyWhenLocal,
}, {
	Form: `a meter`,
	Doc: "Judges the scenario only if the run was measured with a meter, and skips it otherwise. Without this " +
		"sentence, a claim on energy that is not called modelled cannot be judged on a run without a meter, which " +
		"does not pass.",
	Example: `Given a meter`,
	Group:   conditions, Read: needMeter,
}, {
	Form: `its [STATISTIC] QUANTITY is BOUND TIME`,
	Doc: "Limits a time, for each variant in each place chosen: in a typical round its median (or mean, or p90) " +
		"keeps the limit. The sign test over rounds decides; seven rounds within the limit pass at a single look, " +
		"about ten if --budget allows more. A round must hold 30 inferences for a p90 and 300 for a p99; blocks are " +
		"made as long as that. A mean does not cover stalls too rare to show in it; the verdict says how rare. " +
		"Opening and first inference happen once a block, the rest is steady state.",
	Example: `Then its p90 latency is at most 31 ms`,
	Group:   limit, Read: limitTime,
}, {
	Form: `in at least N % of rounds its [STATISTIC] QUANTITY is BOUND TIME`,
	Doc: "The same for those who fear a process that is slow throughout: a share of rounds, by its exact interval. " +
		"For 90 % it takes 44 rounds without a miss, and 64 if --budget allows several looks; start with --rounds.",
	Example: `Then in at least 90 % of rounds its p90 latency is at most 31 ms`,
	Group:   limit, Read: limitRounds,
}, {
	Form: `no more than N % of its inferences take longer than TIME`,
	Doc: "Limits the share of slow inferences in a typical round, and shows how many there were. It needs as many " +
		"inferences a round as the percentile: 300 for 1 %.",
	Example: `Then no more than 1 % of its inferences take longer than 31 ms`,
	Group:   limit, Read: limitExceeding,
}, {
	Form: `it loses at most N % of its requests`,
	Doc: "Limits the share of requests to a host that failed and were retried, over all rounds, by its exact " +
		"interval; requests are taken as lost independently of each other unless rounds differ.",
	Example: `Then it loses at most 0.1 % of its requests`,
	Group:   limit, Read: limitLosses,
}, {
	Form: `its [modelled] energy per inference|EDP is BOUND ENERGY`,
	Doc: `Limits the device's mean energy or energy-delay product. Without "modelled" it needs a meter: modelled ` +
		`energy is power times latency and supports no claim on energy.`,
	Example: `Then its modelled energy per inference is at most 75 mJ`,
	Group:   limit, Read: limitEnergy,
}, {
	Form:    `its payload is BOUND SIZE`,
	Doc:     "Limits the bytes that an offloaded inference sends and receives.",
	Example: `Then its payload is at most 4 kB`,
	Group:   limit, Read: limitOn(accept.Payload, results.Mean, boundOf[model.Bytes]),
}, {
	Form: `its memory is BOUND SIZE`,
	Doc: "Limits by how much the process's memory grew while it was opened and ran, once a block. Of an offloaded " +
		"inference it is the device's part alone.",
	Example: `Then its memory is at most 64 MiB`,
	Group:   limit, Read: limitOn(accept.Memory, results.Median, boundOf[model.Bytes]),
}, {
	Form: `its agreement with the uncompressed model is BOUND N %`,
	Doc: "Limits the share of images to which a compressed variant gives the answer of the uncompressed one, by the " +
		"exact interval of that share.",
	Example: `Then its agreement with the uncompressed model is at least 90 %`,
	Group:   limit, Read: limitAgreement,
}, {
	Form:    `its network time is BOUND N % of its latency`,
	Doc:     "Limits the network time as a share of an offloaded inference's latency: the median of a typical round.",
	Example: `Then its network time is at least 50 % of its latency`,
	Group:   limit, Read: limitOn(accept.NetworkShare, results.Median, shareBound),
}, {
	Form: `the crossing point between "BACKEND" and "HOST" over "LINK" is BOUND TIME`,
	Doc: "Limits the local latency above which offloading wins: the median latency of the offloaded inference " +
		"itself. Both places are measured, so that the report shows on which side the local one lies.",
	Example: `Then the crossing point between "cpu1" and "workstation" over "5g" is below 5 ms`,
	Group:   limit, Read: limitCrossing,
}, {
	Form: `its [STATISTIC] latency is within N % of the model`,
	Doc: "Checks the measured latency against the cost model: the execution time of the same round plus the network " +
		"time of the link's profile.",
	Example: `Then its latency is within 5 % of the model`,
	Group:   relative, Read: limitToModel,
}, {
	Form:    `its [STATISTIC] latency is at most N % above the model`,
	Doc:     "Limits by how much the measured latency exceeds the cost model.",
	Example: `Then its median latency is at most 20 % above the model`,
	Group:   relative, Read: limitAboveModel,
}, {
	Form: `its [STATISTIC] latency is at most N times that of the reference network`,
	Doc: "Limits the latency in units of the reference network's: a small file that never changes, run on one thread " +
		"of this machine right before each block, quantized for quantized variants. Such a limit holds on a slow " +
		"machine and on a fast one of the same kind.",
	Example: `Then its median latency is at most 30 times that of the reference network`,
	Group:   relative, Read: limitToReference,
}, {
	Form: `its modelled energy per inference|EDP is at most N times that of the reference network`,
	Doc: "The same for the energy and the EDP that the device profile gives: power times latency, so it says nothing " +
		"that the latency does not. The EDP is a product with the latency: twice as slow is four times the EDP.",
	Example: `Then its modelled EDP is at most 900 times that of the reference network`,
	Group:   relative, Read: limitEnergyToReference,
}, {
	Form: `PLACE beats|does not beat PLACE in [STATISTIC] [modelled] latency|energy|EDP [by at least N %]`,
	Doc: `Compares two places, variant by variant: the median, over the rounds that both were measured in, of the ` +
		`ratio of their figures, by the sign test. A place that is slow in 30 % of its rounds moves that ratio; the ` +
		`verdict says when rounds fall into groups. "By at least 10 %" means that the first takes at most 90 % of ` +
		`the second. A difference below what the run's own rounds resolve is inconclusive. Energy is measured ` +
		`unless the sentence says "modelled"; the powers that it rests on stand beside the verdict. The embedded ` +
		`host may be said not to beat a place, and never to beat one.`,
	Example: `Then offloading to "workstation" over "ethernet" beats "npu" in latency by at least 10 %`,
	Group:   compare, Read: comparePlaces,
}, {
	Form: `PLACE is [on average] BOUND N times as fast as PLACE`,
	Doc: "Limits the ratio of the median latencies of two places, for each variant, or on average over the " +
		"variants chosen: the mean of their ratios in a typical round. As with every comparison, what the run " +
		"cannot resolve is inconclusive.",
	Example: `Then offloading to "workstation" over "5g" is on average at least 5 times as fast as "cpu1"`,
	Group:   compare, Read: speedupOfPlaces,
}, {
	Form: `the variant "NAME" beats|does not beat "NAME" in [STATISTIC] [modelled] latency|energy|EDP ` +
		`[by at least N %]`,
	Doc:     "Compares two variants in each place chosen.",
	Example: `Then the variant "Mobilenet PQ 32" beats "Mobilenet 32" in latency by at least 6 %`,
	Group:   compare, Read: compareVariants,
}, {
	Form: `compression "LETTERS" beats|does not beat "LETTERS" in [STATISTIC] [modelled] latency|energy|EDP ` +
		`[by at least N %]`,
	Doc: `Compares two compressions of every model and input size among the variants chosen, in each place chosen. ` +
		`The uncompressed one is "none".`,
	Example: `Then compression "pq" beats "none" in latency by at least 6 %`,
	Group:   compare, Read: compareCompressions,
}, {
	Form:    `compression "LETTERS" is within N % of "LETTERS" in [STATISTIC] latency`,
	Doc:     "Claims that two compressions take the same time to within a share, by two one-sided tests.",
	Example: `Then compression "pwq" is within 5 % of "pq" in latency`,
	Group:   compare, Read: likenCompressions,
}, {
	Form: `compression "LETTERS" is [on average] BOUND N times as fast as "LETTERS"`,
	Doc: "Limits the ratio of the median latencies of two compressions, for each model and input size, or on " +
		"average over them, in each place chosen.",
	Example: `Then compression "pq" is on average at least 1.05 times as fast as "none"`,
	Group:   compare, Read: speedupOfCompressions,
}, {
	Form: `on average over the variants SENTENCE`,
	Doc: "Takes a limit on a time, an energy, an EDP or the network's share for the mean over the variants: in " +
		"each round that holds them all, the mean of their figures.",
	Example: `Then on average over the variants its latency is at most 25 ms`,
	Group:   across, Read: onAverage,
}, {
	Form: `for at least N % of the variants SENTENCE`,
	Doc: "Takes any limit or comparison of one variant for a share of the variants chosen, in each place chosen. A " +
		"variant that cannot be judged is never passed over.",
	Example: `Then for at least 80 % of the variants "npu" beats "cpu1" in latency`,
	Group:   across, Read: forMost,
}, {
	Form: `its [median] QUANTITY varies by BOUND N % over the variants`,
	Doc: "Limits the standard deviation over the variants, as a share of their mean. The value of each variant is " +
		"its median.",
	Example: `Then its latency varies by at most 15 % over the variants`,
	Group:   across, Read: limitSpread,
}, {
	Form: `its latency|execution time|energy|EDP correlates [by rank] with its|the AXIS by BOUND N %`,
	Doc: "Limits the correlation over the variants, Pearson's or by rank Spearman's, of medians. Energy must be " +
		"measured.",
	Example: `Then its latency correlates with its energy by at least 98 %`,
	Group:   across, Read: limitCorrelation,
}, {
	Form: `its COUNTER correlate [by rank] with the parameters by BOUND N %`,
	Doc: "Limits the correlation of a hardware counter with the number of parameters, over the variants. It needs a " +
		"run that holds counters.",
	Example: `Then its instructions correlate with the parameters by at most 80 %`,
	Group:   across, Read: limitCounterCorrelation,
}, {
	Form: `its latency grows with the input size`,
	Doc: "Claims that of two variants that differ in their input size, the smaller one is faster, for every pair of " +
		"neighbouring sizes.",
	Example: `Then its latency grows with the input size`,
	Group:   across, Read: growsWithInput,
}}
