package stats

import (
	"sort"

	"gonum.org/v1/gonum/mathext"
)

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

// countDecides reports whether k of n trials show, with an error of at most alpha, that a share is at
// most bound, or above it. It is the decision of clopperPearson's interval, without its inverse.
func countDecides(k, n, bound, alpha float64) bool {
	above := k < n && mathext.RegIncBeta(k+1, n-k, bound) < 1-alpha // the interval reaches beyond the bound
	below := k <= 0 || mathext.RegIncBeta(k, n-k+1, bound) >= alpha
	return !above && k < n || !below
}
