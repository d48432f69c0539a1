package steps

import (
	"strings"
	"testing"

	"github.com/crossover-bench/crossover/internal/accept"
	"github.com/crossover-bench/crossover/internal/exit"
	"github.com/crossover-bench/crossover/internal/names"
)

const (
	desk = "Given the variant \"Mobilenet PQ 32\"\nAnd the host \"desk\" over the link \"ethernet\"\n"
	all  = "Given every variant with input 32\nAnd the backend \"cpu1\"\n"
)

// sentences are judged on a run of the world, whose latency on cpu1 is 10 ms.
var sentences = []struct {
	sentences string
	want      accept.Verdict
	code      exit.Code
}{
	{onCPU + `Then its p90 latency is at most 12 ms`, accept.Pass, exit.OK},
	{onCPU + `Then its p90 latency is at most 9 ms`, accept.Fail, exit.Threshold},
	{onCPU + `Then its p99.9 latency is at most 12 ms`, accept.Inconclusive, exit.Inconclusive},
	{onCPU + `Then its mean latency is below 11ms`, accept.Pass, exit.OK},
	{onCPU + `Then its mean latency is above 11ms`, accept.Fail, exit.Threshold},
	{onCPU + `Then its latency is at least 9 ms`, accept.Pass, exit.OK},
	{onCPU + `Then its opening time is at most 31 ms`, accept.Pass, exit.OK},
	{onCPU + `Then its memory is at most 6 MB`, accept.Pass, exit.OK},
	{onCPU + `Then its agreement with the uncompressed model is at least 95 %`, accept.Pass, exit.OK},
	{onCPU + `Then its median latency is at most 2.2 times that of the reference network`, accept.Pass, exit.OK},
	{onCPU + `Then its median latency is at most 1.5 times that of the reference network`, accept.Fail, exit.Threshold},
	{onCPU + `Then its modelled energy per inference is at most 55 mJ`, accept.Pass, exit.OK},
	{onCPU + `Then its modelled energy per inference is at most 45 mJ`, accept.Fail, exit.Threshold},
	{onCPU + `Then its modelled EDP is at most 0.6 mJs`, accept.Pass, exit.OK},
	{onCPU + `Then its energy per inference is at most 75 mJ`, accept.Invalid, exit.NoData},
	{onCPU + `Then its EDP is at most 1 mJs`, accept.Invalid, exit.NoData},
	{desk + "And the load \"40/s\"\n" + `Then its p99 latency is at most 50 ms`, accept.Missing, exit.NoData},
	{desk + `Then its payload is at most 4 kB`, accept.Pass, exit.OK},
	{desk + `Then its network time is at least 50 % of its latency`, accept.Pass, exit.OK},
	{desk + `Then its latency is within 10 % of the model`, accept.Pass, exit.OK},
	{desk + `Then its latency is at most 20 % above the model`, accept.Pass, exit.OK},
	{
		desk + `And the device "imx8mp" at "high" idle power` + "\n" +
			`Then its modelled energy per inference is at most 80 mJ`,
		accept.Pass, exit.OK,
	},
	{
		desk + `And an idle power of 6 W` + "\n" +
			`Then its modelled energy per inference is at most 80 mJ`,
		accept.Fail, exit.Threshold,
	},
	{
		onCPU + `Then "cpu1" beats offloading to "desk" over "ethernet" in latency by at least 50 %`,
		accept.Pass, exit.OK,
	},
	{onCPU + `Then offloading to "desk" over "ethernet" beats "cpu1" in latency`, accept.Fail, exit.Threshold},
	{onCPU + `Then offloading to "desk" over "ethernet" does not beat "cpu1" in latency`, accept.Pass, exit.OK},
	{
		onCPU + `Then offloading to "desk" over "direct" beats "cpu1" in p90 latency by at least 70 %`,
		accept.Pass, exit.OK,
	},
	{onCPU + `Then offloading to "self" over "ethernet" beats "cpu1" in latency`, accept.Invalid, exit.NoData},
	{
		onCPU + `Then offloading to "self" over "ethernet" does not beat "cpu1" in latency`,
		accept.Pass, exit.OK,
	},
	{onCPU + `Then "cpu1" beats offloading to "desk" over "ethernet" in energy`, accept.Invalid, exit.NoData},
	{
		onCPU + `Then "cpu1" does not beat offloading to "desk" over "ethernet" in modelled energy`,
		accept.Pass, exit.OK,
	},
	{onCPU + `Then "cpu1" beats offloading to "desk" over "ethernet" in modelled EDP`, accept.Pass, exit.OK},
	{onCPU + `Then in at least 50 % of rounds its p90 latency is at most 12 ms`, accept.Pass, exit.OK},
	{
		onCPU + `Then in at least 90 % of rounds its p90 latency is at most 12 ms`,
		accept.Inconclusive, exit.Inconclusive,
	},
	{onCPU + `Then in at least 90 % of rounds its p90 latency is at most 9 ms`, accept.Fail, exit.Threshold},
	{onCPU + `Then no more than 10 % of its inferences take longer than 12 ms`, accept.Pass, exit.OK},
	{onCPU + `Then no more than 10 % of its inferences take longer than 10 ms`, accept.Fail, exit.Threshold},
	{onCPU + `Then no more than 1 % of its inferences take longer than 12 ms`, accept.Inconclusive, exit.Inconclusive},
	{desk + `Then it loses at most 5 % of its requests`, accept.Pass, exit.OK},
	{desk + `Then it loses at most 0.1 % of its requests`, accept.Inconclusive, exit.Inconclusive},
	{onCPU + `Then it loses at most 5 % of its requests`, accept.Invalid, exit.NoData},
	// One side of the embedded host's comparison only: that it does not beat.
	{onCPU + `Then "cpu1" does not beat offloading to "self" over "ethernet" in latency`, accept.Invalid, exit.NoData},
	// A sentence that judged nothing never passes with its scenario.
	{
		"Given every measured variant\nAnd the backend \"cpu1\"\nThen its median latency is at most 10 s\n" +
			`And "npu" beats "cpu1" in latency`,
		accept.Invalid, exit.NoData,
	},
	// A variant that was chosen by name must be held, whatever comes after it.
	{
		"Given the variant \"Mobilenet PQ 75\"\nAnd every measured variant\n" +
			"And the host \"desk\" over the link \"radio-tables\"\n" +
			"Then its latency is at most 70 ms",
		accept.Missing, exit.NoData,
	},
	{
		onCPU + `Then the crossing point between "cpu1" and "desk" over "ethernet" is below 25 ms`,
		accept.Pass, exit.OK,
	},
	{
		onCPU + `Then the crossing point between "cpu1" and "self" over "ethernet" is below 25 ms`,
		accept.Invalid, exit.NoData,
	},
	{
		onCPU + `Then the variant "mobilenet pq 32" beats "Mobilenet 32" in latency by at least 10 %`,
		accept.Pass, exit.OK,
	},
	{all + `Then compression "pq" beats "none" in latency by at least 10 %`, accept.Pass, exit.OK},
	{all + `Then compression "pwq" is within 5 % of "pq" in latency`, accept.Pass, exit.OK},
	{all + `Then compression "pq" is within 5 % of "none" in latency`, accept.Fail, exit.Threshold},
	{all + `Then its latency varies by at most 30 % over the variants`, accept.Pass, exit.OK},
	{all + `Then its latency varies by at most 2 % over the variants`, accept.Fail, exit.Threshold},
	{
		`Given every compressed variant of "mobilenet"` + "\n" +
			`And the backend "cpu1"` + "\n" +
			`Then its latency grows with the input size`,
		accept.Pass, exit.OK,
	},
	{
		`Given every variant matching "model=mobilenet/**"` + "\n" +
			`And the backend "cpu1"` + "\n" +
			`Then its latency correlates with the input size by at least 50 %`,
		accept.Pass, exit.OK,
	},
	{
		`Given every variant matching "model=*/input=*/compression=*"` + "\n" +
			`And the backend "cpu1"` + "\n" +
			`Then its latency correlates with its energy by at least 98 %`,
		accept.Invalid, exit.NoData,
	},
	{
		`Given every variant matching "**"` + "\n" +
			`And the backend "cpu1"` + "\n" +
			`Then its latency correlates with the parameters by at least 50 %`,
		accept.Missing, exit.NoData,
	},
	{
		`Given the variants:` + "\n" +
			`  | Mobilenet PQ 32 |` + "\n" +
			`  | Mobilenet PQ 75 |` + "\n" +
			`When the local latency on "cpu1" is above 31 ms` + "\n" +
			`Then offloading to "desk" over "ethernet" beats "cpu1" in latency`,
		accept.Pass, exit.OK,
	},
	{
		onCPU + `When the local latency on "cpu1" is above 31 ms` + "\n" +
			`Then its latency is at most 1 ms`,
		accept.Invalid, exit.NoData,
	},
	{
		onCPU + "Given a meter\nThen its energy per inference is at most 75 mJ",
		accept.Skipped, exit.NoData,
	},
	{all + `Then on average over the variants its latency is at most 11 ms`, accept.Pass, exit.OK},
	{all + `Then on average over the variants its latency is at most 10 ms`, accept.Fail, exit.Threshold},
	{
		all + `Then on average over the variants its modelled energy per inference is at most 55 mJ`,
		accept.Pass, exit.OK,
	},
	{
		all + `Then on average over the variants its energy per inference is at most 55 mJ`,
		accept.Invalid, exit.NoData,
	},
	{all + `Then for at least 60 % of the variants its latency is at most 11 ms`, accept.Pass, exit.OK},
	{all + `Then for at least 50 % of the variants its latency is at most 9 ms`, accept.Fail, exit.Threshold},
	{
		`Given every variant with input 32` + "\n" +
			`Then for at least 60 % of the variants "cpu1" beats offloading to "desk" over "ethernet" in latency`,
		accept.Pass, exit.OK,
	},
	{
		`Given every variant matching "**"` + "\n" +
			`Then for at least 10 % of the variants "cpu1" beats offloading to "desk" over "direct" in latency`,
		accept.Missing, exit.NoData,
	},
	{
		onCPU + `Then "cpu1" is at least 2.2 times as fast as offloading to "desk" over "ethernet"`,
		accept.Pass, exit.OK,
	},
	{
		onCPU + `Then "cpu1" is at most 2.2 times as fast as offloading to "desk" over "ethernet"`,
		accept.Fail, exit.Threshold,
	},
	{
		onCPU + `Then offloading to "self" over "ethernet" is at least 2 times as fast as "cpu1"`,
		accept.Invalid, exit.NoData,
	},
	{all + `Then compression "pq" is on average at least 1.15 times as fast as "none"`, accept.Pass, exit.OK},
	{all + `Then compression "pq" is at least 1.3 times as fast as "none"`, accept.Fail, exit.Threshold},
	{
		// 5 W for 10 ms against 2 W for 23 ms and 0.4 mJ for the bytes: a ratio of 0.93.
		onCPU + `Then offloading to "desk" over "ethernet" beats "cpu1" in modelled energy`,
		accept.Pass, exit.OK,
	},
	{
		onCPU + `And an active power of 4 W` + "\n" +
			`Then offloading to "desk" over "ethernet" does not beat "cpu1" in modelled energy`,
		accept.Pass, exit.OK,
	},
	{
		onCPU + `And the device "imx8mp"` + "\n" +
			`Then offloading to "desk" over "ethernet" beats "cpu1" in modelled energy`,
		accept.Invalid, exit.NoData,
	},
	{
		`Given every variant matching "**"` + "\n" + `And the backend "cpu1"` + "\n" +
			`Then its page faults correlate with the parameters by at most 80 %`,
		accept.Missing, exit.NoData,
	},
	{
		"Given every variant\nAnd the host \"desk\" over the link \"radio-tables\"\n" +
			"Then its latency is at most 70 ms",
		accept.Missing, exit.NoData,
	},
	{
		"Given every measured variant\nAnd the host \"desk\" over the link \"radio-tables\"\n" +
			"Then its latency is at most 70 ms",
		accept.Pass, exit.OK,
	},
	{
		"Given every measured variant\nAnd the host \"desk\" over the link \"5g\"\nThen its latency is at most 70 ms",
		accept.Invalid, exit.NoData,
	},
	{
		`Given the variant "Mobilenet PQ 32"` + "\n" +
			`And the backend "npu"` + "\n" +
			`Then its latency is at most 1 ms`,
		accept.Skipped, exit.NoData,
	},
	{
		`Given the variant "Mobilenet PQ 32"` + "\n" +
			`And the backend "cpu4"` + "\n" +
			`Then its latency is at most 1 ms`,
		accept.Missing, exit.NoData,
	},
}

func TestSentencesAreJudged(t *testing.T) {
	data := newWorld()
	data.reference = 0.005
	data.extras.Agreement = map[names.Variant]accept.Agreement{pq32: {Images: 1000, Agreed: 980}}
	run := data.recorded()

	for _, tc := range sentences {
		r := judge(t, tc.sentences, func(o *options) { o.data = run })
		if got := r.Scenarios[0].Verdict(); got != tc.want || r.Code() != tc.code {
			t.Errorf("%s\n  %v, exit code %d; want %v, %d\n%s",
				tc.sentences, got, r.Code(), tc.want, tc.code, pretty(t, r))
		}
	}
}

// A sentence that is wrong is found before anything is measured, with its place
// and a remedy, and never ends in exit code 0.
func TestSentencesThatAreWrongNameTheirPlaceAndRemedy(t *testing.T) {
	for _, tc := range []struct{ sentences, want string }{
		{onCPU + `Then its p90 latency is at most 31`, `some.feature:5: the limit "31"`},
		{onCPU + `Then its p90 latency is at most 31 mJ`, `some.feature:5: the limit "31 mJ"`},
		{onCPU + `Then its p100 latency is at most 31 ms`, `is not a statistic`},
		{onCPU + `Then its p90 opening time is at most 31 ms`, `it happens once a round`},
		{
			"Given every measured variant\nAnd the backend \"cpu1\"\nThen its latency varies by at most 15 % over the variants",
			`takes no "every measured variant"`,
		},
		{
			"Given every variant\nAnd the backend \"cpu1\"\n" +
				"Then on average over the variants in at least 90 % of rounds its p90 latency is at most 31 ms",
			`no average over the variants`,
		},
		{
			`Given the variant "Mobilnet PQ 32"`,
			`some.feature:3: unknown variant "Mobilnet PQ 32"; did you mean "Mobilenet PQ 32"?`,
		},
		{`Given the backend "cpux"`, `is not a local backend`},
		{`Given the backend "cpu1-foo"`, `"cpu1-foo" is not a local backend; want cpuN (N threads), cpuN-noxnnpack`},
		{`Given the backend "offload-self"`, `"the host ... over the link ..." to offload`},
		{`Given the host "desk" over the link "ethernt"`, `ethernet`},
		{`Given the host "Desk" over the link "ethernet"`, `lower-case`},
		{`Given the host "offload-desk" over the link "ethernet"`, `write the host's name alone, "desk"`},
		{
			onCPU + `Then its p90 latency feels fast`,
			`some.feature:5: no sentence reads "its p90 latency feels fast";` +
				` did you mean something like "Then its p90 latency is at most 31 ms"?`,
		},
		{`Given the backend "cpu1"` + "\n" + `Then its latency is at most 1 ms`, `no variant is chosen`},
		{`Given the variant "Mobilenet PQ 32"` + "\n" + `Then its latency is at most 1 ms`, `no place is chosen`},
		{onCPU + `Then its agreement with the uncompressed model is at least 90`, `no sentence reads`},
		{`Given the device "imx9"`, `imx8mp`},
		{`Given every variant of "alexnet"`, `no variant fits`},
		{onCPU + `Then compression "pq" beats "none" in latency`, `no model has both`},
		{onCPU + `Then on average over the variants its payload fits`, `no sentence reads "its payload fits"`},
		{onCPU + `Then on average over the variants the backend "cpu1"`, `is not a limit or a comparison`},
		{onCPU + `Then on average over the variants "cpu1" beats "cpu4" in latency`, `limits no time`},
		{onCPU + `Then for at least 0 % of the variants its latency is at most 1 ms`, `more than 0 %`},
		{
			"Given every measured variant\nAnd the backend \"cpu1\"\n" +
				`Then on average over the variants its latency is at most 1 ms`, `takes no "every measured variant"`,
		},
		{
			onCPU + `When the local latency on "cpu1" is above 1 ms` + "\n" +
				`Then for at least 10 % of the variants its latency is at most 1 ms`, `takes no "When"`,
		},
	} {
		for _, tag := range []string{"", "  @study\n"} {
			r, err := tryJudge(t, feature(tag, tc.sentences))
			if err != nil {
				t.Fatal(err)
			}
			if r.Code() != exit.Usage {
				t.Errorf("%s: exit code %d, want usage", tc.sentences, r.Code())
			}
			if out := pretty(t, r); tag == "" && !strings.Contains(out, tc.want) {
				t.Errorf("%s:\n%s\nlacks %q", tc.sentences, out, tc.want)
			}
		}
	}
}
