// Package accept is what stands between a run's samples and a verdict that
// people can rely on. Data holds what was measured, arranged by combination
// and round; a Claim says what a scenario asks of it; the rules here decide
// what a claim may rest on and which test answers it; the answers stand in a
// Report, the ledger from which every output format and the exit code come.
//
// The package knows nothing of Gherkin: suites/steps turns sentences into
// claims.
package accept
