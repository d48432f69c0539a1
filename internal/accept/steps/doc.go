// Package steps reads features: it turns their sentences into claims of package accept. It is the
// only package that knows Gherkin and godog.
//
//  1. Registry lists every sentence: its form for people, the pattern that matches it, what it
//     means, an example, and the function that reads it.
//
//  2. Read finds the features on disk or among those that are built in, and refuses what could not
//     judge anything: an empty folder, a file that does not parse, a scenario without sentences.
//
//  3. godog runs each scenario once. The functions of the registry note what the scenario chooses,
//     and add an accept.Assertion to its step for each claim. A sentence that is wrong is noted in
//     its step, with file and line.
//
//  4. The result, accept.Features, is judged without godog.
//
// Page writes features/STEPS.md from the registry.
package steps
