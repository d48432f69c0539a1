package steps

import (
	"fmt"
	"regexp"
	"strings"
)

// line matches as many words as fit a line of the page.
var line = regexp.MustCompile(`(.{1,80})(?: |$)`)

// Page returns the page that documents every sentence, in Markdown: features/STEPS.md. A test
// compares the file with it.
func Page() string {
	var b strings.Builder
	b.WriteString(`# The sentences of a feature

This page is generated from the registry in internal/accept/steps; a test fails
if it is out of date. To write it again:

    go test ./internal/accept/steps -run PageOfSentences -update

A scenario chooses variants and places, may state a condition, and claims
something. Each claim is judged for every variant at every place chosen:

    Feature: The product's budget
      Scenario: MobileNet answers in time
        Given the variant "Mobilenet PQ 32"
        And the backend "cpu1"
        Then its p90 latency is at most 31 ms

Below, [words] in brackets may be left out and | separates alternatives. The
words in capitals stand for:

| | |
|---|---|
| STATISTIC | mean, median or a percentile such as p90, p99.9; median if left out |
| QUANTITY | latency, execution time, network time, queueing time, opening time, first inference |
| BOUND | at most, at least, below (read as at most), above (read as at least) |
| TIME, ENERGY, SIZE, POWER | a number with its unit: 31 ms; 75 mJ or, for an EDP, 2.3 mJs; 4 kB; 0.91 W |
| SENTENCE | a sentence of this page, for each variant |
| PLACE | "BACKEND" for a local one, or offloading to "HOST" over "LINK" |
| AXIS | latency, energy, EDP, input size, parameters, depth, layer fit or a COUNTER |
| COUNTER | instructions, L1d loads, L1d misses, page faults |
`)
	group := ""
	for _, s := range Registry {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", s.Form, line.ReplaceAllString(s.Doc, "$1\n"))
		for example := range strings.SplitSeq(s.Example, "\n") {
			fmt.Fprintf(&b, "    %s\n", example)
		}
	}
	return b.String()
}
