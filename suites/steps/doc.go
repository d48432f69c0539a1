// Package steps is the language of the features: a registry of sentences, each
// a pattern, what it means, an example, and what it does. godog parses the
// features and runs the sentences; what they judge goes into a ledger of our
// own (accept.Report), since godog knows neither a third verdict nor a scenario
// that asked nothing.
//
//  1. Read finds the features and refuses what cannot be judged: an empty
//     folder, a file that does not parse, a scenario without sentences.
//  2. A dry pass runs every sentence without data. It finds the sentences that
//     are wrong before anything is measured, and which combinations are needed.
//  3. Accept judges a recorded run, or measures, judges, and measures on while
//     something is undecided and the budget lasts.
package steps
