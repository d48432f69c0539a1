// Package stats holds the statistics that verdicts are based on. It does not know runs or features:
// it takes numbers and returns answers. Acceptance and the regression gate share it, so that "pass"
// means the same in both.
//
// Numbers are in any unit, and a result is in the unit of its input. Samples come in rounds, one
// slice per round. Rounds are independent of each other; samples of a round are correlated. Each
// function says what its guarantee assumes. The steps in order of use:
//
//  1. Describe. [Quantile] and [Median] are plain estimates. [RoundMedian] and [RoundQuantile]
//     estimate a typical latency and a percentile from rounds, with an [Interval].
//     [MedianInterval] and [QuantileInterval] are the order-statistic intervals behind them.
//  2. Measure enough. [PreciseEnough] says whether rounds can stop. [SamplesForPercentile] says how
//     many samples a percentile needs. Correlated samples are worth fewer independent ones, which
//     every interval over rounds takes into account.
//  3. Judge a limit on one combination: [RoundsAtMost] and [RoundsAtLeast] for a percentile,
//     [MeanAtMost] and [MeanAtLeast] for a mean, [ProportionAtMost] and [ProportionAtLeast] for a
//     share. Each returns a [Result]: a [Decision], the estimate, its interval and how much more
//     data would decide.
//  4. Judge a comparison of two combinations, paired by round: [PairedBelow], which is the test of
//     [SignedRank]. [Pearson] and [Spearman] give a correlation with its interval.
//  5. Account for several judgements. [Spending] divides the error of one judgement over repeated
//     looks at growing data; [Holm] adjusts the p-values of many comparisons.
//
// An error (alpha) is the largest probability of a wrong answer, on each side: of a pass that is
// wrong, and of a failure that is wrong.
package stats
