package stats

import "fmt"

// A Spending divides the error that one judgement may make over the looks at
// its data. Measuring on until a test passes would otherwise give as many
// chances to err as there are looks: 5 to 13 % wrong passes instead of 1 % for
// LoadGen's rule.
//
// Look k of at most K looks may spend
//
//	alpha(k) = Alpha * (1/k - 1/(k+1)) = Alpha / (k (k+1))   for k < K
//	alpha(K) = Alpha / K
//
// which sums to Alpha exactly, and gives all of it to a single look. Looks = 0
// stands for an unlimited number: the series 1/(k(k+1)) sums to 1 too. By
// Boole's inequality the chance of any wrong answer over all looks is then at
// most Alpha, whatever the dependence between looks and whenever one stops: it
// needs no assumption on how much data comes between them. The price is power;
// the group-sequential boundaries of Lan and DeMets (Biometrika 70(3), 1983)
// are sharper, but hold only for statistics with independent increments, which
// correlated samples do not give.
type Spending struct {
	Alpha float64 // the error over all looks, each side
	Looks int     // the most looks there will be; 0 for no bound
}

// At returns the error that look k, counted from 1, may spend. Looks beyond
// the last are refused: their error is spent.
func (s Spending) At(k int) (float64, error) {
	switch {
	case !(s.Alpha > 0 && s.Alpha < 1):
		return 0, fmt.Errorf("error %v to spend is not between 0 and 1", s.Alpha)
	case k < 1 || s.Looks < 0 || s.Looks > 0 && k > s.Looks:
		return 0, fmt.Errorf("look %d of %d: its error is spent", k, s.Looks)
	case k == s.Looks:
		return s.Alpha / float64(k), nil
	}
	return s.Alpha / (float64(k) * float64(k+1)), nil
}
