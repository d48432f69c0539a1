package stats

import "fmt"

// A Spending divides the error of one judgement over several looks at growing data. If one measured
// until a test passes, every look would otherwise be one more chance of a wrong pass.
//
// Of at most K looks, the first may spend the share First of Alpha, and the others share the rest
// evenly: most judgements are clear, and the first look decides them with the fewest data if it is
// the sharpest. Among the others none is preferred, since nobody knows which will decide. By Boole's
// inequality the probability of any wrong answer over all
// looks is then at most Alpha, however the looks depend on each other, whenever one stops, and
// however much data comes between two looks. The price is power: the group-sequential boundaries of
// Lan and DeMets (Biometrika 70(3), 1983) are sharper, but hold only for statistics with independent
// increments, which medians and percentiles do not have.
type Spending struct {
	Alpha float64 // the error over all looks, on each side
	Looks int     // the largest number of looks
	First float64 // the share of Alpha that the first look may spend; 0 is as much as each other look
}

// At returns the error that look k, counted from 1, may spend. A look beyond the last is an error:
// nothing is left to spend.
func (s Spending) At(k int) (float64, error) {
	switch {
	case !(s.Alpha > 0 && s.Alpha < 1):
		return 0, fmt.Errorf("error %v to spend is not between 0 and 1", s.Alpha)
	case !(s.First >= 0 && s.First < 1):
		return 0, fmt.Errorf("the share %v of the first look is not from 0 to below 1", s.First)
	case k < 1 || k > s.Looks:
		return 0, fmt.Errorf("look %d of %d: its error is spent", k, s.Looks)
	case s.First == 0 || s.Looks == 1:
		return s.Alpha / float64(s.Looks), nil
	case k == 1:
		return s.First * s.Alpha, nil
	}
	return (1 - s.First) * s.Alpha / float64(s.Looks-1), nil
}
