// Package stats holds the statistics that verdicts are based on. It does not know runs or features:
// it takes numbers and returns answers. Tables, acceptance and the regression gate share it, so that
// a figure and a verdict mean the same everywhere.
//
// The round is the unit. Rounds are independent of each other; the samples of one round are not, so
// their number says nothing about how rounds differ. A function therefore takes one value per
// round, the round's statistic, in the order of the rounds. Numbers are in any unit, and a result is
// in the unit of its input. Each function says what its guarantee assumes, and docs/statistics.md
// shows what happens where the assumption fails. The steps in order of use:
//
//  1. Reduce each round to its statistic: [Median], a mean, or a percentile by [Quantile] if the
//     round has [LeastForPercentile] samples.
//  2. Estimate the typical round: [Typical] returns the median over rounds as an [Estimate] with its
//     [Interval]. [MedianInterval] and [QuantileInterval] are the order-statistic intervals behind
//     it. [PreciseEnough] says whether measuring can stop, by [RelativeWidth].
//  3. Look at the rounds: [DependenceOf] for rounds that depend on those before, which every
//     judgement of rounds takes into account; [ModesOf] for rounds that fall into two groups.
//  4. Judge a limit on one combination: [TypicalAtMost] and [TypicalAtLeast] for the typical round,
//     [ShareOfRoundsAtMost] and [ShareOfRoundsAtLeast] for those who fear the slow process,
//     [LossesAtMost] for lost requests, [ProportionAtMost] and [ProportionAtLeast] for a share of
//     independent trials. Each returns a [Result]: a [Decision], the estimate, its interval and how
//     many more rounds would decide.
//  5. Judge a comparison of two combinations, paired by round: [TypicalAtMost] on the log ratios of
//     the rounds, with a margin of at least the [Resolution] of the run. It claims the median of
//     the rounds' ratios. [PairedBelow], which is the test of [SignedRank], claims the centre of a
//     symmetric distribution: it is for the regression gate, where both sides are the same
//     combination, and no sentence uses it. [Pearson] and [Spearman] give a correlation with its
//     interval.
//  6. Account for several judgements. [Spending] divides the error of one judgement over repeated
//     looks at growing data; [Holm] adjusts the p-values of many comparisons.
//
// An error (alpha) is the largest probability of a wrong answer, on each side: of a pass that is
// wrong, and of a failure that is wrong.
package stats
