// Package summary is the one place that computes what a run says of a combination. Tables, formats,
// verdicts, precision and figures all use it, so a combination has one median, wherever it is shown.
//
//  1. A round says one figure of a quantity: a [results.Statistic] of its judged inferences. The
//     same figures stand in bench.txt.
//  2. [SeriesOf] collects the figures of a combination's rounds. Inferences that the machine
//     disturbed are left out, rounds of which nothing is left, too; requests that were lost and
//     retried count with all the time they took.
//  3. [Series.Typical] is the median over the rounds, with an interval: a typical round. Rounds are
//     independent, the inferences of a round are not, so nothing is judged on pooled inferences.
//  4. [Series.Pattern] says what the rounds show besides noise: a trend, correlation, two groups.
//  5. [Summarize] puts the figures of every combination of a run into a [Summary]. [Resolution] says
//     which difference of two combinations is too small for the run to show.
package summary
