package steps

import (
	"fmt"
	"strings"
)

// Page returns the page that documents every sentence, in Markdown:
// features/STEPS.md. A test holds the file against it.
func Page() string {
	var b strings.Builder
	b.WriteString(`# The sentences of a feature

This page is generated from the step definitions in suites/steps; a test fails
when it is out of date. To write it anew:

    go test ./suites/steps -run TestPageOfStepsIsUpToDate -update

A scenario chooses variants and places, may state a condition, and claims
something. Each claim is judged for every variant in every place chosen:

    Feature: The product's budget
      Scenario: MobileNet answers in time
        Given the variant "Mobilenet PQ 32"
        And the backend "cpu1"
        Then its p90 latency is at most 31 ms

Below, [words] in brackets may be left out and | separates alternatives. The
words in capitals stand for:

| | |
|---|---|
| STATISTIC | mean, median or a percentile such as p90, p99.9; median when left out |
| QUANTITY | latency, execution time, network time, queueing time, opening time, first inference |
| BOUND | at most, at least, below (read as at most), above (read as at least) |
| TIME, ENERGY, SIZE, POWER | a number with its unit: 31 ms; 75 mJ or, for an EDP, 2.3 mJs; 4 kB; 0.91 W |
| PLACE | "BACKEND" for a local one, or offloading to "HOST" over "LINK" |
| AXIS | latency, energy, EDP, input size, parameters, layer fit, instructions, L1d loads |
`)
	group := ""
	for _, s := range Registry {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", s.Form, s.Doc)
		for line := range strings.SplitSeq(s.Example, "\n") {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	return b.String()
}
