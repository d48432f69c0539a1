// Package accept judges a run: it says whether claims such as "its p90 latency is at most 31 ms"
// hold for what was measured.
//
// The steps from a sentence to an exit code, with the types in order of use:
//
//  1. Read the features with package steps, which turns each sentence into values of this package.
//     Features holds Scenarios, a Scenario its Steps, and a Step its Assertions: a Claim and the
//     conditions under which the scenario makes it. A Claim is a limit (Limit, RoundsLimit,
//     ExceedingLimit, LossLimit, EnergyLimit, AgreementLimit, Crossing), a RelativeLimit, a
//     Comparison or a Speedup, or it is about several variants (Average, Most, Spread, Correlation).
//     It holds all that judging it takes, but for the samples.
//
//  2. Ask Features.Needs which combinations to measure, or read a recorded run with FromRun. Both
//     ways end in Data: blocks by combination and round.
//
//  3. Judge each claim with Claim.Judge, which takes one value per round (package summary) to a test
//     of package stats. It returns a Judgement: a Verdict, the value with its interval and origin,
//     and the reason if there is neither a pass nor a fail. Features.Judge does this for every
//     scenario and returns a Report.
//
//  4. Measure further while something is inconclusive. Run does so through a Measurer, and spends
//     the error rate of each claim over its Looks at the growing data.
//
//  5. Write the Report with Pretty, JUnit or Cucumber, and exit with its Code.
//
// The package knows nothing of Gherkin.
package accept
