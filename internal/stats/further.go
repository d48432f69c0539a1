package stats

import "sort"

// mostRounds bounds the estimates of further rounds: who needs more has a value that equals its
// limit for all practical purposes.
const mostRounds = 100_000

// furtherUntil returns how many further rounds than n decide, or Unknown if mostRounds do not.
// decided says whether a number of rounds like those seen decides.
func furtherUntil(n int, decided func(rounds int) bool) int {
	undecided, m := n, n+1
	for !decided(m) {
		if m-n > mostRounds {
			return Unknown
		}
		undecided, m = m, m+1+m/20
	}
	return undecided + 1 + sort.Search(m-undecided-1, func(i int) bool { return decided(undecided + 1 + i) }) - n
}
