// Package stats holds the statistics on which verdicts rest. It knows nothing
// of runs or features: it takes numbers and returns answers, and each function
// says what its guarantee rests on. Acceptance and the regression gate share
// it, so that both mean the same by "pass".
package stats
